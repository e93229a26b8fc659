"""The model card that lies in a trained classifier's folder."""

from __future__ import annotations

from collections.abc import Sequence

from text_classification.metrics import Metrics
from text_classification.settings import TrainingSettings

__all__ = ["model_card"]

_TEMPLATE = """---
pipeline_tag: text-classification
---

# Location classifier

Tells of a description of a place which of these classes it belongs to: {labels}.

| | |
|---|---|
| encoder | {base} |
| data | {data}, SHA-256 `{digest}` |
| rows | {rows}, and {skipped} without text or label left out |
| epochs | {epoch}, the best of {epochs} tried (0: the head alone) |
| seed | {seed} |

Load it with `text_classification.LocationClassifier(folder)`: `model.safetensors` is the encoder,
`head.safetensors` the linear layer on its mean-pooled, normalised output.

## Scores

Of the same training on {trained} rows, on the {held_out} held out; the saved classifier then learned all rows.

| | F1 |
|---|---|
{classes}
| **macro** | **{macro:.2f}** |
| macro, always the most frequent class | {majority:.2f} |

Accuracy {accuracy:.2f} (95 % interval {low:.2f} to {high:.2f}, Wilson).

Read them with care: {held_out} rows are few, the same rows chose the epoch, and all rows come from one source, so
texts written by others will be classified worse. A probability is the model's own and not calibrated.
"""


def model_card(
    metrics: Metrics,
    settings: TrainingSettings,
    *,
    base: str,
    data: str,
    digest: str,
    labels: Sequence[str],
    skipped: int,
) -> str:
    """Write the card.

    Args:
        metrics: From training.
        settings: Of the training.
        base: Label of the weights that were fine-tuned.
        data: Name of the data file.
        digest: Its SHA-256.
        labels: The classes.
        skipped: Rows without text or label.
    """
    return _TEMPLATE.format(
        labels=", ".join(labels),
        base=base,
        data=data,
        digest=digest,
        rows=metrics.trained + metrics.held_out,
        trained=metrics.trained,
        held_out=metrics.held_out,
        skipped=skipped,
        epoch=metrics.epoch,
        epochs=metrics.epochs,
        seed=settings.seed,
        classes="\n".join(f"| {label} | {value:.2f} |" for label, value in metrics.f1.items()),
        macro=metrics.macro_f1,
        majority=metrics.majority_f1,
        accuracy=metrics.accuracy,
        low=metrics.interval[0],
        high=metrics.interval[1],
    )
