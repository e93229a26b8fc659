"""What changed since the episode before: ties that are new or gone, and who came to the centre."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from character_network.graph import episodes_of, of_kind
from character_network.measures import history
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["change_sentences", "rank_changes", "risen", "tie_changes"]

LEAST: Final = 3.0
"""Weight below which a tie is too thin for its coming and going to mean anything."""
CENTRE: Final = 5
"""How many people are the centre of an episode."""
_NAMED: Final = 3


def tie_changes(edges: pd.DataFrame, *, kind: str = "together", least: float = LEAST) -> pd.DataFrame:
    """Return the ties that each episode brings, and those of the episode before that it lacks.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.
        least: Weight in one episode from which a tie counts.

    Returns:
        ``season``, ``episode``, ``change`` (``new``: in no episode before; ``gone``: in the episode before and not in
        this one), ``source``, ``target`` and ``weight`` (of this episode, or of the one before), by falling weight. The
        first episode has nothing to be compared with.

    Raises:
        InputError: If a column is missing, the kind is unknown, or there is no such tie.
    """
    import pandas as pd

    ties = of_kind(edges, kind)
    weights = ties.pivot_table(index=["source", "target"], columns=list(EPISODE_KEYS), values="weight", aggfunc="sum")
    weights = weights.fillna(0.0)
    # Only columns that exist can be compared: an episode without any tie of the kind is passed over.
    seen = weights.cumsum(axis=1)
    parts = []
    for before, after in pairwise(weights.columns):
        now, last = weights[after], weights[before]
        new, gone = now[(now >= least) & (seen[before] == 0)], last[(last >= least) & (now == 0)]
        for change, found in (("new", new), ("gone", gone)):
            table = found.rename("weight").reset_index()
            parts.append(table.assign(season=after[0], episode=after[1], change=change))
    columns = [*EPISODE_KEYS, "change", "source", "target", "weight"]
    if not parts:
        return pd.DataFrame(columns=columns)
    changes = pd.concat(parts, ignore_index=True)[columns]
    order = [*EPISODE_KEYS, "change", "weight", "source", "target"]
    ascending = [True, True, False, False, True, True]
    return changes.sort_values(order, ascending=ascending, ignore_index=True)


def rank_changes(edges: pd.DataFrame, *, kind: str = "together") -> pd.DataFrame:
    """Return each person's rank by weighted degree in every episode but the first, beside that in the one before.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.

    Returns:
        ``season``, ``episode``, ``rank``, ``character``, ``before`` (NA for somebody who was not there).

    Raises:
        InputError: If a column is missing, the kind is unknown, or there is no such tie.
    """
    import pandas as pd

    ranks = history(edges, kind=kind, only=True)[[*EPISODE_KEYS, "rank", "character"]]
    episodes = episodes_of(ranks)
    # The ranks of each episode, as they look from the one behind it.
    steps = pd.DataFrame(
        [(*one, *other) for one, other in pairwise(episodes)],
        columns=[*EPISODE_KEYS, "season_after", "episode_after"],
    )
    earlier = ranks.rename(columns={"rank": "before"}).merge(steps, on=list(EPISODE_KEYS)).drop(columns=[*EPISODE_KEYS])
    earlier = earlier.rename(columns={"season_after": "season", "episode_after": "episode"})
    keys = [*EPISODE_KEYS, "character"]
    found = ranks.merge(earlier[[*keys, "before"]], on=keys, how="left").astype({"before": "Int64"})
    first = episodes[0]
    return found[(found["season"] != first.season) | (found["episode"] != first.episode)].reset_index(drop=True)


def risen(edges: pd.DataFrame, *, kind: str = "together") -> pd.DataFrame:
    """Return those rows of `rank_changes` that bring somebody among the five most central.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.

    Raises:
        InputError: If a column is missing, the kind is unknown, or there is no such tie.
    """
    ranks = rank_changes(edges, kind=kind)
    return ranks[(ranks["rank"] <= CENTRE) & ~(ranks["before"] <= CENTRE).fillna(value=False)].reset_index(drop=True)


def change_sentences(edges: pd.DataFrame, *, kind: str = "together") -> dict[Episode, str]:
    """Return one sentence on each episode but the first: its new ties, those that are gone, who came to the centre.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.

    Raises:
        InputError: If a column is missing, the kind is unknown, or there is no such tie.
    """
    ties, came = tie_changes(edges, kind=kind), risen(edges, kind=kind)
    return {
        episode: _sentence(_of(ties, episode), _of(came, episode), " and " if kind == "together" else " → ")
        for episode in episodes_of(of_kind(edges, kind))[1:]
    }


def _of(table: pd.DataFrame, episode: Episode) -> pd.DataFrame:
    return table[(table["season"] == episode.season) & (table["episode"] == episode.episode)]


def _sentence(ties: pd.DataFrame, came: pd.DataFrame, joint: str) -> str:
    parts = []
    for change, words in (("new", "New: "), ("gone", "gone: ")):
        found = ties[ties["change"] == change]
        pairs = [source + joint + target for source, target in zip(found["source"], found["target"], strict=True)]
        parts.append(words + ", ".join(pairs[:_NAMED]) + _more(len(pairs)) if pairs else words + "none")
    people = zip(came["character"], came["rank"], came["before"].fillna(0), strict=True)
    names = ", ".join(
        f"{name} (rank {rank}, {f'before {before}' if before else 'not there before'})" for name, rank, before in people
    )
    return "; ".join([*parts, f"came to the centre: {names}" if names else "the same people at the centre"]) + "."


def _more(pairs: int) -> str:
    return f" and {pairs - _NAMED} more" if pairs > _NAMED else ""
