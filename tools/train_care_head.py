"""Train the head that notices what the rules of `character_chatbot.care_rules` miss, and say how good it is.

    python tools/train_care_head.py            # trains, prints, writes character_chatbot/care_head.safetensors
    python tools/train_care_head.py --dry-run  # without writing

Sentences of each kind and innocent ones that look like them stand in ``care_examples.csv`` beside this, all written
for this purpose. Innocent texts besides: the sample season and the voices, ours as well, and their sentences. One
support vector machine a kind, classes balanced, on likeness (all-MiniLM-L6-v2, Gaussian kernel) to what was written.
Margins are set on scores of texts kept out (two halves, a block of dialogue in one of them): above all but a share of
our innocent lines for messages and replies, above all but a share of blocks of innocent lines for parts of long texts.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.care import worth_hearing
from character_chatbot.care_head import HEAD_FILE, CareHead
from character_chatbot.words import sentences
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
PENALTY: Final = 1.0
GAMMA: Final = 1.0
# Share of innocent lines, and of blocks of them, that may exceed a kind's margin.
ALLOWED: Final = {"message": 0.001, "reply": 0.0005, "part": 0.003}
# The machine that has seen everything scores our blocks higher than the halves that set the margin.
RESERVE: Final = {"sexual": 0.1, "self_harm": 0.2}
# On top of a message's margin: what it costs in recall is nothing on the tables of tests/data, and it halves alarms.
MESSAGE_RESERVE: Final = 0.1
# Share of the innocent sentences that look guilty which must stay below that of a message.
HARD_QUANTILE: Final = 0.95
WRITTEN_WEIGHT: Final = 4.0
SEED: Final = 0
BLOCK: Final = 750  # characters


def written() -> list[tuple[str, str]]:
    """Return (kind, text) of what was written for this."""
    with EXAMPLES.open(encoding="utf-8", newline="") as file:
        return [(row["kind"], row["text"]) for row in csv.DictReader(file)]


def blocks() -> Iterator[list[str]]:
    """Yield our own lines, a long message's worth at a time."""
    world = World.sample()
    voices = [load_voice(load_card(name, world.series), world.series) for name in card_names(world.series)]
    exchanged = [text for voice in voices for exchange in voice for text in (exchange.user, exchange.reply)]
    for source in (list(world.dialogue["text"]), exchanged):
        block: list[str] = []
        for line in dict.fromkeys(source):
            block.append(line)
            if sum(map(len, block)) >= BLOCK:
                yield block
                block = []
        if block:
            yield block


def _likeness(vectors: NDArray[Any], landmarks: NDArray[Any]) -> NDArray[Any]:
    from sklearn.metrics.pairwise import rbf_kernel

    likeness: NDArray[Any] = rbf_kernel(vectors, landmarks, gamma=GAMMA)
    return likeness


def _machine(
    vectors: NDArray[Any], wanted: NDArray[Any], weight: NDArray[Any], landmarks: NDArray[Any]
) -> tuple[NDArray[Any], float]:
    """Return weights of likeness to each landmark and an offset (Nystroem's way to a small machine)."""
    import numpy as np
    from sklearn.svm import LinearSVC

    left, size, _ = np.linalg.svd(_likeness(landmarks, landmarks))
    whitened = left / np.sqrt(size.clip(1e-4))
    machine = LinearSVC(C=PENALTY, class_weight="balanced", random_state=SEED)
    machine.fit(_likeness(vectors, landmarks) @ whitened, wanted, sample_weight=weight)
    return whitened @ machine.coef_[0], float(machine.intercept_[0])


