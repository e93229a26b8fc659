"""Train the head that notices what the rules of `character_chatbot.care_rules` miss, and say how good it is.

    python tools/train_care_head.py            # trains, prints, writes character_chatbot/care_head.safetensors
    python tools/train_care_head.py --dry-run  # without writing

Sentences of each kind and innocent ones that look like them stand in ``care_examples.csv`` beside this, all written
for this purpose. Innocent lines besides: the sample season and the voices, ours as well. One logistic regression a
kind, classes balanced, on vectors of all-MiniLM-L6-v2. Margins are set on predictions for lines kept out (five
folds): above all but `ALLOWED` of our innocent lines.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.care_head import HEAD_FILE
from utils.artifacts import file_digest
from utils.characters import card_names, load_card, load_voice
from utils.embeddings import SentenceEncoder
from utils.models import find_weights
from utils.world import World

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXAMPLES: Final = Path(__file__).with_name("care_examples.csv")
KINDS: Final = ("sexual", "self_harm")
PENALTY: Final = 4.0
# Share of innocent lines that may exceed a margin.
ALLOWED: Final = 0.002
# Share of the innocent sentences that look guilty which must stay below it.
HARD_QUANTILE: Final = 0.95
WRITTEN_WEIGHT: Final = 4.0
FOLDS: Final = 5
SEED: Final = 0


def examples() -> list[tuple[str, str]]:
    """Return (kind, text): what was written for this, then our own lines as ``line``."""
    with EXAMPLES.open(encoding="utf-8", newline="") as file:
        rows = [(row["kind"], row["text"]) for row in csv.DictReader(file)]
    world = World.sample()
    lines = list(world.dialogue["text"])
    for name in card_names(world.series):
        for exchange in load_voice(load_card(name, world.series), world.series):
            lines += [exchange.user, exchange.reply]
    return rows + [("line", line) for line in dict.fromkeys(lines)]


def _classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=2000)


def _kept_out(vectors: NDArray[Any], wanted: NDArray[np.bool_], weight: NDArray[Any]) -> NDArray[Any]:
    """Log odds of every row from a model that did not see it."""
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    scores = np.empty(len(wanted))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(vectors, wanted):
        model = _classifier().fit(vectors[train], wanted[train], sample_weight=weight[train])
        scores[test] = model.decision_function(vectors[test])
    return scores


def train(vectors: NDArray[Any], kinds: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return rows and margins, printing recall and false alarms on lines kept out."""
    import numpy as np

    weight = np.where(kinds == "line", 1.0, WRITTEN_WEIGHT)
    rows, margins = [], []
    for kind in KINDS:
        wanted = kinds == kind
        scores = _kept_out(vectors, wanted, weight)
        ours, hard = scores[kinds == "line"], scores[kinds == "none"]
        margin = max(float(np.quantile(ours, 1 - ALLOWED)), float(np.quantile(hard, HARD_QUANTILE)))
        model = _classifier().fit(vectors, wanted, sample_weight=weight)
        rows.append(model.coef_[0])
        margins.append(margin - model.intercept_[0])
        print(
            f"{kind}: recall {(scores[wanted] > margin).mean():.3f} of {wanted.sum()}, false alarms"
            f" {(ours > margin).sum()} of {len(ours)} lines, {(hard > margin).sum()} of {len(hard)} hard ones;"
            f" margin {margin:.2f}"
        )
    return np.asarray(rows, dtype=np.float32), np.asarray(margins, dtype=np.float32)


def main() -> None:
    """Train, print and write."""
    import numpy as np
    from safetensors.numpy import save_file

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    rows = examples()
    encoder = SentenceEncoder(find_weights("recall").path)
    weights, margins = train(encoder.encode([text for _, text in rows]), np.array([kind for kind, _ in rows]))
    if not options.dry_run:
        about = {"encoder": file_digest(encoder.path / "model.safetensors"), "kinds": " ".join(KINDS)}
        save_file({"weights": weights, "margins": margins}, HEAD_FILE, metadata=about)


if __name__ == "__main__":
    main()
