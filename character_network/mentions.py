"""Who is named in each line: the cast by pattern and context, others by spaCy where they recur."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from character_network.candidates import find_candidates, load_name_finder, promising
from character_network.families import family_hits
from character_network.lines import Line, episodes_of
from character_network.names import Hit, NameMatcher
from character_network.nicknames import learnt_names
from utils.artifacts import atomic_write, content_key, file_digest, prepare_folder, table_digest
from utils.models import find_weights
from utils.progress import Progress, silent
from utils.series import SeriesProfile, fold_name, load_series
from utils.tables import EPISODES, MENTIONS, require_columns

if TYPE_CHECKING:
    import pandas as pd
    from spacy.language import Language

__all__ = ["NamedEntityRecognizer"]

_VERSION = 3
"""Raised when the same inputs begin to give other mentions, so that kept results are made anew."""


class NamedEntityRecognizer:
    """Finds the people named in dialogue.

    Args:
        series: Name or folder of a series, or its profile.
        model: Folder of a spaCy pipeline, or a pipeline; None takes the best that is installed.
    """

    def __init__(
        self, *, series: str | Path | SeriesProfile = "stranger_things", model: str | Path | Language | None = None
    ) -> None:
        self._series = series
        self._model = model

    @cached_property
    def profile(self) -> SeriesProfile:
        """The series whose cast leads."""
        return self._series if isinstance(self._series, SeriesProfile) else load_series(self._series)

    @cached_property
    def _matcher(self) -> NameMatcher:
        return NameMatcher.from_series(self.profile)

    @cached_property
    def _finder(self) -> Language:
        if self._model is None or isinstance(self._model, (str, Path)):
            return load_name_finder(find_weights("names", path=self._model).path)
        return self._model

    def find(self, dialogue: pd.DataFrame, *, progress: Progress = silent) -> pd.DataFrame:
        """Return who is named where.

        Args:
            dialogue: At least ``season``, ``episode``, ``line``, ``text``. With ``scene`` and ``speaker``, more
                surnames that a family shares are told apart, and nicknames learnt that people give themselves.
            progress: Counts episodes.

        Returns:
            A mentions table in the order of the dialogue; ``begin`` and ``finish`` are character offsets in ``text``.

        Raises:
            InputError: If a column is missing.
            WeightsError: If lines need the name finder and none is installed.
        """
        import pandas as pd

        require_columns(dialogue, ("season", "episode", "line", "text"), name="dialogue")
        texts = dialogue["text"].fillna("").tolist()
        strangers = self.candidates(texts, progress=progress)
        matcher = self._matcher.extended({name: name for name in strangers})
        episodes = list(episodes_of(dialogue))
        rows = [
            (line.season, line.episode, line.line, hit.character, hit.surface, hit.begin, hit.finish)
            for lines in progress(episodes, description="Names", total=len(episodes))
            for line, hit in _hits(lines, matcher)
        ]
        numbers = dict.fromkeys(("season", "episode", "line", "begin", "finish"), "int64")
        return pd.DataFrame(rows, columns=list(MENTIONS)).astype({**numbers, "character": "str", "surface": "str"})

    def candidates(self, texts: list[str], *, progress: Progress = silent) -> dict[str, int]:
        """Return people beyond the cast that recur in the lines, with how often each is named.

        Args:
            texts: Spoken lines.
            progress: Counts lines that the model reads.
        """
        lines = promising(texts, matcher=self._matcher)
        if not lines:
            return {}
        refused = {fold_name(name) for name in (*self.profile.not_people, *self._place_names())}
        return find_candidates(lines, finder=self._finder, matcher=self._matcher, refused=refused, progress=progress)

    def _place_names(self) -> list[str]:
        return [name for place in self.profile.places for name in (place.name, *place.aliases)]

    def identity(self) -> dict[str, Any]:
        """Return what, besides the lines, decides the mentions, for `utils.artifacts.content_key`."""
        return {"series": self.profile.model_dump(mode="json"), "model": self._model_label(), "version": _VERSION}

    def get_ners(self, dataset_path: str | Path, save_path: str | Path | None = None) -> pd.DataFrame:
        """Return the names of every line of every episode, as the guide has it.

        Args:
            dataset_path: Folder of subtitles, or one file.
            save_path: A csv to keep the result in and to take it from while subtitles, series and model are the same.

        Returns:
            ``season``, ``episode``, ``script`` and ``ners``: a list a line of sorted lists of canonical names.
        """
        from utils.data_loader import load_subtitles_dataset

        episodes = load_subtitles_dataset(dataset_path)
        if save_path is None:
            return self.add_names(episodes)
        path = Path(save_path)
        prepare_folder(path.parent)
        key = content_key(episodes=table_digest(episodes), **self.identity())
        kept = _read_kept(path, key=key)
        return self._keep(self.add_names(episodes), path, key=key) if kept is None else kept

    def add_names(self, episodes: pd.DataFrame) -> pd.DataFrame:
        """Return the episodes table with a column ``ners``: a list a line of ``script`` of the sorted names in it.

        Raises:
            InputError: If a column is missing.
        """
        import pandas as pd

        require_columns(episodes, EPISODES, name="episodes")
        lines = episodes.assign(text=episodes["script"].str.split("\n")).explode("text", ignore_index=True)
        lines["line"] = lines.groupby(["season", "episode"]).cumcount()
        named = (
            self.find(lines).groupby(["season", "episode", "line"])["character"].agg(lambda names: sorted(set(names)))
        )
        keys = zip(lines["season"], lines["episode"], lines["line"], strict=True)
        by_episode: dict[tuple[int, int], list[list[str]]] = {}
        for season, episode, line in keys:
            by_episode.setdefault((season, episode), []).append(named.get((season, episode, line), []))
        ners = [by_episode[key] for key in zip(episodes["season"], episodes["episode"], strict=True)]
        return episodes.assign(ners=pd.Series(ners, index=episodes.index, dtype=object))

    def _model_label(self) -> str:
        if self._model is None or isinstance(self._model, (str, Path)):
            return find_weights("names", path=self._model).label
        return "{lang}_{name} {version}".format_map(self._model.meta)

    @staticmethod
    def _keep(table: pd.DataFrame, path: Path, *, key: str) -> pd.DataFrame:
        written = table.assign(ners=[json.dumps(names, ensure_ascii=False) for names in table["ners"]])
        atomic_write(path, lambda temporary: written.to_csv(temporary, index=False))
        seal = content_key(made_from=key, file=file_digest(path))
        atomic_write(_seal_path(path), lambda temporary: temporary.write_text(seal, encoding="ascii"))
        return table


def _hits(lines: Sequence[Line], matcher: NameMatcher) -> Iterator[tuple[Line, Hit]]:
    """Yield the names of an episode line by line: those known, those that it explains, surnames of families."""
    learnt = learnt_names(lines, matcher)
    matcher = matcher.extended(learnt) if learnt else matcher
    found = [matcher.find(line.text) for line in lines]
    for line, own, family in zip(lines, found, family_hits(lines, found, matcher), strict=True):
        further = [hit for hit in family if not any(hit.begin < o.finish and o.begin < hit.finish for o in own)]
        yield from ((line, hit) for hit in sorted([*own, *further], key=lambda hit: hit.begin))


def _seal_path(path: Path) -> Path:
    return path.with_name(path.name + ".key")


def _read_kept(path: Path, *, key: str) -> pd.DataFrame | None:
    """Return the kept table if its seal fits both what it would be made from and the file's own bytes."""
    import pandas as pd

    if not (path.is_file() and _seal_path(path).is_file()):
        return None
    if _seal_path(path).read_text(encoding="ascii") != content_key(made_from=key, file=file_digest(path)):
        return None
    table = pd.read_csv(path, keep_default_na=False).astype({"script": "string"})
    return table.assign(ners=pd.Series([json.loads(names) for names in table["ners"]], dtype=object))
