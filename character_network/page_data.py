"""The network over the episodes as plain data for the page's script, small enough to travel inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from character_network.changes import risen, tie_changes
from character_network.picture import MOST_TIES, TIES_EACH, Picture
from character_network.picture_style import COLOURS, KIND_NAMES, OTHERS, TITLES, UNITS
from utils.reading.timecodes import timecode

if TYPE_CHECKING:
    import pandas as pd

    from utils.episodes import Episode

__all__ = ["page_data"]

MOST_LINES: Final = 12_000
"""Lines that a page carries at most: the strongest of each tie and episode before the second strongest of any."""
_CHANGES: Final = 6


def page_data(picture: Picture, lines: pd.DataFrame | None) -> dict[str, Any]:
    """Return what `assets/network.js` reads: people by their place in ``people``, episodes by theirs in ``episodes``.

    Args:
        picture: What is shown.
        lines: The lines behind the ties, from `character_network.evidence`; None for none.
    """
    place = {person: number for number, person in enumerate(picture.people)}
    step = {episode: number for number, episode in enumerate(picture.episodes)}
    spoken, behind = _lines(lines, place, step)
    return {
        "episodes": [str(episode) for episode in picture.episodes],
        "people": [{"name": name, "x": picture.spots[name][0], "y": picture.spots[name][1]} for name in picture.people],
        "kinds": {
            kind: {
                "name": KIND_NAMES[kind],
                "title": TITLES[kind],
                "unit": UNITS[kind],
                "directed": kind != "together",
                "ties": _ties(picture.edges[picture.edges["kind"] == kind], place, step),
                "until": _moments(picture.until[kind], place, step),
                "alone": _moments(picture.alone[kind], place, step),
                "changes": _changes(picture.edges, kind, place, step),
                "lines": behind.get(kind, {}),
            }
            for kind in picture.kinds
        },
        "lines": spoken,
        "colours": [*COLOURS, OTHERS],
        "most": MOST_TIES,
        "each": TIES_EACH,
        "everybody": picture.everybody,
    }


_Steps = dict["Episode", int]


def _numbered(table: pd.DataFrame, step: _Steps) -> list[int]:
    """The place of each row's episode."""
    return [step[episode] for episode in zip(table["season"], table["episode"], strict=True)]  # type: ignore[index]


def _ties(edges: pd.DataFrame, place: dict[str, int], step: _Steps) -> list[list[Any]]:
    """``[source, target, [episode, weight, episode, weight, ...]]`` of every tie among those shown."""
    ties: dict[tuple[int, int], list[float]] = {}
    rows = zip(edges["source"], edges["target"], _numbered(edges, step), edges["weight"], strict=True)
    for source, target, number, weight in rows:
        if source in place and target in place:
            ties.setdefault((place[source], place[target]), []).extend((number, round(weight, 2)))
    return [[*pair, weights] for pair, weights in ties.items()]


def _moments(history: pd.DataFrame, place: dict[str, int], step: _Steps) -> list[list[list[float]]]:
    """For each episode ``[person, rank, weighted degree, betweenness, community]`` of those shown, by rank."""
    moments: list[list[list[float]]] = [[] for _ in step]
    columns = ["character", "rank", "weighted_degree", "betweenness", "community"]
    rows = zip(_numbered(history, step), *(history[name].tolist() for name in columns), strict=True)
    for number, person, rank, degree, between, community in rows:
        if person in place:
            moments[number].append([place[person], rank, round(degree, 1), round(between, 3), community])
    return moments


def _changes(edges: pd.DataFrame, kind: str, place: dict[str, int], step: _Steps) -> list[dict[str, list[Any]]]:
    """For each episode the strongest ties that are ``new`` and ``gone``, and who ``rose`` into the centre."""
    found: list[dict[str, list[Any]]] = [{"new": [], "gone": [], "rose": []} for _ in step]
    ties = tie_changes(edges, kind=kind)
    for number, change, one, other in zip(
        _numbered(ties, step), ties["change"], ties["source"], ties["target"], strict=True
    ):
        if one in place and other in place and len(found[number][change]) < _CHANGES:
            found[number][change].append([place[one], place[other]])
    came = risen(edges, kind=kind)
    for number, person, rank, before in zip(
        _numbered(came, step), came["character"], came["rank"].tolist(), came["before"].fillna(0), strict=True
    ):
        if person in place:
            found[number]["rose"].append([place[person], rank, int(before)])
    return found


def _lines(
    lines: pd.DataFrame | None, place: dict[str, int], step: _Steps
) -> tuple[list[list[Any]], dict[str, dict[str, list[int]]]]:
    """Every line once as ``[episode, when, speaker, text]``, and the places of those behind each kind and tie."""
    spoken: dict[tuple[int, int], int] = {}
    texts: list[list[Any]] = []
    behind: dict[str, dict[str, list[int]]] = {}
    if lines is None or lines.empty:
        return texts, behind
    kept = _fair(lines[lines["source"].isin(place) & lines["target"].isin(place)])
    whose = kept["speaker"].astype(object).where(kept["speaker"].notna(), "")
    columns = [kept[name].tolist() for name in ("source", "target", "kind", "line", "start", "text")]
    for number, speaker, source, target, kind, line, start, text in zip(
        _numbered(kept, step), whose, *columns, strict=True
    ):
        if (number, line) not in spoken:
            spoken[number, line] = len(texts)
            texts.append([number, timecode(start) or f"line {line}", speaker, text])
        tie = f"{place[source]}-{place[target]}"
        behind.setdefault(kind, {}).setdefault(tie, []).append(spoken[number, line])
    return texts, behind


def _fair(lines: pd.DataFrame) -> pd.DataFrame:
    """Keep at most `MOST_LINES`, each tie's and episode's strongest before any second strongest; the order stays."""
    rank = lines.groupby(["source", "target", "kind", "season", "episode"], sort=False).cumcount()
    order = rank.sort_values(kind="stable").index
    return lines.loc[order[:MOST_LINES].sort_values()]
