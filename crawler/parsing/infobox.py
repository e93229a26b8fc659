"""The box of facts at the side of a wiki page: portable infoboxes and tables alike."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from crawler.parsing.cleaning import one_line, text_of

__all__ = ["field", "infobox", "values"]

_LINE_ENDS: Final = frozenset({"br", "li", "p", "div", "dd", "dt", "tr"})
_FOOTNOTE_CLASSES: Final = ("reference", "mw-editsection", "noprint")


def infobox(root: Any) -> dict[str, list[str]]:
    """Return the fields of the first infobox: label or name of the source in lower case, and its values.

    Args:
        root: An article from `parse_html`, before `clean`. A box that is broken gives what can be read of it.
    """
    found: dict[str, list[str]] = {}
    for names, node in _rows(root):
        cells = values(node)
        for name in names:
            if name and cells and name not in found:
                found[name] = cells
    return found


def _rows(root: Any) -> Iterator[tuple[list[str], Any]]:
    boxes = root.xpath(
        "(//table[contains(@class, 'infobox')]"
        " | //div[contains(@class, 'infobox') and not(ancestor::table) and .//*[contains(@class, 'pi-data')]])[1]"
    )
    for box in boxes:
        yield from _portable(box)
        yield from _tabular(box)


def _portable(box: Any) -> Iterator[tuple[list[str], Any]]:
    # https://www.mediawiki.org/wiki/Extension:PortableInfobox
    for item in box.xpath(".//*[contains(concat(' ', @class, ' '), ' pi-data ')]"):
        label = item.xpath(".//*[contains(@class, 'pi-data-label')]")
        value = item.xpath(".//*[contains(@class, 'pi-data-value')]")
        if value:
            yield [_name(text_of(label[0])) if label else "", _name(item.get("data-source") or "")], value[0]
    for cell in box.xpath(".//td[@data-source] | .//*[contains(@class, 'pi-smart-data-value')][@data-source]"):
        yield [_name(cell.get("data-source"))], cell


def _tabular(box: Any) -> Iterator[tuple[list[str], Any]]:
    for row in box.xpath(".//tr[th and td]"):
        yield [_name(text_of(row.find("th")))], row.find("td")
    for row in box.xpath(".//tr[not(th)][count(td) = 2][not(td[@data-source])]"):
        yield [_name(text_of(row.findall("td")[0]))], row.findall("td")[1]


def _name(written: str) -> str:
    """A label as it is looked up: of "Nickname(s):" nickname."""
    return re.sub(r"\s*\(e?s\)$", "", " ".join(written.casefold().replace("_", " ").strip(" :").split()))


def values(node: Any) -> list[str]:
    """Return the values that stand in a cell, parted where a line or a list item ends, each once."""
    cell = copy.deepcopy(node)
    cell.tail = None
    for inner in list(cell.iter()):
        if not isinstance(inner.tag, str):
            continue
        classes = (inner.get("class") or "").split()
        if inner is not cell and (inner.tag in {"sup", "style", "script"} or set(classes) & set(_FOOTNOTE_CLASSES)):
            inner.drop_tree()
        elif inner.tag in _LINE_ENDS and inner is not cell:
            inner.text = f"\n{inner.text or ''}"
            inner.tail = f"\n{inner.tail or ''}"
    lines = (re.sub(r"\[\s*(?:\d{0,3}|[a-z])\s*\]", "", line) for line in cell.text_content().split("\n"))
    return list(dict.fromkeys(filter(None, (one_line(line).strip(" ,;•·") for line in lines))))


def field(fields: Mapping[str, list[str]], *names: str) -> list[str]:
    """Return the values of the first of some names that the box has."""
    return next((fields[name] for name in names if fields.get(name)), [])
