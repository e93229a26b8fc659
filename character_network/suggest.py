"""A cast proposed for a series that nobody has described yet, from its lines and, where known, their speakers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from character_network.candidates import load_name_finder
from character_network.grouping import Entry, grouped, is_somebody
from character_network.lexicon import CROWD, FUNCTION_WORDS, MONTHS
from character_network.persons import is_person
from character_network.surfaces import Surfaces
from utils.errors import InputError
from utils.models import find_weights
from utils.progress import Progress, silent
from utils.series import CastMember, SeriesProfile, fold_name

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["Suggestion", "suggest_cast"]


@dataclass(frozen=True)
class Suggestion:
    """A proposed cast.

    Attributes:
        people: Those who are named and speak most first.
        rejected: What looked like a name and is hardly a person's, with how often it is written.
    """

    people: tuple[Entry, ...]
    rejected: dict[str, int]

    def profile(self, title: str) -> SeriesProfile:
        """Return the cast as a profile; of two people with one alias the first keeps it."""
        taken = {fold_name(person.name) for person in self.people}
        firsts = Counter(person.first for person in self.people)
        cast = []
        for person in self.people:
            forms = [form for form, _ in person.forms.most_common()]
            if person.name.startswith(f"{person.first} ") and person.lines and firsts[person.first] == 1:
                forms.append(person.first)
            aliases = [form for form in dict.fromkeys(forms) if fold_name(form) not in taken]
            taken |= {fold_name(alias) for alias in aliases}
            cast.append(CastMember(name=person.name, aliases=tuple(aliases), surname=person.surname))
        return SeriesProfile(title=title, cast=tuple(cast))


def suggest_cast(
    texts: Iterable[str],
    *,
    speakers: Iterable[str] = (),
    fewest: int = 1,
    model: str | Path | Language | None = None,
    progress: Progress = silent,
) -> Suggestion:
    """Propose who is in a series.

    Args:
        texts: Spoken lines.
        speakers: The label of each line whose speaker is known, in any order; such a label becomes a name.
        fewest: How often somebody must be named or speak.
        model: Folder of a spaCy pipeline, or a pipeline; None takes the best that is installed.
        progress: Counts lines that the name finder reads.

    Returns:
        The people and what was left out.

    Raises:
        InputError: If nobody is named.
        WeightsError: If there is no name finder.
    """
    surfaces = Surfaces([text for text in texts if text])
    surfaces.ask(_finder(model), progress=progress)
    counts = {
        name: evidence.written
        for name, evidence in surfaces.evidence.items()
        if is_person(name, evidence, lower=surfaces.lower)
    }
    people = [entry for entry in grouped(counts, _labels(speakers, surfaces)) if entry.said + entry.lines >= fewest]
    if not people:
        raise InputError(
            "Nobody is named in these lines; give more of them, with their capital letters, or transcripts that name "
            "speakers."
        )
    return Suggestion(tuple(people), _rejected(surfaces, counts))


def _finder(model: str | Path | Language | None) -> Language:
    if model is None or isinstance(model, (str, Path)):
        return load_name_finder(find_weights("names", path=model).path)
    return model


def _labels(speakers: Iterable[str], surfaces: Surfaces) -> Counter[str]:
    """Count the labels that name somebody; a word that is mostly a noun where it is written small is none."""
    labels = Counter(speakers)
    words = {label.split()[0].casefold() for label in labels if label.strip()}
    inner = Counter[str]()
    for name, evidence in surfaces.evidence.items():
        inner[name.split()[0].casefold()] += evidence.inner
    common = {word for word in words if surfaces.nouns[word] * 4 > surfaces.lower[word] > inner[word]}
    common |= CROWD | FUNCTION_WORDS - MONTHS
    return Counter({label: lines for label, lines in labels.items() if is_somebody(label, common=common)})


def _rejected(surfaces: Surfaces, counts: dict[str, int]) -> dict[str, int]:
    left = {
        name: evidence.written
        for name, evidence in surfaces.evidence.items()
        if name not in counts and (evidence.inner >= 3 or evidence.taken >= 2)
    }
    return dict(sorted(left.items(), key=lambda item: (-item[1], item[0])))
