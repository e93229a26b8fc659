"""Collecting places, people and transcripts from a wiki that allows it, and dialogue that others publish."""

from crawler.crawl import Crawled, crawl
from crawler.dialogue import Dialogue, keep_dialogue
from crawler.hosts import RESTRICTED, Site
from crawler.keeping import Folder
from crawler.plan import CATEGORIES, LIMIT, Plan, make_plan
from crawler.process import Interrupted, Step

__all__ = [
    "CATEGORIES",
    "LIMIT",
    "RESTRICTED",
    "Crawled",
    "Dialogue",
    "Folder",
    "Interrupted",
    "Plan",
    "Site",
    "Step",
    "crawl",
    "keep_dialogue",
    "make_plan",
]
