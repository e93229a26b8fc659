"""The one class that people use: labels in, tables out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from theme_classifier.calibration import METHOD, calibrated
from theme_classifier.curves import episode_curves
from theme_classifier.heads import HEADS_FILE
from theme_classifier.labels import EVIDENCE, check_labels, theme_queries
from theme_classifier.passages import passages
from theme_classifier.saved import check_target, read_saved, write_saved
from theme_classifier.scenes import line_evidence, relative_scores, strengths
from theme_classifier.tiers import Measures, Tier, file_digests, open_tier
from theme_classifier.turns import speaking_turns, turn_table
from utils.artifacts import content_key, file_digest, table_digest
from utils.errors import InputError
from utils.models import Weights, find_weights
from utils.progress import Progress, silent
from utils.series import SeriesProfile, load_series
from utils.tables import EPISODE_KEYS, EPISODES, SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ThemeClassifier"]


class ThemeClassifier:
    """Scores themes in texts and scenes; nothing is loaded before the first text.

    Args:
        theme_list: Labels, any number from one. Those that the series' profile describes are looked for by its
            sentences, others by phrasings of the label; a plain encoder answers some by a trained head (`answers`).
        model: Folder of weights in the Hugging Face format: an NLI sequence classifier is used for zero-shot
            entailment, a plain encoder for similarity. None takes what `utils.models.find_weights` finds for
            ``themes``.
        series: Name or folder of a series, or its profile.

    Raises:
        InputError: If there are no labels, or one is blank, repeated or the name of a column.
    """

    def __init__(
        self,
        theme_list: Sequence[str],
        *,
        model: str | Path | None = None,
        series: str | Path | SeriesProfile = "stranger_things",
    ) -> None:
        self.labels = check_labels(theme_list)
        self._model = model
        self._series = series

    @cached_property
    def weights(self) -> Weights:
        """The weights that answer.

        Raises:
            InputError: If the given path does not exist.
            WeightsError: If none are installed.
        """
        return find_weights("themes", path=self._model)

    @cached_property
    def tier(self) -> Tier:
        """The way in which these weights measure themes."""
        return open_tier(self.weights.path, self._queries)

    @cached_property
    def _profile(self) -> SeriesProfile:
        return self._series if isinstance(self._series, SeriesProfile) else load_series(self._series)

    @cached_property
    def _queries(self) -> tuple[Any, ...]:
        return theme_queries(self.labels, self._profile)

    def answers(self) -> dict[str, str]:
        """Return how each label is answered: ``trained head``, ``similarity`` or ``zero-shot entailment``.

        Raises:
            InputError: If the given path of weights does not exist.
            WeightsError: If there are no weights that score themes.
        """
        return dict(zip(self.labels, self.tier.answers(), strict=True))

    def identity(self) -> dict[str, Any]:
        """Return what, besides the texts, decides the scores: JSON-serialisable, for `utils.artifacts.content_key`."""
        return {
            "method": METHOD,
            "themes": [asdict(query) for query in self._queries],
            "model": file_digests(self.weights.path),
            "heads": file_digest(HEADS_FILE),
        }

    def score(self, texts: Sequence[str], *, raw: bool = False, progress: Progress = silent) -> pd.DataFrame:
        """Score texts, each by itself.

        Args:
            texts: Any number. An encoder does not read what exceeds its window (256 tokens for the embedded one); an
                NLI classifier reads a long text window by window.
            raw: Return the model's own number instead of the calibrated one: the probability of entailment, a
                head's probability where every second text would show the theme, or the cosine.
            progress: Draws the bar.

        Returns:
            One row a text, one column a label, 0-1.

        Raises:
            InputError: If ``texts`` is a single string.
            WeightsError: If the weights cannot score themes.
        """
        import pandas as pd

        if isinstance(texts, str):
            raise InputError("The texts must be a list; write [text] for a single one.")
        measures = self.tier.measure(texts, progress=progress)
        return pd.DataFrame(
            measures.raw if raw else calibrated(measures.evidence, measures.curve), columns=list(self.labels)
        )

    def score_scenes(self, dialogue: pd.DataFrame, *, progress: Progress = silent) -> pd.DataFrame:
        """Score every scene, relative to the others (see `theme_classifier.scenes` for the formula).

        Args:
            dialogue: Needs ``season``, ``episode``, ``scene``, ``line`` and ``text``.
            progress: Draws the bars.

        Returns:
            The ``themes`` table: ``season``, ``episode``, ``scene``, one column a label (0-1) and one
            ``evidence_<label>`` each (number of the line that shows the theme most); sorted.

        Raises:
            InputError: If a column is missing or there are no lines.
            WeightsError: If the weights cannot score themes.
        """
        ordered = _ordered(dialogue)
        joined = passages(ordered)
        measures = self.tier.measure(joined["text"].tolist(), progress=progress)
        return self._scene_table(ordered, joined, measures, progress)

    def read(self, dialogue: pd.DataFrame, *, progress: Progress = silent) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Score every scene and everything that a speaker says in one go.

        Args:
            dialogue: Needs ``season``, ``episode``, ``scene``, ``line``, ``text``, ``start`` and ``speaker``.
            progress: Draws the bars.

        Returns:
            The ``themes`` table as `score_scenes` makes it, and the ``theme_turns`` table: one row a turn
            (`theme_classifier.turns.TURNS`), one column a label (0-1) and one ``raw_<label>`` each (0-1).

        Raises:
            InputError: If a column is missing or there are no lines.
            WeightsError: If the weights cannot score themes.
        """
        ordered = _ordered(dialogue)
        joined, turns = passages(ordered), speaking_turns(ordered)
        # Together, because where one person speaks at length both are the same texts, which are then measured once.
        both = self.tier.measure([*joined["text"], *turns["text"]], progress=progress)
        of_scenes, of_turns = both.parted(len(joined))
        return self._scene_table(ordered, joined, of_scenes, progress), turn_table(turns, self.labels, of_turns)

    def _scene_table(
        self, ordered: pd.DataFrame, joined: pd.DataFrame, measures: Measures, progress: Progress
    ) -> pd.DataFrame:
        import numpy as np

        evidence = measures.evidence
        scene, words = joined["scene_number"].to_numpy(), joined["words"].to_numpy()
        scores = relative_scores(
            strengths(evidence, words, scene), np.bincount(scene, weights=words).astype(np.float64)
        )
        rows = line_evidence(evidence, joined, ordered["text"].tolist(), self.tier, progress=progress)
        lines = ordered["line"].to_numpy(dtype=np.int64)[rows]
        table = ordered[list(SCENE_KEYS)].drop_duplicates(ignore_index=True)
        table[list(self.labels)] = scores
        table[[EVIDENCE + label for label in self.labels]] = lines
        return table

    def get_themes(
        self, dataset_path: str | Path, save_path: str | Path | None = None, *, progress: Progress = silent
    ) -> pd.DataFrame:
        """Score the episodes of a folder of subtitles, keeping the result.

        Args:
            dataset_path: A subtitle file or a folder of them.
            save_path: CSV file. It is read instead of computing only if it was made from the same lines, themes and
                model, which ``<save_path>.json`` beside it records; otherwise it is written anew.
            progress: Draws the bars.

        Returns:
            ``season``, ``episode``, ``script`` and one column a label: the mean over the episode's scenes, 0-1.

        Raises:
            InputError: If the subtitles cannot be read, or ``save_path`` cannot be written or holds something else.
            WeightsError: If the weights cannot score themes.
        """
        from utils.data_loader import episodes_table, load_dialogue

        target = None if save_path is None else check_target(Path(save_path))
        dialogue = load_dialogue(dataset_path, series=self._profile, progress=progress)
        key = content_key(dialogue=table_digest(dialogue.drop(columns="source")), **self.identity())
        saved = None if target is None else read_saved(target, key=key)
        if saved is not None:
            return saved
        curves = episode_curves(self.score_scenes(dialogue, progress=progress))
        table = episodes_table(dialogue).merge(curves, on=list(EPISODE_KEYS))[[*EPISODES, *self.labels]]
        if target is not None:
            write_saved(table, target, key=key)
        return table


def _ordered(dialogue: pd.DataFrame) -> pd.DataFrame:
    """The lines in the order in which they are spoken.

    Raises:
        InputError: If a column is missing or there are no lines.
    """
    require_columns(dialogue, (*SCENE_KEYS, "line", "text"), name="dialogue")
    if dialogue.empty:
        raise InputError("The dialogue table has no lines; there is nothing to score.")
    return dialogue.sort_values([*SCENE_KEYS, "line"], kind="stable", ignore_index=True)