def glances(encoder: SentenceEncoder, kinds: NDArray[Any], texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a linear guess a kind from words alone."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    seen = encoder.glance(texts)
    weight = np.where(kinds == "line", 1.0, WRITTEN_WEIGHT)
    model = LogisticRegression(C=4.0, class_weight="balanced", max_iter=3000)
    rows = [model.fit(seen, kinds == kind, sample_weight=weight).coef_[0] for kind in KINDS]
    return np.asarray(rows, dtype=np.float32)


def margins(kind: str, encoder: SentenceEncoder, ours: list[list[str]], parts: list[list[str]]) -> dict[str, float]:
    """Return what a kind's scores must exceed, printing recall and false alarms on texts kept out."""
    import numpy as np

    rows = written()
    guilty = np.array([stated == kind for stated, _ in rows])
    hard = np.array([stated == "none" for stated, _ in rows])
    own = encoder.encode([text for _, text in rows])
    scores, lines, worst = np.empty(len(rows)), [], np.empty(len(ours))
    for half in (0, 1):
        train = [text for block in ours[1 - half :: 2] for line in block for text in (line, *sentences(line))]
        known = np.arange(len(rows)) % 2 != half
        vectors = np.vstack([own[known], encoder.encode(train)])
        weight = np.repeat([WRITTEN_WEIGHT, 1.0], [known.sum(), len(train)])
        wanted = np.concatenate([guilty[known], np.zeros(len(train), dtype=bool)])
        found_weights, offset = _machine(vectors, wanted, weight, own[known])

        def score(
            seen: NDArray[Any],
            landmarks: NDArray[Any] = own[known],
            factors: NDArray[Any] = found_weights,
            start: float = offset,
        ) -> NDArray[Any]:
            scored: NDArray[Any] = _likeness(seen, landmarks) @ factors + start
            return scored

        scores[~known] = score(own[~known])
        lines += list(score(encoder.encode([line for block in ours[half::2] for line in block])))
        worst[half::2] = [score(encoder.encode(heard)).max() for heard in parts[half::2]]
    found = {
        hearing: float(np.quantile(worst if hearing == "part" else lines, 1 - share))
        for hearing, share in ALLOWED.items()
    }
    found["message"] = max(found["message"], float(np.quantile(scores[hard], HARD_QUANTILE))) + MESSAGE_RESERVE
    found["part"] += RESERVE[kind]
    found["reply"] = max(found["message"], found["reply"])
    for hearing, margin in found.items():
        print(
            f"{kind}, {hearing}: margin {margin:.2f}, recall {(scores[guilty] > margin).mean():.3f} of"
            f" {guilty.sum()}, false alarms {(np.array(lines) > margin).sum()} of {len(lines)} lines,"
            f" {(scores[hard] > margin).sum()} of {hard.sum()} hard ones,"
            f" {(worst > margin).sum()} of {len(worst)} blocks"
        )
    for half in (0, 1):
        limit = float(np.quantile(worst[half::2], 1 - ALLOWED["part"])) + RESERVE[kind]
        other = worst[1 - half :: 2]
        print(f"  chosen on one half of the blocks: {(other > limit).sum()} of {len(other)} of the other")
    return found


def train(encoder: SentenceEncoder) -> dict[str, Any]:
    """Return what is stored."""
    import numpy as np

    rows, ours = written(), list(blocks())
    lines = list(dict.fromkeys(text for block in ours for line in block for text in (line, *sentences(line))))
    kinds = np.array([kind for kind, _ in rows] + ["line"] * len(lines))
    texts = [text for _, text in rows] + lines
    looks = glances(encoder, kinds, texts)
    blank = np.zeros((0, looks.shape[1]), dtype=np.float32)
    glancing = CareHead(kinds=KINDS, supports=blank, weights=blank, gamma=GAMMA, margins={}, glances=looks)
    parts = [worth_hearing(" ".join(block), encoder, glancing) for block in ours]
    vectors = encoder.encode(texts)
    weight = np.where(kinds == "line", 1.0, WRITTEN_WEIGHT)
    landmarks = vectors[: len(rows)]
    widths = (np.abs(landmarks).max(axis=1) / 127).astype(np.float32)
    stored = np.round(landmarks / widths[:, None]).astype(np.int8)
    landmarks = stored * widths[:, None]
    weights, limits = [], []
    for kind in KINDS:
        factors, offset = _machine(vectors, kinds == kind, weight, landmarks)
        weights.append(factors)
        # The offset goes into the margins.
        found = margins(kind, encoder, ours, parts)
        limits.append({one: margin - offset for one, margin in found.items()})
    return {
        "supports": stored,
        "widths": widths,
        "weights": np.ascontiguousarray(weights, dtype=np.float32),
        "glances": looks,
        **{f"margin_{one}": np.array([limit[one] for limit in limits], dtype=np.float32) for one in ALLOWED},
    }


def main() -> None:
    """Train, print and write."""
    from safetensors.numpy import save_file

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    encoder = SentenceEncoder(find_weights("recall").path)
    stored = train(encoder)
    print(f"{len(stored['supports'])} sentences to compare with")
    if not options.dry_run:
        about = {"encoder": file_digest(encoder.path / "model.safetensors"), "kinds": " ".join(KINDS)}
        save_file(stored, HEAD_FILE, metadata={**about, "gamma": str(GAMMA)})


if __name__ == "__main__":
    main()
