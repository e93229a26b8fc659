"""What kind of place a description speaks of: trained on labelled descriptions, then asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from text_classification.card import model_card
from text_classification.examples import Examples, read_examples
from text_classification.explaining import deciding_words
from text_classification.settings import TrainingSettings
from text_classification.storage import read_record, replace_folder, require_ours, require_trained, unfinished
from utils.artifacts import content_key, file_digest, prepare_folder
from utils.errors import InputError
from utils.models import Weights, find_weights
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from text_classification.metrics import Metrics
    from text_classification.model import PlaceModel

__all__ = ["LocationClassifier", "LocationPrediction"]

# Raised when the code makes other folders from the same data.
_VERSION: Final = 2


@dataclass(frozen=True, kw_only=True)
class LocationPrediction:
    """The class of a text.

    Attributes:
        label: The likeliest class.
        probability: Its probability, 0 to 1, calibrated in cross-validation.
        probabilities: Of every class; they sum to 1.
        sure: Whether answers of this probability were right often enough in cross-validation
            (`TrainingSettings.trust`); to abstain is better otherwise.
        words: The words without which the label would be less probable, the weightiest first; empty unless explained.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    sure: bool = True
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
        settings: Of the training; None for `TrainingSettings` where `train` is called, and for anything that was
            trained on the same data, or else `TrainingSettings.quick`, in `train_if_needed`.
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
        self.settings = settings
        self._base = base
        self._columns = {"text_column": text_column, "label_column": label_column}
        self._model: PlaceModel | None = None
        self._threshold = 0.0

    def train(self, *, progress: Progress = silent) -> Metrics:
        """Cross-validate, learn all rows, and save it; an interrupted training goes on where it stopped.

        Args:
            progress: Draws the bars.

        Returns:
            Scores from the cross-validation.

        Raises:
            InputError: If the data cannot be learned from or the folder cannot be written; nothing is saved then.
            WeightsError: If the base weights are missing or damaged.
        """
        return self._train(self.settings or TrainingSettings(), progress)

    def _train(self, settings: TrainingSettings, progress: Progress) -> Metrics:
        from text_classification.metrics import measure
        from text_classification.network import Network
        from text_classification.training import Trainer
        from text_classification.validation import FoldStore, cross_validate

        data, examples, weights = self._data(), self._examples(), find_weights("places", path=self._base)
        self.require_writable()
        require_ours(self.model_path)
        digest = file_digest(data)
        trainer = Trainer(Network.start(weights.path, examples.labels, longest=settings.longest), examples, settings)
        store = FoldStore(unfinished(self.model_path), self._key(weights, digest, settings))
        answers = cross_validate(trainer, store=store, progress=progress)
        metrics = measure(examples, answers, trust=settings.trust, seed=settings.seed)
        lesson = trainer.learn(range(len(examples.texts)), seed=settings.seed, progress=progress)
        model = lesson.model.calibrated(metrics.temperature)
        self._save(model, metrics, settings, examples, weights, digest)
        store.clear()
        self._model = model
        self._threshold = metrics.threshold
        return metrics

    def train_if_needed(self, *, progress: Progress = silent) -> bool:
        """Train unless the folder was made from the same data, base weights, columns and settings.

        Returns:
            Whether it trained.

        Raises:
            InputError: As `train`.
            WeightsError: As `train`.
        """
        if read_record(self.model_path).get("key") == self.identity():
            return False
        self._train(self.settings or TrainingSettings.quick(), progress)
        return True

    def require_writable(self) -> None:
        """Make sure, before slow work, that a trained model can be kept.

        Raises:
            InputError: If its folder cannot be made or written.
        """
        prepare_folder(self.model_path.parent, remedy="give another model folder, or set XDG_CACHE_HOME to one")

    def identity(self) -> str:
        """Return a hash of all that the answers depend on: data, base weights, settings and columns.

        Raises:
            InputError: If there is no training data.
            WeightsError: If the base weights are missing or damaged.
        """
        weights, digest = find_weights("places", path=self._base), file_digest(self._data())
        record = read_record(self.model_path)
        if self.settings is None and record.get("source") == self._source(weights, digest):
            return str(record["key"])
        return self._key(weights, digest, self.settings or TrainingSettings.quick())

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
        rows = self._load().probabilities(texts, progress=progress)
        return [self._prediction(text, row, explain=explain) for text, row in zip(texts, rows, strict=True)]

    def _prediction(self, text: str, row: NDArray[np.float64], *, explain: bool) -> LocationPrediction:
        labels = self._load().labels
        best = int(row.argmax())
        return LocationPrediction(
            label=labels[best],
            probability=float(row[best]),
            probabilities=dict(zip(labels, map(float, row), strict=True)),
            sure=bool(row[best] >= self._threshold),
            words=deciding_words(text, best, self._load().probabilities) if explain else (),
        )

    def _load(self) -> PlaceModel:
        if self._model is None:
            from text_classification.model import PlaceModel

            require_trained(self.model_path, version=_VERSION)
            record = read_record(self.model_path)
            settings, metrics = record["settings"], record["metrics"]
            self._threshold = metrics["threshold"]
            self._model = PlaceModel.load(
                self.model_path,
                longest=settings["longest"],
                share=settings["words"],
                temperature=metrics["temperature"],
            )
        return self._model

    def _data(self) -> Path:
        if self.data_path is None:
            raise InputError("Training needs labelled rows; give the path of a .jsonl or .csv as data_path.")
        if not self.data_path.is_file():
            raise InputError(f"The training data {self.data_path} does not exist.")
        return self.data_path

    def _examples(self) -> Examples:
        return read_examples(self._data(), **self._columns)

    def _source(self, weights: Weights, digest: str) -> str:
        return content_key(data=digest, base=weights.label, columns=self._columns, version=_VERSION)

    def _key(self, weights: Weights, digest: str, settings: TrainingSettings) -> str:
        return content_key(source=self._source(weights, digest), settings=settings.model_dump())

    def _save(
        self,
        model: PlaceModel,
        metrics: Metrics,
        settings: TrainingSettings,
        examples: Examples,
        weights: Weights,
        digest: str,
    ) -> None:
        card = model_card(
            metrics,
            settings,
            base=weights.label,
            data=self._data().name,
            digest=digest,
            skipped=examples.skipped,
        )

        def write(folder: Path) -> None:
            model.save(folder)
            (folder / "README.md").write_text(card, encoding="utf-8")

        record = {
            "version": _VERSION,
            "key": self._key(weights, digest, settings),
            "source": self._source(weights, digest),
            "base": weights.label,
            "data": {"name": self._data().name, "sha256": digest},
            "columns": self._columns,
            "settings": settings.model_dump(),
            "metrics": asdict(metrics),
        }
        replace_folder(self.model_path, write, record)
