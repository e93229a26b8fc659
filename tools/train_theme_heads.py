"""Train the theme heads on marked film lines, and say how good they are on lines kept out.

    python tools/train_theme_heads.py edos.jsonl.gz goemotions.jsonl.gz            # trains, prints, writes the heads
    python tools/train_theme_heads.py edos.jsonl.gz goemotions.jsonl.gz --dry-run  # without writing

The data is not part of this project; ``theme_classifier/theme_heads.md`` says what it is, by whom and under which
licence. Rows need ``text`` and ``themes``, EDOS also ``emotion``, GoEmotions ``covered``.

Each head is a logistic regression with balanced classes on the vectors of all-MiniLM-L6-v2; GoEmotions' rows count a
fifth. It is drawn half a deviation towards the direction of the series' own sentences (`SENTENCES_SHARE`), because the
emotions that were marked are narrower than the themes: fear is marked, a shouted warning is not. The penalty is chosen
by cross-validation inside the training part of each fold (nested), and texts that are equal but for case and
punctuation lie in one fold. Platt's method fits scale and intercept on predictions for lines kept out.
``spoken`` is what the centroids of `LABELS` have in common that their names do not say; the six labels on which free
labels are judged (`JUDGED`) take no part in it.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from theme_classifier.heads import HEADS_FILE, Head, Heads
from theme_classifier.labels import ThemeQuery, theme_queries
from theme_classifier.quick import Encoder, Neutral, theme_directions, theme_vector
from utils.artifacts import file_digest
from utils.embeddings import SentenceEncoder
from utils.models import find_weights
from utils.series import SeriesProfile, load_series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THEMES: Final = ("Hope", "Despair", "Trust", "Isolation", "Danger", "Guilt")
PRIOR: Final = 0.03
"""Between the share of a theme in EDOS (2.4 to 4.9 %) and in the sample's regular lines (2 %, tests/data)."""

PENALTIES: Final = (0.25, 0.5, 1.0)
REDDIT_WEIGHT: Final = 0.2
SENTENCES_SHARE: Final = 0.5
FOLDS: Final = 5
SEED: Final = 0

JUDGED: Final = {
    "jealousy": {"jealous"},
    "nostalgia": {"nostalgic"},
    "gratitude": {"grateful"},
    "anger": {"angry", "furious"},
    "surprise": {"surprised"},
    "disgust": {"disgusted"},
}
LABELS: Final = {
    "loneliness": {"lonely"},
    "pride": {"proud"},
    "embarrassment": {"embarrassed"},
    "fear": {"afraid", "terrified"},
    "sadness": {"sad", "devastated"},
    "excitement": {"excited"},
    "joy": {"joyful"},
    "anxiety": {"anxious"},
    "confidence": {"confident"},
    "hope": {"hopeful"},
    "shame": {"ashamed"},
    "guilt": {"guilty"},
    "annoyance": {"annoyed"},
    "disappointment": {"disappointed"},
    "trust": {"trusting"},
    "loyalty": {"faithful"},
    "contentment": {"content"},
    "admiration": {"impressed"},
    "caring": {"caring"},
    "sympathy": {"sympathizing"},
    "consolation": {"consoling"},
    "encouragement": {"encouraging"},
}


@dataclass(frozen=True, kw_only=True)
class Marked:
    """Lines with their themes.

    Attributes:
        vectors: Shape (lines, dimensions).
        themes: Shape (lines, themes), 0 or 1.
        known: Shape (themes,): whether the data marks the theme at all.
        fold: Shape (lines,), 0 to `FOLDS` less one; equal texts share one.
        emotions: As the data calls them, one a line.
    """

    vectors: NDArray[np.float64]
    themes: NDArray[np.float64]
    known: NDArray[np.bool_]
    fold: NDArray[np.int64]
    emotions: NDArray[np.str_]


def read_marked(path: Path, encoder: Encoder) -> Marked:
    """Read and embed a file of marked lines."""
    import numpy as np

    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows: list[dict[str, Any]] = [json.loads(line) for line in stream]
    same = [re.sub(r"\W+", " ", row["text"].casefold()).strip() for row in rows]
    groups = {text: number for number, text in enumerate(dict.fromkeys(same))}
    folds = np.random.default_rng(SEED).permutation(len(groups)) % FOLDS
    covered = rows[0].get("covered", THEMES)
    return Marked(
        vectors=encoder.encode([row["text"] for row in rows]).astype(np.float64),
        themes=np.array([[float(theme in row["themes"]) for theme in THEMES] for row in rows]),
        known=np.array([theme in covered for theme in THEMES]),
        fold=folds[[groups[text] for text in same]],
        emotions=np.array([row.get("emotion", "") for row in rows]),
    )


