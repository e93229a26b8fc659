"""The model card that lies in a trained classifier's folder."""

from __future__ import annotations

from collections import Counter
from typing import Final

from text_classification.metrics import Metrics
from text_classification.settings import TrainingSettings

__all__ = ["model_card"]

_TEMPLATE: Final = """---
pipeline_tag: text-classification
---

# Location classifier

Tells of a description of a place which of these classes it belongs to: {labels}.

| | |
|---|---|
| encoder | {base}, {tuned} |
| beside it | logistic regression on words (tf-idf), share {words:g} |
| data | {data}, SHA-256 `{digest}` |
| rows | {rows}, and {skipped} without text or label left out |
| class weights | inverse to the classes' frequencies |
| seed | {seed} |

Load it with `text_classification.LocationClassifier(folder)`: `model.safetensors` is the encoder,
`head.safetensors` the linear layer on its mean-pooled, normalised output, `words.safetensors` and `words.json` the
model of words.

## Scores

Stratified {folds}-fold cross-validation, {repeats} times: every row was answered by models that had not seen it, nor
used it to choose their epoch. The saved classifier learned all rows.

| | F1 |
|---|---|
{classes}
| **macro** | **{macro:.2f}** (95 % interval {low:.2f} to {high:.2f}, bootstrap over the rows) |
| macro, always the most frequent class | {majority:.2f} |

Accuracy {accuracy:.2f}. Epochs that the folds kept (0: the encoder as it was): {epochs}.

## Probabilities

Calibrated by one number, temperature {temperature:.2f}, found on the answers of the cross-validation, whose log loss it
takes from {before:.2f} to {loss:.2f} (on the same answers). From {threshold:.2f} upwards an answer counts as sure: in
cross-validation that were {sure:.0%} of the answers, {sure_accuracy:.0%} of them right; {trust:.0%} were wished for.

Read all this with care: {rows} rows are few and come from one source, so texts written by others will be classified
worse.
"""


def model_card(metrics: Metrics, settings: TrainingSettings, *, base: str, data: str, digest: str, skipped: int) -> str:
    """Write the card.

    Args:
        metrics: From training.
        settings: Of the training.
        base: Label of the weights that were fine-tuned.
        data: Name of the data file.
        digest: Its SHA-256.
        skipped: Rows without text or label.
    """
    kept = sorted(Counter(metrics.epochs).items())
    return _TEMPLATE.format(
        labels=", ".join(metrics.f1),
        base=base,
        tuned=f"last {settings.layers} layers fine-tuned, {settings.epochs} epochs at most"
        if settings.epochs
        else "as it is, with a fitted head",
        words=settings.words,
        data=data,
        digest=digest,
        rows=metrics.rows,
        skipped=skipped,
        seed=settings.seed,
        folds=metrics.folds,
        repeats=metrics.repeats,
        classes="\n".join(f"| {label} | {value:.2f} |" for label, value in metrics.f1.items()),
        macro=metrics.macro_f1,
        low=metrics.interval[0],
        high=metrics.interval[1],
        majority=metrics.majority_f1,
        accuracy=metrics.accuracy,
        epochs=", ".join(f"{epoch} ({times}x)" for epoch, times in kept),
        temperature=metrics.temperature,
        before=metrics.loss_before,
        loss=metrics.loss,
        threshold=metrics.threshold,
        sure=metrics.sure,
        sure_accuracy=metrics.sure_accuracy,
        trust=settings.trust,
    )
