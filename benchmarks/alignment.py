"""Who said it, measured where the truth is known.

    python benchmarks/alignment.py --real FOLDER --friends FOLDER

Materials: (a) real episodes whose subtitles mark some speakers, the marks hidden; (a poor) the same with transcripts
made poor: scenes dropped, a few neighbouring turns lumped under the name of the first; (a long lumps) the same with
fewer lumps that swallow much more; (b) Friends lines rebuilt as subtitles and a transcript. Beside ours stands the
plain way, in the same run: `difflib` over words, majority vote.

Counted are marked lines. *All*: every line whose mark is in the cast (b: every line). *Alone*: those of them that share
their cue with no other voice. *Answered*: those given a speaker; *right*: the share of the answered ones whose speaker
is the mark.
"""

from __future__ import annotations

import argparse
import difflib
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from utils.alignment import Attribution, attribute, evidence
from utils.alignment_confidence import Signs
from utils.reading.library import episode_of
from utils.reading.speech import SpokenLine, spoken_lines
from utils.series import SeriesProfile, load_series
from utils.subtitles import read_cues
from utils.transcripts import Turn, read_transcript

SEEDS: Final = (1, 2, 3, 4, 5, 6)
FIT_SEEDS: Final = (11, 12, 13, 14, 15, 16)
# Poor transcripts: share of turns in dropped scenes, turns a scene; share of turns that begin a lump, turns a lump.
DROPPED, SCENE = 0.39, (10, 40)
SHORT_LUMPS: Final = (0.022, (2, 5))
LONG_LUMPS: Final = (0.006, (5, 25))
# Friends: rates a line (split, two in one cue, dropped on either side, merged with the turn before) and a word.
SPLIT, DASHED, UNSEEN, UNWRITTEN, MERGED, REWORDED = 0.3, 0.25, 0.05, 0.05, 0.6, 0.08


NOBODY: Final = Attribution(None, 0.0)


class Sample(NamedTuple):
    """An episode with known speakers.

    Attributes:
        name: Of the episode.
        lines: With marks.
        turns: Its transcript.
        counted: Indexes of the lines whose mark is the truth.
    """

    name: str
    lines: list[SpokenLine]
    turns: list[Turn]
    counted: list[int]


class Answer(NamedTuple):
    """One counted line: what was said of it, and whether it has its cue to itself."""

    right: bool
    given: Attribution
    alone: bool


def real(folder: Path, series: SeriesProfile) -> Iterator[Sample]:
    """Read the episodes below `folder`/subtitles that have a transcript below `folder`/transcripts."""
    transcripts = {episode_of(path): path for path in (folder / "transcripts").iterdir()}
    for path in sorted((folder / "subtitles").iterdir(), key=episode_of):
        lines = spoken_lines(read_cues(path), series)
        counted = [index for index, line in enumerate(lines) if line.speaker and series.canonical(line.speaker)]
        yield Sample(str(episode_of(path)), lines, read_transcript(transcripts[episode_of(path)], series), counted)


def poor(sample: Sample, seed: int, *, lumps: tuple[float, tuple[int, int]] = SHORT_LUMPS) -> Sample:
    """Drop scenes of the transcript and lump neighbouring turns."""
    lumped_share, turns_a_lump = lumps
    chance = random.Random(f"{sample.name} {seed}")
    kept: list[Turn] = []
    turns = list(sample.turns)
    while turns:
        size = chance.randint(*SCENE)
        scene, turns = turns[:size], turns[size:]
        kept += [] if chance.random() < DROPPED else scene
    lumped: list[Turn] = []
    while kept:
        size = chance.randint(*turns_a_lump) if chance.random() < lumped_share else 1
        lump, kept = kept[:size], kept[size:]
        lumped.append(lump[0]._replace(text=" ".join(turn.text for turn in lump)))
    return sample._replace(turns=lumped)


def friends(folder: Path, seed: int) -> Iterator[Sample]:
    """Rebuild subtitles and transcripts, one of each a file and season."""
    import pandas as pd

    for path in sorted(folder.glob("*.csv")):
        table = pd.read_csv(path)
        for season, rows in table.groupby("Season"):
            said = [
                (re.sub(r"[\[\]']", "", str(speaker)).strip(), " ".join(str(text).split()))
                for speaker, text in zip(rows["Speaker"], rows["Utterance"], strict=True)
            ]
            name = f"{path.stem} season {season}"
            chance = random.Random(f"{name} {seed}")
            lines = list(_subtitled(said, chance))
            yield Sample(name, lines, list(_written(said, chance)), list(range(len(lines))))


def _subtitled(said: Sequence[tuple[str, str]], chance: random.Random) -> Iterator[SpokenLine]:
    start, held, cue = 0.0, False, 0
    for (speaker, text), (after, _) in zip(said, [*said[1:], ("", "")], strict=True):
        if chance.random() < UNSEEN:
            continue
        words = text.split()
        cut = len(words) // 2 if len(words) > 5 and not held and chance.random() < SPLIT else len(words)
        for part in filter(None, (words[:cut], words[cut:])):
            end = start + 0.3 * len(part)
            # A second voice of a cue follows without a pause.
            held = not held and speaker != after and cut == len(words) and chance.random() < DASHED
            yield SpokenLine(start, end, speaker, " ".join(part), "", cue)
            start, cue = (end, cue) if held else (end + 0.1 + 2 * chance.random(), cue + 1)


