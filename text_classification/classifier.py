"""What kind of place a description speaks of: trained on labelled descriptions, then asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from text_classification.card import model_card
from text_classification.examples import Examples, read_examples
from text_classification.settings import TrainingSettings
from text_classification.storage import read_record, replace_folder, require_trained
from utils.artifacts import content_key, file_digest, prepare_folder
from utils.errors import InputError
from utils.models import Weights, find_weights
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from text_classification.metrics import Metrics
    from text_classification.network import Network

__all__ = ["LocationClassifier", "LocationPrediction"]

_WORD: Final = re.compile(r"[^\W\d_][\w'’-]+")
_MOST_WORDS: Final = 5
# Longer texts are explained by their first words only: every word costs a pass.
_MOST_TRIED: Final = 64


@dataclass(frozen=True, kw_only=True)
class LocationPrediction:
    """The class of a text.

    Attributes:
        label: The likeliest class.
        probability: Its probability, 0 to 1, uncalibrated.
        probabilities: Of every class; they sum to 1.
        words: The words without which the label would be less probable, the weightiest first; empty unless explained.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.label


class LocationClassifier:
    """Fine-tunes an encoder on descriptions of places and classifies others.

    Constructing reads nothing; the first question loads the folder, and only `train` and `train_if_needed` train.

    Args:
        model_path: Folder of the trained classifier.
        data_path: Labelled rows (``.jsonl`` or ``.csv``); needed for training only.
        base: Folder of the encoder to fine-tune; None takes what `utils.models.find_weights` finds for ``places``.
        settings: Of the training.
        text_column: Where the descriptions stand.
        label_column: Where their classes stand.
    """

    def __init__(
        self,
        model_path: str | Path,
        data_path: str | Path | None = None,
        *,
        base: str | Path | None = None,
        settings: TrainingSettings | None = None,
        text_column: str = "location_description",
        label_column: str = "location_type",
    ) -> None:
        self.model_path = Path(model_path)
        self.data_path = Path(data_path) if data_path is not None else None
        self.settings = settings or TrainingSettings()
        self._base = base
        self._columns = {"text_column": text_column, "label_column": label_column}
        self._network: Network | None = None

    def train(self, *, progress: Progress = silent) -> Metrics:
        """Fine-tune the encoder and save it.

        Args:
            progress: Draws the bar.

        Returns:
            Scores on the rows held out.

        Raises:
            InputError: If the data cannot be learned from or the folder cannot be written; nothing is saved then.
            WeightsError: If the base weights are missing or damaged.
        """
        from text_classification.network import Network
        from text_classification.training import fine_tune

        data, examples, weights = self._data(), self._examples(), find_weights("places", path=self._base)
        self.require_writable()
        settings = self.settings
        network = Network.start(weights.path, examples.labels, longest=settings.longest)
        metrics = fine_tune(network, examples, settings, progress=progress)
        self._save(network, metrics, examples, weights, file_digest(data))
        self._network = network
        return metrics

    def train_if_needed(self, *, progress: Progress = silent) -> bool:
        """Train unless the folder was made from the same data, base weights and settings.

        Returns:
            Whether it trained.

        Raises:
            InputError: As `train`.
            WeightsError: As `train`.
        """
        if read_record(self.model_path).get("key") == self.identity():
            return False
        self.train(progress=progress)
        return True

    def require_writable(self) -> None:
        """Make sure, before slow work, that a trained model can be kept.

        Raises:
            InputError: If its folder cannot be made or written.
        """
        prepare_folder(self.model_path.parent, remedy="give another model folder, or set XDG_CACHE_HOME to one")

    def identity(self) -> str:
        """Return a hash of all that training depends on: data, base weights, settings and columns.

        Raises:
            InputError: If there is no training data.
            WeightsError: If the base weights are missing or damaged.
        """
        return self._key(find_weights("places", path=self._base), file_digest(self._data()))

    def classify_location(self, text: str) -> LocationPrediction:
        """Classify one description and say which words decided it.

        Raises:
            InputError: If the text is empty or nothing was trained yet.
            WeightsError: If the folder's weights are damaged.
        """
        return self.classify_many([text], explain=True)[0]

    def classify_many(
        self, texts: Sequence[str], *, explain: bool = False, progress: Progress = silent
    ) -> list[LocationPrediction]:
        """Classify descriptions.

        Args:
            texts: Any number.
            explain: Also find the deciding words, at the cost of one pass a word.
            progress: Draws the bar.

        Returns:
            One prediction a text.

        Raises:
            InputError: If a text is empty or nothing was trained yet.
            WeightsError: If the folder's weights are damaged.
        """
        empty = next((number for number, text in enumerate(texts, start=1) if not text.strip()), None)
        if empty is not None:
            which = f" (number {empty} of {len(texts)})" if len(texts) > 1 else ""
            raise InputError(f"The description{which} is empty; write at least a sentence about the place.")
        network = self._load()
        rows = network.probabilities(texts, progress=progress)
        return [self._prediction(text, row, explain=explain) for text, row in zip(texts, rows, strict=True)]

    def _prediction(self, text: str, row: NDArray[np.float64], *, explain: bool) -> LocationPrediction:
        labels = self._load().labels
        best = int(row.argmax())
        return LocationPrediction(
            label=labels[best],
            probability=float(row[best]),
            probabilities=dict(zip(labels, map(float, row), strict=True)),
            words=self._deciding_words(text, best, float(row[best])) if explain else (),
        )

    def _deciding_words(self, text: str, label: int, probability: float) -> tuple[str, ...]:
        """Occlusion (Zeiler and Fergus 2014): take a word out everywhere and see how far the probability falls."""
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        seen = {word.casefold(): word for word in reversed(_WORD.findall(text))}
        words = [seen[key] for key in reversed(seen) if key not in ENGLISH_STOP_WORDS][:_MOST_TRIED]
        without = [re.sub(rf"\b{re.escape(word)}\b", "", text, flags=re.IGNORECASE) for word in words]
        left = self._load().probabilities(without)[:, label]
        falls = sorted(zip(left.tolist(), words, strict=True))
        return tuple(word for remaining, word in falls[:_MOST_WORDS] if remaining < probability)

    def _load(self) -> Network:
        if self._network is None:
            from text_classification.network import Network

            require_trained(self.model_path)
            longest = read_record(self.model_path)["settings"]["longest"]
            self._network = Network.load(self.model_path, longest=longest)
        return self._network

    def _data(self) -> Path:
        if self.data_path is None:
            raise InputError("Training needs labelled rows; give the path of a .jsonl or .csv as data_path.")
        if not self.data_path.is_file():
            raise InputError(f"The training data {self.data_path} does not exist.")
        return self.data_path

    def _examples(self) -> Examples:
        return read_examples(self._data(), **self._columns)

    def _key(self, weights: Weights, digest: str) -> str:
        return content_key(
            data=digest, base=weights.label, settings=self.settings.model_dump(), columns=self._columns, version=1
        )

    def _save(self, network: Network, metrics: Metrics, examples: Examples, weights: Weights, digest: str) -> None:
        card = model_card(
            metrics,
            self.settings,
            base=weights.label,
            data=self._data().name,
            digest=digest,
            labels=examples.labels,
            skipped=examples.skipped,
        )

        def write(folder: Path) -> None:
            network.save(folder)
            (folder / "README.md").write_text(card, encoding="utf-8")

        record = {
            "key": self._key(weights, digest),
            "base": weights.label,
            "data": {"name": self._data().name, "sha256": digest},
            "columns": self._columns,
            "settings": self.settings.model_dump(),
            "metrics": asdict(metrics),
        }
        replace_folder(self.model_path, write, record)
