"""What a crawl is to do, checked before anything is asked, and handed to the process that does it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args

from crawler.hosts import Site
from utils.environment import setting
from utils.errors import InputError

__all__ = ["CATEGORIES", "LIMIT", "Kind", "Plan", "contact_of", "make_plan"]

Kind = Literal["locations", "characters", "transcripts", "file"]
CATEGORIES: Final = {"locations": "Locations", "characters": "Characters", "transcripts": "Transcripts"}
"""The category that wikis usually have for each kind."""
LIMIT: Final = 2_000
"""Pages, unless the user says otherwise: a bound against wikis without end."""

_DELAY: Final = 1.0
_MOST_DELAY: Final = 3_600.0
_CONTACT: Final = re.compile(
    r"[^\s@()<>\"',;]+@[^\s@()<>\"',;]+\.[^\s@()<>\"',;]+|https?://[^\s()<>\"',;]+\.[^\s()<>\"',;]+"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A crawl.

    Attributes:
        kind: What is collected.
        site: Address of the wiki, or of the one file.
        categories: Titles without ``Category:``.
        contact: Mail or web address of whoever crawls, for the user agent.
        limit: Most pages.
        depth: Levels of subcategories that are followed.
        delay: Least seconds between two requests.
        permitted: Whether the user has the permission of a host that restricts crawling.
        folder: Where the crawl keeps what it needs to go on.
        refresh: Whether pages that were kept are asked for again.
        since: Answers that were kept before this moment, in seconds since 1970, do not count.
    """

    kind: Kind
    site: str
    categories: tuple[str, ...]
    contact: str
    folder: str
    limit: int = LIMIT
    depth: int = 3
    delay: float = _DELAY
    permitted: bool = False
    refresh: bool = False
    since: float = 0.0

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Plan:
        """Return the plan that `record` wrote."""
        known = {field.name: record[field.name] for field in fields(cls) if field.name in record}
        return cls(**{**known, "categories": tuple(known["categories"])})

    def record(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    @property
    def aim(self) -> dict[str, Any]:
        """What makes it the same crawl as another, which can therefore be gone on with."""
        return {"kind": self.kind, "site": self.site, "categories": list(self.categories), "depth": self.depth}


def contact_of(given: str | None) -> str:
    """Return how the site's operator reaches whoever crawls.

    Args:
        given: An option; without it ``HAWKINS_CONTACT`` counts, from the environment or ``.env``.

    Raises:
        InputError: If there is none, or it is neither a mail nor a web address.
    """
    found = given or setting("HAWKINS_CONTACT")
    if not found:
        raise InputError(
            "A crawler says who it is, so that a site can reach you: give --contact with your mail or web address, or"
            " set HAWKINS_CONTACT."
        )
    if len(found) > 200 or not found.isascii() or not found.isprintable() or not _CONTACT.fullmatch(found):
        raise InputError(
            f"The contact '{found[:60]}' is neither a mail nor a web address; write it like me@example.org."
        )
    return found


def make_plan(
    kind: Kind,
    site: str,
    *,
    folder: Path,
    contact: str | None,
    categories: Sequence[str] = (),
    limit: int = LIMIT,
    depth: int = 3,
    delay: float = _DELAY,
    permitted: bool = False,
    refresh: bool = False,
) -> Plan:
    """Check what the user asks for; nothing is written or asked.

    Raises:
        InputError: Naming the option that cannot be used.
    """
    if kind not in get_args(Kind):
        raise InputError(f"'{kind}' is nothing that is crawled; there are: {', '.join(CATEGORIES)}.")
    address = Site.read(site, permitted=permitted)
    _check_numbers(limit, depth, delay, local=address.is_local)
    titles = tuple(map(_category, categories)) or tuple(filter(None, [CATEGORIES.get(kind)]))
    return Plan(
        kind=kind,
        site=address.url,
        categories=titles,
        contact=contact_of(contact),
        folder=str(folder.absolute()),
        limit=limit,
        depth=depth,
        delay=delay,
        permitted=permitted,
        refresh=refresh,
    )


def _check_numbers(limit: int, depth: int, delay: float, *, local: bool) -> None:
    if not 1 <= limit <= 100_000:
        raise InputError(f"--limit {limit} is no number of pages; give one from 1 to 100000.")
    if not 0 <= depth <= 10:
        raise InputError(f"--depth {depth} is no number of levels; give one from 0 to 10.")
    if not 0 <= delay <= _MOST_DELAY or (delay < _DELAY and not local):
        raise InputError(
            f"--delay {delay:g} is not kind to a site; give at least {_DELAY:g} second and at most an hour."
        )


def _category(written: str) -> str:
    title = " ".join(written.replace("_", " ").split())
    if title.casefold().startswith("category:"):
        title = title.partition(":")[2].strip()
    if not title or len(title) > 255 or any(letter in "<>[]|{}#" or not letter.isprintable() for letter in title):
        raise InputError(f"'{written[:60]}' is no title of a category; give --category as it stands on the wiki.")
    return title
