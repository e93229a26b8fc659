"""Who knows whom: names found in the lines, ties between people, and pictures of them."""

from __future__ import annotations

from character_network.changes import change_sentences, rank_changes, tie_changes
from character_network.evidence import page_lines, tie_lines
from character_network.files import FORMATS, SavedNetwork, check_format, save_network
from character_network.generator import CharacterNetworkGenerator
from character_network.graph import NO_NAMES, check_kind, graph_from_edges
from character_network.measures import centrality, history
from character_network.mentions import NamedEntityRecognizer
from character_network.page import network_fragment, network_html, network_library
from character_network.picture_style import KIND_NAMES
from character_network.pronouns import pronoun_mentions
from character_network.suggest import Suggestion, suggest_cast
from character_network.suggest_file import suggest_series
from character_network.ties import DEFAULT_WINDOW, KINDS, build_edges, line_shares

__all__ = [
    "DEFAULT_WINDOW",
    "FORMATS",
    "KINDS",
    "KIND_NAMES",
    "NO_NAMES",
    "CharacterNetworkGenerator",
    "NamedEntityRecognizer",
    "SavedNetwork",
    "Suggestion",
    "build_edges",
    "centrality",
    "change_sentences",
    "check_format",
    "check_kind",
    "graph_from_edges",
    "history",
    "line_shares",
    "network_fragment",
    "network_html",
    "network_library",
    "page_lines",
    "pronoun_mentions",
    "rank_changes",
    "save_network",
    "suggest_cast",
    "suggest_series",
    "tie_changes",
    "tie_lines",
]
