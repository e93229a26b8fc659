"""What is asked of the MediaWiki API, and what an answer holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from scrapy.http.response.text import TextResponse

from crawler.parsing.wikipage import Rights, WikiPage

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.parsing.listing import Member

__all__ = [
    "is_shut",
    "json_of",
    "members_query",
    "page_from",
    "page_query",
    "page_record",
    "rights_record",
    "site_query",
    "text_of",
]

_FORMAT: Final = {"format": "json", "formatversion": "2", "maxlag": "5"}
_BATCH: Final = "50"
_SHUT: Final = frozenset({400, 401, 403, 404, 405, 406, 410, 501})


def site_query(api: str) -> str:
    """Return the address that tells what wiki it is and under which licence."""
    query = {"action": "query", "meta": "siteinfo", "siprop": "general|rightsinfo|namespaces", **_FORMAT}
    return f"{api}?{urlencode(query)}"


def members_query(api: str, title: str, more: Mapping[str, str]) -> str:
    """Return the address of a part of a category.

    Args:
        api: Where the API is.
        title: Of the category.
        more: The ``continue`` of the part before.
    """
    query = {
        "action": "query",
        "generator": "categorymembers",
        "gcmtitle": f"Category:{title}",
        "gcmtype": "page|subcat",
        "gcmlimit": _BATCH,
        "prop": "info",
        "inprop": "url",
        **_FORMAT,
        **more,
    }
    return f"{api}?{urlencode(query)}"


def page_query(api: str, member: Member) -> str:
    """Return the address of a page, by its revision if that is known."""
    which = {"oldid": str(member.revision)} if member.revision else {"pageid": str(member.pageid)}
    query = {
        "action": "parse",
        **which,
        "prop": "text|revid|categories|properties",
        "disablelimitreport": "1",
        "disableeditsection": "1",
        "disabletoc": "1",
        **_FORMAT,
    }
    return f"{api}?{urlencode(query)}"


def is_shut(failure: Failure) -> bool:
    """Whether asking otherwise may help: the API is refused, by the site or by its robots.txt."""
    status = getattr(getattr(failure.value, "response", None), "status", None)
    return status in _SHUT or "robots.txt forbids" in str(failure.value)


def text_of(response: Response) -> str:
    """Return the text of an answer; empty if it is none."""
    return response.text if isinstance(response, TextResponse) else ""


def json_of(response: Response) -> Mapping[str, Any]:
    """Return the JSON object of an answer; empty if it is none."""
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def rights_record(rights: Rights) -> dict[str, str]:
    """Return rights as a queue on disk takes them."""
    return {"sitename": rights.sitename, "licence": rights.licence}


def page_record(page: WikiPage) -> dict[str, Any]:
    """Return a page as a queue on disk takes it."""
    return {
        "title": page.title,
        "url": page.url,
        "revision": page.revision,
        "html": page.html,
        "rights": rights_record(page.rights),
        "categories": list(page.categories),
        "namespace": page.namespace,
        "ambiguous": page.ambiguous,
    }


def page_from(record: Mapping[str, Any]) -> WikiPage:
    """Return the page that `page_record` wrote."""
    return WikiPage(**{**record, "rights": Rights(**record["rights"]), "categories": tuple(record["categories"])})
