"""The entailment tier: zero-shot classification with a natural language inference model.

After Yin, Hay and Roth 2019 (https://arxiv.org/abs/1909.00161), with the numbers of
``transformers.pipeline("zero-shot-classification", multi_label=True)``: each text is a premise, each theme's sentence a
hypothesis, and the raw score is the softmax over contradiction and entailment alone. A text that exceeds the model's
window counts as its strongest window: it shows a theme if any part of it does. The pipeline would cut it.

Repeated texts are computed once, pairs of similar length share a batch, and every score is kept (see
`theme_classifier.kept_scores`), so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from theme_classifier.background import NEUTRAL_LINES
from theme_classifier.calibration import logistic
from theme_classifier.kept_scores import KeptScores, open_scores, score_key, user_scores
from theme_classifier.labels import ThemeQuery
from theme_classifier.nli import NliModel
from theme_classifier.pairs import Pair
from theme_classifier.tiers import Measures, file_digests
from utils.artifacts import content_key
from utils.embeddings import batches_by_length
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EntailmentTier"]

# Entailment is slow: a sample of the neutral lines gives mean and deviation well enough.
_NEUTRAL: Final = NEUTRAL_LINES[::7]
# Batches after which scores are written; on two cores a batch of a large model takes one to three seconds.
_SAVED_EVERY: Final = 8
# Part of every key: raise it when the same pair gets another number.
_METHOD: Final = 1


class EntailmentTier:
    """Themes by entailment; see the module for the formula.

    Args:
        path: Folder of an NLI sequence classifier (config, tokenizer, safetensors); loaded on first use.
        queries: The themes.
        half: Whether to compute in 16 bits; None does where the device multiplies them natively.
        device: ``cpu`` or ``cuda``; None takes the better one.
        kept: File of the scores that are kept; None takes the one in the user's cache.
    """

    name = "zero-shot entailment"

    def __init__(
        self,
        path: Path,
        queries: Sequence[ThemeQuery],
        *,
        half: bool | None = None,
        device: str | None = None,
        kept: Path | None = None,
    ) -> None:
        self.path = path
        self._hypotheses = tuple(query.hypothesis for query in queries)
        self._nli = NliModel(path, half=half, device=device)
        self._kept = kept

    @cached_property
    def _identity(self) -> str:
        """Stands for everything but hypothesis and text that decides a score."""
        return content_key(model=file_digests(self.path), dtype=str(self._nli.dtype), method=_METHOD)

    @cached_property
    def _neutral(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each theme's logit over neutral speech."""
        import numpy as np

        logits = self._logits(_NEUTRAL, silent)
        return logits.mean(axis=0), np.maximum(logits.std(axis=0), 1e-6)

    def answers(self) -> tuple[str, ...]:
        """Return how each theme is answered: all alike."""
        return (self.name,) * len(self._hypotheses)

    def measure(self, texts: Sequence[str], *, progress: Progress = silent) -> Measures:
        """Measure every theme in every text.

        Args:
            texts: Any number; repeated texts, and pairs whose scores are kept, cost nothing.
            progress: Draws the bar.

        Returns:
            The pipeline's probability as the raw number, and its logit, standardised, as the evidence.

        Raises:
            InputError: If the file of kept scores cannot be used.
            WeightsError: If the folder holds no NLI model.
        """
        logits = self._logits(texts, progress)
        mean, deviation = self._neutral
        return Measures(raw=logistic(logits), evidence=(logits - mean) / deviation)

    def _logits(self, texts: Sequence[str], progress: Progress) -> NDArray[np.float64]:
        """Entailment less contradiction, shape (texts, themes)."""
        import numpy as np

        unique = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        keys = [score_key(self._identity, hypothesis, text) for text in unique for hypothesis in self._hypotheses]
        if not keys:
            return np.empty((0, len(self._hypotheses)))
        with open_scores(self._kept or user_scores()) as kept:
            known = kept.get(keys)
            margins = np.array([known.get(key, np.nan) for key in keys])
            self._compute(list(unique), keys, margins, kept, progress)
        return margins.reshape(len(unique), -1)[[unique[text] for text in texts]]

    def _compute(
        self,
        texts: Sequence[str],
        keys: Sequence[bytes],
        margins: NDArray[np.float64],
        kept: KeptScores,
        progress: Progress,
    ) -> None:
        """Fill in the margins that are NaN, and keep them.

        Args:
            texts: The premises.
            keys: One for each premise and hypothesis, hypotheses varying fastest.
            margins: Likewise; written to.
            kept: Takes them.
            progress: Draws the bar.
        """
        import numpy as np

        pairs = self._pairs(texts, np.flatnonzero(np.isnan(margins)).tolist())
        waiting = np.bincount([pair.target for pair in pairs], minlength=len(keys))
        batches = list(batches_by_length([len(pair) for pair in pairs], budget=self._nli.budget)) if pairs else []
        for number, batch in enumerate(progress(batches, description="Testing entailment"), start=1):
            chosen = [pairs[index] for index in batch]
            targets = [pair.target for pair in chosen]
            # fmax takes the number where the other is NaN: the first window.
            np.fmax.at(margins, targets, self._nli.margins(chosen))
            np.subtract.at(waiting, targets, 1)
            kept.put((keys[target], float(margins[target])) for target in set(targets) if not waiting[target])
            if number % _SAVED_EVERY == 0:
                kept.save()

    def _pairs(self, texts: Sequence[str], targets: Sequence[int]) -> list[Pair]:
        """Tokenise the texts and hypotheses of these scores, each once."""
        if not targets:
            return []
        encoder, themes = self._nli.encoder, len(self._hypotheses)
        wanted = sorted({target // themes for target in targets})
        premises = dict(zip(wanted, encoder.tokenise([texts[index] for index in wanted]), strict=True))
        hypotheses = encoder.tokenise(self._hypotheses)
        return [
            pair
            for target in targets
            for pair in encoder.windowed(target, premises[target // themes], hypotheses[target % themes])
        ]
