"""The entailment tier: zero-shot classification with a natural language inference model.

After Yin, Hay and Roth 2019 (https://arxiv.org/abs/1909.00161), with the numbers of
``transformers.pipeline("zero-shot-classification", multi_label=True)``: each text is a premise, each theme's sentence a
hypothesis, and the raw score is the softmax over contradiction and entailment alone. Repeated texts are computed once,
batches are made of pairs of similar length, and bfloat16 is used where the processor multiplies it natively.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from theme_classifier.background import NEUTRAL_LINES
from theme_classifier.calibration import logistic
from theme_classifier.labels import ThemeQuery
from theme_classifier.tiers import Measures, entailment_id, read_config
from utils.embeddings import batches_by_length, cpu_has_bf16
from utils.errors import WeightsError
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EntailmentTier"]

# Entailment is slow: a sample of the neutral lines gives mean and deviation well enough.
_NEUTRAL: Final = NEUTRAL_LINES[::7]
_BUDGET: Final = 2048


class EntailmentTier:
    """Themes by entailment; see the module for the formula.

    Args:
        path: Folder of an NLI sequence classifier (config, tokenizer, safetensors); loaded on first use.
        queries: The themes.
        bf16: Whether to compute in bfloat16; None does where the processor has it.
    """

    name = "zero-shot entailment"

    def __init__(self, path: Path, queries: Sequence[ThemeQuery], *, bf16: bool | None = None) -> None:
        self.path = path
        self._hypotheses = tuple(query.hypothesis for query in queries)
        self._bf16 = bf16

    @cached_property
    def _classes(self) -> tuple[int, int]:
        """Numbers of the classes that mean contradiction and entailment."""
        config = read_config(self.path)
        entailment = entailment_id(config)
        if entailment is None:
            raise WeightsError(f"{self.path} has no entailment class; give an NLI model.")
        names = {int(number): str(name).lower() for number, name in config["id2label"].items()}
        against = [number for number, name in names.items() if name.startswith(("contra", "not_entail", "non_entail"))]
        # Where nothing is named so, the pipeline takes the class at the other end.
        return (against[0] if against else (max(names) if entailment == 0 else 0)), entailment

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        from safetensors import SafetensorError
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.path, local_files_only=True)
            model = AutoModelForSequenceClassification.from_pretrained(
                self.path, local_files_only=True, use_safetensors=True
            )
        except (OSError, ValueError, SafetensorError) as error:
            raise WeightsError(f"{self.path} holds no NLI model: {str(error).splitlines()[0]}") from None
        return tokenizer, model.eval()

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
        """Measure every theme in every text; a text longer than the model's window is cut.

        Args:
            texts: Any number.
            progress: Draws the bar.

        Returns:
            The pipeline's probability as the raw number, and its logit, standardised, as the evidence.
        """
        logits = self._logits(texts, progress)
        mean, deviation = self._neutral
        return Measures(raw=logistic(logits), evidence=(logits - mean) / deviation)

    def _logits(self, texts: Sequence[str], progress: Progress) -> NDArray[np.float64]:
        """Entailment less contradiction, shape (texts, themes)."""
        import numpy as np

        unique = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        pairs = [(text, hypothesis) for text in unique for hypothesis in self._hypotheses]
        found = np.empty(len(pairs), dtype=np.float64)
        if pairs:
            tokenizer, _ = self._loaded
            encoded = tokenizer(*map(list, zip(*pairs, strict=True)), truncation="only_first")
            batches = list(batches_by_length([len(ids) for ids in encoded["input_ids"]], budget=_BUDGET))
            for batch in progress(batches, description="Testing entailment"):
                rows = {name: [values[index] for index in batch] for name, values in encoded.items()}
                found[batch] = self._run(tokenizer.pad(rows, return_tensors="pt"))
        return found.reshape(len(unique), len(self._hypotheses))[[unique[text] for text in texts]]

    def _run(self, batch: Any) -> NDArray[np.float64]:
        import numpy as np
        import torch

        contradiction, entailment = self._classes
        enabled = cpu_has_bf16() if self._bf16 is None else self._bf16
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            logits = self._loaded[1](**batch).logits.float().numpy().astype(np.float64)
        margin: NDArray[np.float64] = logits[:, entailment] - logits[:, contradiction]
        return margin