def fit(parts: list[tuple[NDArray[np.float64], NDArray[np.float64], float]], penalty: float) -> Head:
    """Fit one head to parts of (vectors, marks, weight of a row)."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    vectors, marks = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    weight = np.concatenate([np.full(len(part[1]), part[2]) for part in parts])
    share = (weight * marks).sum() / weight.sum()
    model = LogisticRegression(C=penalty, solver="newton-cholesky")
    model.fit(vectors, marks, sample_weight=weight * np.where(marks > 0, 0.5 / share, 0.5 / (1 - share)))
    return Head(weights=model.coef_[0], intercept=float(model.intercept_[0]))


def fit_theme(theme: int, penalty: float, films: Marked, reddit: Marked, *, without: tuple[int, ...] = ()) -> Head:
    """Fit a theme's head to the lines outside some folds."""
    import numpy as np

    parts = []
    for data, weight in ((films, 1.0), (reddit, REDDIT_WEIGHT)):
        rows = ~np.isin(data.fold, without)
        if data.known[theme]:
            parts.append((data.vectors[rows], data.themes[rows, theme], weight))
    return fit(parts, penalty)


def auc(marks: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    """Area under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(marks, scores))


def choose_penalty(theme: int, films: Marked, reddit: Marked, *, without: tuple[int, ...] = ()) -> float:
    """Return the penalty with the best mean AUC on folds that are neither trained on nor in ``without``."""

    def quality(penalty: float) -> float:
        total = 0.0
        for fold in sorted(set(range(FOLDS)) - set(without))[:2]:
            head = fit_theme(theme, penalty, films, reddit, without=(fold, *without))
            rows = films.fold == fold
            total += auc(films.themes[rows, theme], films.vectors[rows] @ head.weights)
        return total

    return max(PENALTIES, key=quality)


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """What the series' own sentences say about the themes.

    Attributes:
        neutral: The yardstick.
        directions: Shape (themes, dimensions), in deviations of neutral speech.
    """

    neutral: Neutral
    directions: NDArray[np.float64]

    def draw(self, head: Head, theme: int) -> NDArray[np.float64]:
        """Return a head's direction, drawn towards a theme's sentences; shape (dimensions,)."""
        own = self.neutral.standardised(head.weights)
        return self.neutral.standardised(own + SENTENCES_SHARE * self.directions[theme])


def kept_out(
    theme: int, films: Marked, reddit: Marked, sentences: Sentences
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores of film and Reddit lines, each by a head that saw neither the line nor its equals."""
    import numpy as np

    found = np.zeros(len(films.fold)), np.zeros(len(reddit.fold))
    for fold in range(FOLDS):
        penalty = choose_penalty(theme, films, reddit, without=(fold,))
        direction = sentences.draw(fit_theme(theme, penalty, films, reddit, without=(fold,)), theme)
        for data, scores in zip((films, reddit), found, strict=True):
            rows = data.fold == fold
            scores[rows] = data.vectors[rows] @ direction
    return found


def platt(scores: NDArray[np.float64], marks: NDArray[np.float64]) -> tuple[float, float]:
    """Return scale and shift that make scores the log odds of probabilities (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(scores[:, None], marks)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def calibrated_apart(odds: NDArray[np.float64], marks: NDArray[np.float64], fold: NDArray[np.int64]) -> Any:
    """Return probabilities of lines by a Platt curve fitted on other folds."""
    import numpy as np

    result = np.zeros(len(odds))
    for number in range(FOLDS):
        scale, shift = platt(odds[fold != number], marks[fold != number])
        result[fold == number] = 1 / (1 + np.exp(-(scale * odds[fold == number] + shift)))
    return result


def print_reliability(probability: NDArray[np.float64], marks: NDArray[np.float64]) -> None:
    """Print, for bands of probability, how many lines show the theme."""
    print("\n| probability | lines | mean probability | share that shows the theme |\n|---|---|---|---|")
    edges = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1.01)
    for low, high in itertools.pairwise(edges):
        inside = (probability >= low) & (probability < high)
        if inside.any():
            print(
                f"| {low:.2f}-{min(high, 1):.2f} | {inside.sum()} | {probability[inside].mean():.3f} "
                f"| {marks[inside].mean():.3f} |"
            )


def train_theme(number: int, films: Marked, reddit: Marked, sentences: Sentences) -> tuple[Head, Any]:
    """Train, calibrate and report one theme; returns its head and the probabilities of film lines kept out."""
    marks = films.themes[:, number]
    odds, other = kept_out(number, films, reddit, sentences)
    probability = calibrated_apart(odds, marks, films.fold)
    scale, shift = platt(odds, marks)
    penalty = choose_penalty(number, films, reddit)
    direction = sentences.draw(fit_theme(number, penalty, films, reddit), number)
    share = float(marks.mean())
    shift += math.log(PRIOR / (1 - PRIOR)) - math.log(share / (1 - share))
    beside = f"{auc(reddit.themes[:, number], other):.3f}" if reddit.known[number] else "-"
    print(f"| {THEMES[number]} | {int(marks.sum())} | {penalty} | {auc(marks, odds):.3f} | {beside} |", flush=True)
    return Head(weights=scale * direction, intercept=shift), probability


def common_of_spoken(films: Marked, encoder: Encoder, neutral: Neutral, *, without: str = "") -> NDArray[np.float64]:
    """Return the mean over `LABELS` of what a label's lines have and its name lacks, shape (dimensions,)."""
    import numpy as np

    lines = ~np.isin(films.emotions, sorted(set().union(*JUDGED.values())))
    middle = films.vectors[lines].mean(axis=0)
    rows = []
    for label in LABELS:
        if label != without:
            centroid = films.vectors[np.isin(films.emotions, sorted(LABELS[label]))].mean(axis=0) - middle
            named = neutral.similarity(theme_vector(_free(label), encoder))
            rows.append(neutral.standardised(centroid) - named)
    mean: NDArray[np.float64] = np.mean(rows, axis=0)
    return mean


def _free(label: str) -> ThemeQuery:
    return theme_queries([label], SeriesProfile(title="None"))[0]


def print_free_labels(films: Marked, encoder: Encoder, neutral: Neutral, spoken: NDArray[np.float64]) -> None:
    """Print the AUC of labels without a head: those judged, and `LABELS`, each left out of ``spoken``."""
    import numpy as np

    def quality(label: str, emotions: set[str], learned: NDArray[np.float64] | None) -> float:
        heads = Heads(by_label={}, prior=PRIOR, spoken=learned)
        weights = theme_directions([_free(label)], encoder, heads).weights[0]
        return auc(np.isin(films.emotions, sorted(emotions)).astype(float), films.vectors @ weights)

    print("\n| label | name alone | with what feelings have in common |\n|---|---|---|")
    found = []
    for label, emotions in JUDGED.items():
        found.append((quality(label, emotions, None), quality(label, emotions, spoken)))
        print(f"| {label} | {found[-1][0]:.3f} | {found[-1][1]:.3f} |", flush=True)
    print("| mean of these six | " + " | ".join(f"{value:.4f}" for value in np.mean(found, axis=0)) + " |")
    others = [
        (
            quality(label, emotions, None),
            quality(label, emotions, common_of_spoken(films, encoder, neutral, without=label)),
        )
        for label, emotions in LABELS.items()
    ]
    print("| mean of 22 others | " + " | ".join(f"{value:.4f}" for value in np.mean(others, axis=0)) + " |")


def print_by_sentences(films: Marked, sentences: Sentences) -> None:
    """Print the AUC of the series' own sentences, without any head."""
    scores = films.vectors @ sentences.directions.T
    found = [auc(films.themes[:, index], scores[:, index]) for index in range(len(THEMES))]
    print("\nWithout heads: " + ", ".join(f"{t} {v:.3f}" for t, v in zip(THEMES, found, strict=True)), end=" ")
    print(f"(mean {sum(found) / len(found):.4f})")


def save(heads: list[Head], spoken: NDArray[np.float64], encoder: Path) -> None:
    """Write the heads."""
    import numpy as np
    from safetensors.numpy import save_file

    tensors = {
        "weights": np.stack([head.weights for head in heads]).astype(np.float32),
        "intercepts": np.array([head.intercept for head in heads], dtype=np.float32),
        "spoken": spoken.astype(np.float32),
    }
    about = {
        "encoder": file_digest(encoder / "model.safetensors"),
        "labels": json.dumps(THEMES),
        "prior": str(PRIOR),
        "source": "see theme_heads.md",
    }
    save_file(tensors, HEADS_FILE, metadata=about)


def main() -> None:
    """Train all heads."""
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edos", type=Path)
    parser.add_argument("goemotions", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    options = parser.parse_args()
    weights = find_weights("themes").path
    encoder = SentenceEncoder(weights)
    films, reddit = read_marked(options.edos, encoder), read_marked(options.goemotions, encoder)
    neutral = Neutral.embedded(encoder)
    queries = theme_queries(THEMES, load_series("stranger_things"))
    sentences = Sentences(neutral=neutral, directions=theme_directions(queries, encoder).weights)
    print("| theme | lines | penalty | AUC, EDOS lines kept out | AUC, GoEmotions kept out |\n|---|---|---|---|---|")
    heads, probabilities, odds = [], [], []
    for number in range(len(THEMES)):
        head, probability = train_theme(number, films, reddit, sentences)
        heads.append(head)
        probabilities.append(probability)
        odds.append(auc(films.themes[:, number], probability))
    print(f"Mean AUC of the probabilities: {np.mean(odds):.4f}")
    print_by_sentences(films, sentences)
    print_reliability(np.concatenate(probabilities), films.themes.T.ravel())
    spoken = common_of_spoken(films, encoder, neutral)
    print_free_labels(films, encoder, neutral, spoken)
    if not options.dry_run:
        save(heads, spoken, weights)
        print(f"\nWritten: {HEADS_FILE.name}, {HEADS_FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
