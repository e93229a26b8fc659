"""Surfaces and speaker labels that mean the same person become one cast entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from character_network.lexicon import TITLES
from character_network.lines import is_crowd
from utils.series import fold_name

__all__ = ["Entry", "grouped", "is_somebody"]

_SHORTEST_STEM = 3
_CIVIL = ("mr", "mrs", "ms", "miss")
_SUFFIXES = ("Jr.", "Sr.", "Jr", "Sr", "II", "III")
_ENDINGS = ("ster", "ie", "ey", "y", "e", "s", "o", "")


@dataclass
class Entry:
    """A proposed person.

    Attributes:
        name: What it shall be called.
        forms: Surfaces that mean this person, with how often each is written.
        lines: How many lines it speaks.
    """

    name: str
    forms: Counter[str] = field(default_factory=Counter)
    lines: int = 0

    @property
    def said(self) -> int:
        """How often it is named."""
        return self.forms.total()

    @property
    def first(self) -> str:
        """The first word of its longest form that has no title."""
        return self._full()[0]

    @property
    def surname(self) -> str | None:
        """The last word of a full name, or what follows the title of somebody who is never called otherwise."""
        words = self._full()
        if len(words) > 1 and self.name != words[-1]:
            return words[-1]
        return words[-1] if _title(self.name) else None

    def _full(self) -> list[str]:
        forms = [form.split() for form in (self.name, *self.forms)]
        bare = ([word for word in form if not (_is_title(word) or word in _SUFFIXES)] for form in forms)
        return max(bare, key=len) or forms[0]


def is_somebody(label: str, *, common: Collection[str]) -> bool:
    """Whether a speaker label names one person: not ``Man 2``, ``Both`` or ``The Keeper``.

    Args:
        label: As the transcript has it.
        common: Casefolded words that are no names.
    """
    words = [word.casefold().strip(".,#()'\"") for word in label.split()]
    if not label[:1].isupper() or any(not word or any(map(str.isdigit, word)) for word in words):
        return False
    return not is_crowd(label) and (words[0] in TITLES or words[0] not in common)


def _is_title(word: str) -> bool:
    return word.casefold().rstrip(".") in TITLES


def _title(form: str) -> str | None:
    first, *rest = form.split()
    return first.casefold().rstrip(".") if rest and _is_title(first) else None


def grouped(counts: Mapping[str, int], speakers: Mapping[str, int]) -> list[Entry]:
    """Join surfaces into people.

    A first name belongs to the only full name that begins with it, a last name to the only one that ends in it, a short
    form (``Barb``, ``Nance``) to the only first name that continues it. What could be two people's stays by itself.

    Args:
        counts: Surfaces of people to how often they are written.
        speakers: Labels of speakers who are somebody to how many lines they have.

    Returns:
        The people, those who are named and speak most first.
    """
    firsts = {label.split()[0] for label in speakers}
    labels = {label: n for label, n in speakers.items() if len(label.split()) == 1 or label.split()[-1] not in firsts}
    people = list(_merged(Entry(label, lines=lines) for label, lines in labels.items()))
    for step in (_full_names, _single_names, _titled_names):
        people += step(counts, people)
    for person in people:
        if not person.lines:
            person.name = min(person.forms, key=lambda form: (-person.forms[form], len(form), form))
    return sorted(_merged(people), key=lambda person: (-(person.said + person.lines), person.name))


def _merged(people: Iterable[Entry]) -> Iterable[Entry]:
    """Join entries that have come to the same name."""
    by_name: dict[str, Entry] = {}
    for person in people:
        same = by_name.setdefault(fold_name(person.name), person)
        if same is not person:
            same.forms += person.forms
            same.lines += person.lines
    return by_name.values()


def _is_full(name: str) -> bool:
    return " " in name and not _title(name)


def _given(name: str, count: int, owners: list[Entry]) -> Iterator[Entry]:
    """Give a surface to its only owner, or else make a new person of it."""
    if len(owners) == 1:
        owners[0].forms[name] += count
    else:
        yield Entry(name, Counter({name: count}))


def _full_names(counts: Mapping[str, int], people: list[Entry]) -> list[Entry]:
    new: list[Entry] = []
    for name in filter(_is_full, counts):
        first = name.split()[0]
        if _epithet(name, counts):
            continue
        new += _given(name, counts[name], [p for p in people if p.name == name or (p.name == first and p.lines)])
    return new


def _single_names(counts: Mapping[str, int], people: list[Entry]) -> list[Entry]:
    new: list[Entry] = []
    singles = [name for name in counts if " " not in name]
    for name in sorted(singles, key=lambda name: (-len(name), -counts[name], name)):
        everybody = [*people, *new]
        family = [person for person in everybody if person.surname == name]
        bearers = [person for person in everybody if name in (person.name, person.first)]
        if len(family) > 1 and not bearers:
            continue  # shared by a family
        owners = bearers or family or _continued(name, counts, everybody)
        new += _given(name, counts[name], owners)
    for name in filter(_is_full, counts):
        owners = [person for person in (*people, *new) if name.split()[-1] == person.name]
        if len(owners) == 1 and _epithet(name, counts):
            owners[0].forms[name] += counts[name]
    return new


def _epithet(name: str, counts: Mapping[str, int]) -> bool:
    """Whether a known name has something before it (``King Steve``); what two have behind them is a surname."""
    first, *_, last = name.split()
    alike = sum(_is_full(other) and other.split()[-1] == last for other in counts)
    return last in counts and first not in counts and alike == 1


def _continued(name: str, counts: Mapping[str, int], people: list[Entry]) -> list[Entry]:
    """Return whose first name continues a short form that is not much more usual than it."""
    stems = [stem for stem in (name.removesuffix(ending) for ending in _ENDINGS) if len(stem) >= _SHORTEST_STEM]
    return [
        person
        for person in people
        if person.first != name
        and any(len(stem) < len(person.first) and person.first.startswith(stem) for stem in stems)
        and counts[name] <= 2 * max(person.said, person.lines, counts.get(person.first, 0))
    ]


def _titled_names(counts: Mapping[str, int], people: list[Entry]) -> list[Entry]:
    new: list[Entry] = []
    for name in filter(_title, counts):
        rest = name.split(maxsplit=1)[1]
        labelled = [person for person in people if person.name == name]
        owners = labelled or [person for person in (*people, *new) if rest == person.name or rest in person.forms]
        # "Mrs. Holland" is hardly the girl who is called Barbara; "Officer Powell" may well be Powell.
        own = _title(name) in _CIVIL and not labelled and any(person.first != rest for person in owners)
        new += _given(name, counts[name], [] if own else owners)
    return new