def _written(said: Sequence[tuple[str, str]], chance: random.Random) -> Iterator[Turn]:
    vocabulary = [word for _, text in said for word in text.split()]
    turns: list[Turn] = []
    for speaker, text in said:
        if chance.random() < UNWRITTEN:
            continue
        words = " ".join(_reworded(text.split(), vocabulary, chance))
        if turns and turns[-1].speaker == speaker and chance.random() < MERGED:
            turns[-1] = turns[-1]._replace(text=f"{turns[-1].text} {words}")
        else:
            turns.append(Turn(speaker, words))
    yield from turns


def _reworded(words: Iterable[str], vocabulary: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Leave out, replace or add words, each with a third of the rate."""
    for word in words:
        what = chance.random() * 3 / REWORDED
        if what >= 1:
            yield word if what >= 2 else chance.choice(vocabulary)
        if 2 <= what < 3:
            yield chance.choice(vocabulary)


def plain(lines: Sequence[SpokenLine], turns: Sequence[Turn]) -> list[Attribution]:
    """The peer: one `difflib` pass over the words of both sides, every line with the speaker of most of its words."""
    spoken = [(word, index) for index, line in enumerate(lines) for word in _words(line.text)]
    written = [(word, turn.speaker) for turn in turns for word in _words(turn.text)]
    sides = [word for word, _ in spoken], [word for word, _ in written]
    matcher = difflib.SequenceMatcher(None, *sides, autojunk=False)
    votes: list[Counter[str]] = [Counter() for _ in lines]
    for here, there, size in matcher.get_matching_blocks():
        for offset in range(size):
            if speaker := written[there + offset][1]:
                votes[spoken[here + offset][1]][speaker] += 1
    return [Attribution(vote.most_common(1)[0][0], 1.0) if vote else NOBODY for vote in votes]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("'", "").replace("’", ""))


def answers(sample: Sample, method: Callable[..., list[Attribution]]) -> list[Answer]:
    """Hide the marks, attribute, and compare."""
    lines = sample.lines
    found = method([line._replace(speaker=None) for line in lines], sample.turns)
    voices = Counter(line.cue for line in lines)
    return [
        Answer(found[index].speaker == lines[index].speaker, found[index], voices[lines[index].cue] == 1)
        for index in sample.counted
    ]


def _row(title: str, given: Sequence[Answer], bar: tuple[float, float] | None = None) -> str:
    answered = [answer for answer in given if answer.given.speaker]
    share, right = len(answered) / len(given), sum(answer.right for answer in answered) / max(1, len(answered))
    verdict = "" if bar is None else "met" if right >= bar[0] and share >= bar[1] else "missed"
    goal = f"{bar[0]:.0%} at {bar[1]:.0%}" if bar else ""
    return f"| {title} | {len(given)} | {right:.2%} | {share:.2%} | {goal} | {verdict} |"


def _surest(samples: Iterable[Sample], peer: Sequence[Answer]) -> list[Answer]:
    """Our answers at the threshold at which we answer as many lines as the peer."""
    ours = [answer for sample in samples for answer in answers(sample, partial(attribute, threshold=0.0))]
    share = sum(answer.given.speaker is not None for answer in peer)
    least = sorted((answer.given.confidence for answer in ours), reverse=True)[share - 1]
    return [
        answer if answer.given.confidence >= least else answer._replace(given=NOBODY, right=False) for answer in ours
    ]


def _unknowable(samples: Iterable[Sample], given: Sequence[Answer]) -> str:
    """How many wrong answers the transcript gives itself: the whole line is a whole turn of the other person."""
    lines = ((sample, sample.lines[index]) for sample in samples for index in sample.counted)
    wrong = [
        (*line, answer.given.speaker)
        for line, answer in zip(lines, given, strict=True)
        if answer.given.speaker and not answer.right
    ]
    same = sum(
        any(turn.speaker == name and _words(turn.text) == _words(line.text) for turn in sample.turns)
        for sample, line, name in wrong
    )
    return f"Wrong: {len(wrong)}; of these {same} stand word for word as a turn of that other person."


def _calibration(given: Iterable[Answer]) -> Iterator[str]:
    yield "| confidence | lines | mean confidence | right |"
    yield "|---|---|---|---|"
    bins: dict[float, list[Answer]] = defaultdict(list)
    for answer in given:
        if answer.given.speaker:
            confidence = answer.given.confidence
            bins[0.99 if confidence >= 0.985 else 0.95 if confidence >= 0.925 else round(confidence, 1)].append(answer)
    for confidence, some in sorted(bins.items()):
        mean = sum(answer.given.confidence for answer in some) / len(some)
        right = sum(answer.right for answer in some) / len(some)
        yield f"| {confidence:.2f} | {len(some)} | {mean:.3f} | {right:.3f} |"


def _fit(episodes: Sequence[Sample], folder: Path) -> None:
    """Print the weights of `utils.alignment_confidence`, and what they give on episodes held out of the fit."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    materials = {
        "(a) real": list(episodes),
        "(a) poor": [poor(episode, seed) for seed in FIT_SEEDS for episode in episodes],
        "(a) long lumps": [poor(episode, seed, lumps=LONG_LUMPS) for seed in FIT_SEEDS for episode in episodes],
        "(b) Friends": [sample for seed in FIT_SEEDS for sample in friends(folder, seed)],
    }
    rows = [
        (title, sample.name, *row) for title, some in materials.items() for sample in some for row in _signs(sample)
    ]
    titles, names, signs, right, guessed = (np.array(column) for column in zip(*rows, strict=True))
    weights = np.array([1 / np.sum(titles == title) for title in titles]) * len(titles) / len(materials)

    def model(some: np.ndarray) -> LogisticRegression:
        return LogisticRegression(max_iter=3000).fit(signs[some], right[some], sample_weight=weights[some])

    known = np.flatnonzero(guessed)
    held_out = np.zeros(len(titles))
    for train, test in GroupKFold(8).split(known, groups=names[known]):
        held_out[known[test]] = model(known[train]).predict_proba(signs[known[test]])[:, 1]
    print("| held out by episode, confidence at least | lines | right | answered |", "|---|---|---|---|", sep="\n")
    for title in materials:
        for least in (0.5, 0.6, 0.7, 0.8, 0.9):
            here = titles == title
            answered = here & (held_out >= least)
            share = answered.sum() / here.sum()
            print(f"| {title}, {least} | {here.sum()} | {right[answered].mean():.2%} | {share:.2%} |")
    fitted = model(known)
    print(f"_INTERCEPT = {fitted.intercept_[0]:.3f}")
    print("\n".join(f"    {name}={value:.3f}," for name, value in zip(Signs._fields, fitted.coef_[0], strict=True)))


