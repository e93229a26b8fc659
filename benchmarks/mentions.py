"""Who is named: ours against spaCy alone on lines with gold names, and against ``nlp(text)`` in speed.

    python benchmarks/mentions.py                                        # 500 labelled lines of the sample season
    python benchmarks/mentions.py --friends friends_person_dev.jsonl.gz  # and sentences with gold names
    python benchmarks/mentions.py --friends FILE --edits EDITS.yaml      # the suggested profile edited by hand
    python benchmarks/mentions.py --speed SUBTITLES                      # and seconds, on 34 episodes

The profile for the second is made from the sentences by `character_network.suggest_cast` alone, without their gold.
``EDITS.yaml`` may hold ``remove`` (names), ``join`` (name: list of names that become its aliases), ``alias``
(name: list), ``add`` (cast members) and ``not_people``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from character_network import NamedEntityRecognizer, pronoun_mentions, suggest_cast
from utils.data_loader import load_dialogue
from utils.models import find_weights
from utils.series import CastMember, SeriesProfile, load_series

if TYPE_CHECKING:
    import pandas as pd

LABELS = Path(__file__).resolve().parent.parent / "tests" / "data" / "name_mentions.csv"
KEYS = ["season", "episode", "line"]
# Tokens that stand directly behind the one before, and those behind which nothing stands apart.
_GLUED = re.compile(r"n't|['’](?:s|m|re|ve|ll|d)|[.,!?;:%)\]…]+|''", re.IGNORECASE)
_OPENING = ("(", "[", "``", "$")
PERSONS = {
    "    I, me, my, mine, myself": {"i", "me", "my", "mine", "myself"},
    "    you, your, yours, yourself": {"you", "your", "yours", "yourself", "ya"},
}


class Span(NamedTuple):
    """A name in a line, and whose it is."""

    line: int
    begin: int
    finish: int
    who: str


def score(found: Iterable[Span], gold: Iterable[Span], *, whose: bool) -> tuple[float, float, float]:
    """Precision, recall and F1; a span is right if it overlaps one of gold that no other has taken."""
    left, wrong, right = list(gold), 0, 0
    total = len(left)
    for span in found:
        match = next(
            (
                other
                for other in left
                if other.line == span.line
                and other.begin < span.finish
                and span.begin < other.finish
                and (not whose or other.who == span.who)
            ),
            None,
        )
        if match is None:
            wrong += 1
        else:
            left.remove(match)
            right += 1
    precision, recall = right / max(1, right + wrong), right / max(1, total)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def show(name: str, scores: tuple[float, float, float]) -> None:
    precision, recall, f1 = scores
    print(f"{name:<42} precision {precision:.3f}   recall {recall:.3f}   F1 {f1:.3f}")


def by_spacy(texts: Sequence[str]) -> list[Span]:
    """What the embedded spaCy model takes for people, by itself."""
    import spacy

    nlp = spacy.load(find_weights("names").path)
    return [
        Span(line, entity.start_char, entity.end_char, "")
        for line, doc in enumerate(nlp.pipe(texts))
        for entity in doc.ents
        if entity.label_ == "PERSON"
    ]


def spans_of(mentions: pd.DataFrame) -> list[Span]:
    return [Span(*row) for row in mentions[["line", "begin", "finish", "character"]].itertuples(index=False)]


def sample() -> None:
    """The lines of the sample that were labelled by hand; the whole season is read, with its speakers."""
    import pandas as pd

    folder = load_series().sample
    dialogue = load_dialogue(folder / "subtitles", transcripts=folder / "transcripts")
    labels = pd.read_csv(LABELS)
    lines = labels[KEYS].drop_duplicates().reset_index(drop=True)
    gold = spans_of(
        labels.dropna()
        .drop(columns="line")
        .assign(line=number(labels.dropna(), lines))
        .astype({"begin": int, "finish": int})
    )
    for name, table in (("with speakers", dialogue), ("without speakers", dialogue[[*KEYS, "text"]])):
        found = NamedEntityRecognizer().find(table).merge(lines, on=KEYS)
        found["line"] = number(found, lines)
        show(f"sample, {len(lines)} lines, ours, {name}", score(spans_of(found), gold, whose=True))
    texts = lines.merge(dialogue, on=KEYS)["text"].tolist()
    show("sample, spaCy alone (any person)", score(by_spacy(texts), gold, whose=False))


def number(table: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
    """The position of each row's line among the labelled ones."""
    places = {key: position for position, key in enumerate(lines.itertuples(index=False, name=None))}
    return table[KEYS].apply(lambda row: places[tuple(row)], axis=1)


def sentences(path: Path) -> tuple[pd.DataFrame, list[Span], list[Span]]:
    """Gold sentences as a dialogue table, with the spans of names and of pronouns; tokens become text with offsets."""
    import pandas as pd

    rows, names, pronouns = [], [], []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line, sentence in enumerate(map(json.loads, file)):
            text, offsets = "", []
            for token in sentence["tokens"]:
                if text and not (_GLUED.fullmatch(token) or text.endswith(_OPENING)):
                    text += " "
                offsets.append((len(text), len(text) + len(token)))
                text += token
            season, episode, scene = map(int, re.findall(r"\d+", sentence["uid"])[:3])
            speaker = sentence["speakers"][0] if len(sentence["speakers"]) == 1 else None
            rows.append((season, episode, line, scene, speaker, text))
            for mention in sentence["mentions"]:
                span = Span(line, offsets[mention["start"]][0], offsets[mention["end"] - 1][1], mention["entities"][0])
                if mention["kind"] == "name":
                    names.append(span)
                elif mention["kind"] == "pronoun":
                    pronouns.append(span)
    table = pd.DataFrame(rows, columns=[*KEYS, "scene", "speaker", "text"])
    return table.astype({"speaker": "string", "text": "string"}), names, pronouns


