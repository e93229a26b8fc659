"""What the software knows about one series: cast, places, themes, timelines.

Everything comes from ``series/<name>/profile.yaml``; another series is another folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from utils.errors import InputError, did_you_mean
from utils.settings import Settings, read_settings

__all__ = [
    "CastMember",
    "Place",
    "SceneSettings",
    "SeriesProfile",
    "Theme",
    "Timeline",
    "fold_name",
    "load_series",
    "series_names",
]

_SERIES_ROOT = Path(__file__).resolve().parent.parent / "series"


def fold_name(name: str) -> str:
    """Return a name as it is compared: no case, no dots, one kind of apostrophe, single spaces."""
    return " ".join(name.casefold().replace("’", "'").replace(".", "").split())


def _named(name: str) -> str:
    if not fold_name(name):
        raise ValueError(f"'{name}' is no name: it has no letters")
    return name


_Name = Annotated[str, AfterValidator(_named)]


class CastMember(Settings):
    """One person.

    Attributes:
        name: Canonical name, as in every table.
        aliases: Other ways in which people say it, each of which means this person alone.
        surname: Family name; shared by a family, so it identifies nobody by itself.
        group: Free label for readers (``party``, ``family``, ``laboratory``).
        age: In years as the series begins; None where unknown.
    """

    name: _Name
    aliases: tuple[_Name, ...] = ()
    surname: _Name | None = None
    group: str | None = None
    age: int | None = Field(default=None, ge=0)


class Place(Settings):
    """A place that people name.

    Attributes:
        name: Canonical name, as in the places table.
        aliases: Other ways in which people say it.
        description: What kind of place it is, in a few sentences; what the location classifier reads.
    """

    name: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    description: str = ""


class Theme(Settings):
    """A theme to look for.

    Attributes:
        label: What people read.
        hypothesis: The sentence that an entailment model tests.
        prototypes: Things that people say when the theme is present.
        trained_head: Whether a head that was trained for this label, in its everyday meaning, may answer instead of
            the sentences; ``false`` where the series means something else by it.
    """

    label: str = Field(min_length=1)
    hypothesis: str = Field(min_length=1)
    prototypes: tuple[str, ...] = Field(min_length=1)
    trained_head: bool = True


class SceneSettings(Settings):
    """When a new scene begins (see `utils.scenes`).

    Attributes:
        silence: Seconds without speech that end a scene by themselves.
        soft_silence: Seconds that end it if the speakers change too, or a direction stands in the gap.
        shortest: Lines below which a scene is joined to its neighbour.
        longest: Lines above which a scene is cut at its longest silence.
    """

    silence: float = Field(default=12.0, gt=0)
    soft_silence: float = Field(default=5.0, gt=0)
    shortest: int = Field(default=4, ge=1)
    longest: int = Field(default=60, ge=2)


class Timeline(Settings):
    """A run of episodes with its own numbering.

    Attributes:
        title: For people.
        after: Name of a timeline that has wholly happened before this one.
    """

    title: str
    after: str | None = None


class SeriesProfile(Settings):
    """A whole series.

    Raises:
        pydantic.ValidationError: If two people share an alias or two themes a label.
    """

    title: str
    description: str = ""
    cast: tuple[CastMember, ...] = ()
    places: tuple[Place, ...] = ()
    themes: tuple[Theme, ...] = ()
    scenes: SceneSettings = SceneSettings()
    timelines: dict[str, Timeline] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)
    not_people: tuple[str, ...] = ()
    anachronisms: tuple[str, ...] = ()
    folder: Path | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _names_are_unambiguous(self) -> Self:
        owner: dict[str, str] = {}
        everybody = [person.name for person in self.cast]
        if twice := {name for name in everybody if everybody.count(name) > 1}:
            raise ValueError(f"{min(twice)} is in the cast twice")
        for person in self.cast:
            for name in (person.name, *person.aliases):
                other = owner.setdefault(fold_name(name), person.name)
                if other != person.name:
                    raise ValueError(f"the name '{name}' belongs to both {other} and {person.name}; remove it from one")
        labels = [theme.label.casefold() for theme in self.themes]
        if repeated := {label for label in labels if labels.count(label) > 1}:
            raise ValueError(f"theme '{min(repeated)}' is listed twice")
        for name, timeline in self.timelines.items():
            if timeline.after is not None and timeline.after not in self.timelines:
                raise ValueError(f"timeline '{name}' comes after '{timeline.after}', which is not a timeline")
            self._require_a_beginning(name)
        return self

    def _require_a_beginning(self, name: str) -> None:
        seen = {name}
        while (after := self.timelines[name].after) is not None and after in self.timelines:
            if after in seen:
                raise ValueError(f"timeline '{after}' comes after itself")
            seen.add(after)
            name = after

    @cached_property
    def _canonical(self) -> dict[str, str]:
        return {fold_name(name): person.name for person in self.cast for name in (person.name, *person.aliases)}

    def canonical(self, name: str) -> str | None:
        """Return the canonical name of a person, or None for somebody unknown (case, dots and outer space ignored)."""
        return self._canonical.get(fold_name(name))

    def require_character(self, name: str) -> str:
        """Return the canonical name of a person.

        Raises:
            InputError: If nobody is called that, with the nearest names.
        """
        canonical = self.canonical(name)
        if canonical is None:
            names = [person.name for person in self.cast]
            hint = did_you_mean(name, names) or f" There are: {', '.join(names[:12])} ..."
            raise InputError(f"No character '{name}' in {self.title}.{hint}")
        return canonical

    def happened_before(self, timeline: str) -> Iterator[str]:
        """Yield the timelines that lie wholly before the given one, nearest first."""
        while (named := self.timelines.get(timeline)) and named.after is not None:
            timeline = named.after
            yield timeline

    @property
    def reference(self) -> str:
        """What `load_series` takes to read this series again: a bare name for those that ship with the software."""
        return self._home.name if self._home.parent == _SERIES_ROOT else str(self._home)

    @property
    def sample(self) -> Path:
        """Folder of the sample season that ships with the series."""
        return self._home / "sample"

    @property
    def characters(self) -> Path:
        """Folder of the character cards."""
        return self._home / "characters"

    @property
    def place_kinds(self) -> Path:
        """File of the kinds of places and the rules that tell them (see `text_classification.labelling`)."""
        return self._home / "place_kinds.yaml"

    @property
    def voices(self) -> Path:
        """Folder of example exchanges, one file a character."""
        return self._home / "voices"

    @property
    def adapters(self) -> Path:
        """Folder of the trained voices that ship with the series, one GGUF adapter a character and base."""
        return self._home / "adapters"

    @property
    def key(self) -> str:
        """Name of its folder, under which results are kept."""
        return self._home.name

    @property
    def _home(self) -> Path:
        if self.folder is None:
            raise InputError(f"The profile of {self.title} was not read from a folder; use load_series().")
        return self.folder


def series_names() -> list[str]:
    """Return the series that ship with the software."""
    return sorted(path.parent.name for path in _SERIES_ROOT.glob("*/profile.yaml"))


def load_series(name: str | Path = "stranger_things") -> SeriesProfile:
    """Read a series by name (a folder in ``series/``) or by the path of such a folder.

    Raises:
        InputError: If there is no such series, or its profile cannot be read, naming file and key.
    """
    # A bare name means one of ours, whatever lies in the working directory.
    ours = _SERIES_ROOT / name
    folder = ours if (ours / "profile.yaml").is_file() else Path(name)
    if not (folder / "profile.yaml").is_file():
        hint = did_you_mean(str(name), series_names()) or f" There are: {', '.join(series_names())}."
        raise InputError(f"No series '{name}': neither a folder with a profile.yaml nor one of ours.{hint}")
    profile = read_settings(folder / "profile.yaml", SeriesProfile)
    return profile.model_copy(update={"folder": folder.resolve()})