def _signs(sample: Sample) -> Iterator[tuple[Signs, bool, bool]]:
    """Of each counted line: its signs, whether the guess is right, whether there is one."""
    found = evidence([line._replace(speaker=None) for line in sample.lines], sample.turns)
    for index in sample.counted:
        guess, signs = found[index]
        right = guess is not None and guess.speaker == sample.lines[index].speaker
        yield signs or Signs(*[0.0] * len(Signs._fields)), right, guess is not None


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure who said it against known speakers.")
    parser.add_argument("--real", type=Path, default=Path("../shared/data/stranger_things"))
    parser.add_argument("--friends", type=Path, default=Path("../shared/data/friends"))
    parser.add_argument("--series", default="stranger_things")
    parser.add_argument("--fit", action="store_true", help="fit the weights of the confidence instead")
    options = parser.parse_args()
    series = load_series(options.series)
    episodes = list(real(options.real, series))
    if options.fit:
        _fit(episodes, options.friends)
        return
    materials = {
        "(a) real": (episodes, (0.99, 0.96)),
        "(a) poor": ([poor(episode, seed) for seed in SEEDS for episode in episodes], (0.95, 0.58)),
        "(a) long lumps": (
            [poor(episode, seed, lumps=LONG_LUMPS) for seed in SEEDS for episode in episodes],
            (0.95, 0.58),
        ),
        "(b) Friends": ([sample for seed in SEEDS for sample in friends(options.friends, seed)], (0.97, 0.90)),
    }
    everything, slowest = {}, (0.0, 0.0)
    answers(episodes[0], attribute)  # so that imports are not timed
    print("| material, lines, method | lines | right | answered | bar | |", "|---|---|---|---|---|---|", sep="\n")
    for title, (samples, bar) in materials.items():
        peer = [answer for sample in samples for answer in answers(sample, plain)]
        ours = []
        for sample in samples:
            begin = time.perf_counter(), time.process_time()
            ours += answers(sample, attribute)
            spent = time.perf_counter() - begin[0], time.process_time() - begin[1]
            slowest = max(slowest[0], spent[0]), max(slowest[1], spent[1])
        print(_row(f"{title}, all, difflib", peer))
        print(_row(f"{title}, all, ours", ours, bar))
        print(_row(f"{title}, all, ours at that share", _surest(samples, peer)))
        print(_row(f"{title}, alone, difflib", [answer for answer in peer if answer.alone]))
        print(_row(f"{title}, alone, ours", [answer for answer in ours if answer.alone], bar))
        everything[title] = ours
    print()
    for title, (samples, _) in materials.items():
        print(f"{title}: {_unknowable(samples, everything[title])}")
    for title, ours in everything.items():
        print(f"\nCalibration, {title}\n", *_calibration(ours), sep="\n")
    print(f"\nSlowest episode: {slowest[0]:.2f} s, of the processor {slowest[1]:.2f} s (bar: 0.5 s)")


if __name__ == "__main__":
    main()