def edited(profile: SeriesProfile, edits: dict[str, Any]) -> SeriesProfile:
    """Apply hand edits to a suggested profile."""
    cast = {person.name: person for person in profile.cast if person.name not in edits.get("remove", ())}
    for name, others in edits.get("join", {}).items():
        joined = [cast.pop(other) for other in others]
        more = [alias for other in joined for alias in (other.name, *other.aliases)]
        cast[name] = cast[name].model_copy(update={"aliases": (*cast[name].aliases, *more)})
    for name, aliases in edits.get("alias", {}).items():
        cast[name] = cast[name].model_copy(update={"aliases": (*cast[name].aliases, *aliases)})
    for name, aliases in edits.get("unalias", {}).items():
        kept = tuple(alias for alias in cast[name].aliases if alias not in aliases)
        cast[name] = cast[name].model_copy(update={"aliases": kept})
    added = [CastMember(**person) for person in edits.get("add", ())]
    return SeriesProfile(title=profile.title, cast=(*cast.values(), *added), not_people=edits.get("not_people", ()))


def friends(path: Path, edits: Path | None, verbose: bool) -> None:
    import yaml

    dialogue, gold, pronouns = sentences(path)
    suggestion = suggest_cast(dialogue["text"], speakers=dialogue["speaker"].dropna())
    alone = suggest_cast(dialogue["text"])
    profiles = {"suggested from lines alone": alone.profile("T"), "suggested": suggestion.profile("T")}
    if edits:
        profiles["suggested and edited"] = edited(profiles["suggested"], yaml.safe_load(edits.read_text("utf-8")))
    for name, profile in profiles.items():
        found = NamedEntityRecognizer(series=profile).find(dialogue)
        show(f"gold sentences, {name}", score(spans_of(found), gold, whose=False))
        show("    and whose", score(spans_of(found), gold, whose=True))
    by_person(pronoun_mentions(dialogue, found), pronouns, dialogue["text"].tolist())
    show("gold sentences, spaCy alone", score(by_spacy(dialogue["text"].tolist()), gold, whose=False))
    if verbose:
        report(spans_of(found), gold, dialogue["text"].tolist())


def by_person(found: pd.DataFrame, gold: list[Span], texts: list[str]) -> None:
    """Pronouns of either person: how many of those that are resolved and marked in gold are right, and of all gold."""
    whose = {(span.line, span.begin): span.who for span in gold}
    for person, words in PERSONS.items():
        ours = [span for span in spans_of(found) if texts[span.line][span.begin : span.finish].casefold() in words]
        marked = [span for span in ours if (span.line, span.begin) in whose]
        right = sum(whose[span.line, span.begin] == span.who for span in marked)
        total = sum(texts[span.line][span.begin : span.finish].casefold() in words for span in gold)
        print(f"{person:<42} right {right / len(marked):.3f} of {len(marked)} resolved; recall {right / total:.3f}")


def report(found: list[Span], gold: list[Span], texts: list[str]) -> None:
    for title, some, others in (("MISSED", gold, found), ("FALSE", found, gold)):
        for a in some:
            if not any(a.line == b.line and a.begin < b.finish and b.begin < a.finish for b in others):
                print(f"{title:<7}{texts[a.line][a.begin : a.finish]:<18} {a.who:<18} {texts[a.line][:100]}")


def timed(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def speed(folder: Path, episodes: int = 34) -> None:
    """Ours on copies of the subtitles, and ``nlp(text)`` sentence by sentence on the lines of some of them."""
    import spacy

    files = sorted(folder.rglob("*.srt"))
    with tempfile.TemporaryDirectory() as name:
        for copy in range(episodes):
            shutil.copy(files[copy % len(files)], Path(name) / f"S{copy // 10 + 1:02}E{copy % 10 + 1:02}.srt")
        dialogue = load_dialogue(name)
    texts = dialogue["text"].tolist()
    ours = timed(lambda: NamedEntityRecognizer().find(dialogue))
    nlp = spacy.load(find_weights("names").path)
    few = texts[:: max(1, len(texts) // 3000)]
    peer = timed(lambda: [nlp(text).ents for text in few]) * len(texts) / len(few)
    print(
        f"{episodes} episodes, {len(texts):,} lines: ours {ours:.2f} s; nlp(text) {peer:.1f} s, from {len(few):,} "
        f"lines; {peer / ours:.1f} times"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--friends", type=Path, metavar="FILE")
    options.add_argument("--edits", type=Path, metavar="FILE")
    options.add_argument("--speed", type=Path, metavar="DIR")
    options.add_argument("--verbose", action="store_true", help="list what is missed and what is false")
    given = options.parse_args()
    sample()
    if given.friends:
        friends(given.friends, given.edits, given.verbose)
    if given.speed:
        speed(given.speed)


if __name__ == "__main__":
    main()
