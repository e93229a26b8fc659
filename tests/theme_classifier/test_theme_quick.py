from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from theme_classifier import ThemeClassifier
from theme_classifier.background import CONTRASTS, NEUTRAL_LINES
from theme_classifier.calibration import calibrated
from theme_classifier.labels import ThemeQuery
from theme_classifier.quick import QuickTier, theme_directions
from utils.errors import InputError
from utils.progress import Progress, silent


class BagOfWords:
    """Embeds a text as the sum of fixed random vectors, one a word: similar words, similar vectors."""

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float32]:
        rows = np.stack([sum(map(self._word, text.lower().split()), self._word("")) for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    @staticmethod
    def _word(word: str) -> NDArray[np.float64]:
        return np.random.default_rng(zlib.crc32(word.strip(".,!?").encode())).normal(size=64)


GUILT = ThemeQuery(label="Guilt", hypothesis="", phrases=(("it is all my fault", "forgive me"), ("guilt",)))
DANGER = ThemeQuery(label="Danger", hypothesis="", phrases=(("run for your life", "watch out"), ("danger",)))


def tier(*queries: ThemeQuery) -> QuickTier:
    return QuickTier(Path("unused"), queries, encoder=BagOfWords())


def test_evidence_is_in_deviations_of_neutral_speech() -> None:
    evidence = tier(GUILT, DANGER).measure(NEUTRAL_LINES).evidence
    np.testing.assert_allclose(evidence.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(evidence.std(axis=0), 1, atol=1e-6)


def test_a_theme_stands_out_where_its_words_are_said() -> None:
    evidence = tier(GUILT, DANGER).measure(["Forgive me, it is my fault!", "Watch out! Run!"]).evidence
    assert evidence.argmax(axis=1).tolist() == [0, 1]
    assert (evidence.diagonal() > 3).all()


def test_a_theme_is_scored_alike_alone_and_in_company() -> None:
    texts = ["Forgive me.", "Pass me the potatoes.", "Run!"]
    np.testing.assert_allclose(
        tier(DANGER).measure(texts).evidence[:, 0], tier(GUILT, DANGER).measure(texts).evidence[:, 1]
    )


def test_similarities_are_the_formula_written_out() -> None:
    encoder = BagOfWords()
    found = theme_directions([GUILT], encoder)
    neutral, contrasts = encoder.encode(NEUTRAL_LINES).astype(float), encoder.encode(CONTRASTS).astype(float)
    text = encoder.encode(["It is not your fault."]).astype(float)

    def standardised(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mean, deviation = (neutral @ vectors.T).mean(axis=0), (neutral @ vectors.T).std(axis=0)
        return (text @ vectors.T - mean) / deviation, (neutral @ vectors.T - mean) / deviation

    ours, ours_neutral = standardised(found.vectors)
    theirs, theirs_neutral = standardised(contrasts)
    margin, background = ours[0, 0] - theirs.mean(), ours_neutral[:, 0] - theirs_neutral.mean(axis=1)
    expected = (margin - background.mean()) / background.std()
    np.testing.assert_allclose((text @ found.weights.T + found.intercepts)[0, 0], expected)


def test_the_yardstick_has_no_repeated_line() -> None:
    assert len(set(NEUTRAL_LINES)) == len(NEUTRAL_LINES) >= 200
    assert not set(NEUTRAL_LINES) & set(CONTRASTS)


def test_calibration_rises_from_near_nothing_to_near_one() -> None:
    scores = calibrated(np.array([-800.0, 0.0, 3.0, 6.0, 800.0]))
    assert (np.diff(scores) > 0).all()
    assert scores[1] < 0.05
    assert scores[2] == pytest.approx(0.5)
    assert scores[0] == 0
    assert scores[4] == 1


def test_a_tiny_encoder_scores_through_the_front_door(tiny_encoder: Path) -> None:
    classifier = ThemeClassifier(["Hope", "Nostalgia"], model=tiny_encoder)
    scores = classifier.score(["Run!", "I trust you.", "Run!"])
    assert scores.columns.tolist() == ["Hope", "Nostalgia"]
    assert scores.to_numpy().min() >= 0
    assert scores.to_numpy().max() <= 1
    assert (scores.loc[0] == scores.loc[2]).all()
    assert not scores.equals(classifier.score(["Run!", "I trust you.", "Run!"], raw=True))
    with pytest.raises(InputError, match="list"):
        classifier.score("Run!")


@pytest.fixture(scope="module")
def embedded() -> ThemeClassifier:
    return ThemeClassifier(["Hope", "Despair", "Trust", "Isolation", "Rebellion", "Danger", "Love", "Guilt"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("I did this to them, and I will be sorry for the rest of my life.", "Guilt"),
        ("Get down! They've got rifles!", "Danger"),
        ("I adore you, my darling girl.", "Love"),
        ("Nobody has talked to me since September.", "Isolation"),
        ("You can count on me, I would never lie to you.", "Trust"),
        ("They can't forbid it. We'll climb out of the window.", "Rebellion"),
    ],
)
def test_embedded_weights_know_the_themes(embedded: ThemeClassifier, text: str, theme: str) -> None:
    (scores,) = embedded.score([text]).to_dict("records")
    assert max(scores, key=scores.__getitem__) == theme
    assert scores[theme] > 0.3


@pytest.mark.slow
def test_embedded_weights_leave_small_talk_low_and_sad_lines_sad(embedded: ThemeClassifier) -> None:
    everyday = ["The bread is in the oven.", "Is that a new bike?", "Uh, yeah.", "We came by train."]
    sad = ["All is lost and I give up.", "There's no point in living now.", "We lost him, it is over."]
    hopeful = ["We will make it, I can feel it.", "I have a good feeling about tomorrow."]
    assert embedded.score(everyday).to_numpy().max() < 0.1
    # A probability where three lines of a hundred show a theme may be low; whether a line is sad shows at even odds.
    despair = embedded.score([*everyday, *sad, *hopeful], raw=True)["Despair"]
    assert despair[4:7].min() > 0.8
    assert despair[:4].max() < 0.2
    assert despair[7:].max() < 0.5
    leading = embedded.score([sad[0], sad[2]])
    assert leading["Despair"].min() > 0.5
    assert leading.idxmax(axis=1).tolist() == ["Despair", "Despair"]


@pytest.mark.slow
def test_embedded_weights_take_any_label() -> None:
    scores = ThemeClassifier(["Jealousy", "Gratitude"]).score(
        ["She has everything I want!", "Thank you, I owe you a lot."]
    )
    assert scores.loc[0, "Jealousy"] > scores.loc[0, "Gratitude"]
    assert scores.loc[1, "Gratitude"] > 0.5 > scores.loc[1, "Jealousy"]
