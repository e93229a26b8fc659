"""Opening a conversation: the world that it is held in, who takes part, where it is kept, who speaks to whom."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analysis.results import load_results
from character_chatbot import open_engine
from character_chatbot.company import Company
from character_chatbot.conversations import Conversation, open_store
from character_chatbot.conversations.database import MEMORY
from character_chatbot.conversations.store import clean_name
from character_chatbot.embedded import OnLoad, OnWarning
from character_chatbot.group import TURNS
from character_chatbot.prompt import clean_message
from character_chatbot.talk import Talk
from character_network import NamedEntityRecognizer, build_edges
from utils.episodes import Episode
from utils.errors import InputError
from utils.series import SeriesProfile
from utils.world import World

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["conversation_weights", "open_talk", "speaking_weights", "split_words"]

# From this likeness on, a single word is taken for a misspelt name.
_NEARLY: Final = 0.8


def open_talk(
    words: Sequence[str],
    *,
    message: str | None = None,
    until: str | None = None,
    session: str | None = None,
    results: Path | None = None,
    endpoint: str | None = None,
    database: str | Path | None = None,
    lasting: bool = True,
    turns: int = TURNS,
    seed: int = 0,
    on_load: OnLoad | None = None,
    on_warning: OnWarning | None = None,
) -> tuple[Talk, str | None]:
    """Begin a conversation or take one up again; loads no model.

    Args:
        words: Who takes part, and maybe what is said to them as the last; see `split_words`.
        message: What is said, if it is not the last word.
        until: The episode dial.
        session: Name of a conversation: that one goes on, or one of that name begins.
        results: Folder that `analysis.analyze` wrote; None for that of the session, or else the sample season.
        endpoint: URL of a chat server; None for the embedded model.
        database: As for `open_store`.
        lasting: Whether a conversation without a session is kept; one message and its answer never are.
        turns: Replies to one message, at most, in a group.
        seed: Of the draws in a group.
        on_load: Told what is loaded, before it is.
        on_warning: Told of what cannot be used, in one sentence.

    Returns:
        The talk, and the message if there is one.

    Raises:
        InputError: If names, message, dial, session, results or database cannot be used.
    """
    session = None if session is None else clean_name(session)
    store = open_store(MEMORY if session is None else database)
    found = None if session is None else next((one for one in store.all() if one.name == session), None)
    folder = results or (Path(found.results) if found and found.results else None)
    analysed = None if folder is None else load_results(folder)
    world = World.sample() if analysed is None else analysed.world
    engine = open_engine(endpoint, series=world.series, on_load=on_load, on_warning=on_warning)
    company = Company(world, engine=engine)
    names, said = split_words(words, company.world.series, message=message, named=found is not None)
    if said is not None:
        clean_message(said)
    elif session is None and lasting:
        store = open_store(database)
    if session is not None and found is None and not names:
        store.find(session)  # which says that it is not there
    _require_same_people(found, company, names)
    talk = Talk(
        company,
        store,
        conversation=found,
        characters=names,
        until=until,
        name=session,
        results=None if folder is None else str(folder.resolve()),
        weights=conversation_weights(company.world, None if analysed is None else analysed.edges),
        turns=turns,
        seed=seed,
    )
    if found is not None and until is not None:
        talk.turn_dial(until)
    return talk, said


def split_words(
    words: Sequence[str], series: SeriesProfile, *, message: str | None = None, named: bool = False
) -> tuple[list[str], str | None]:
    """Tell names from a message: where all words are names, several characters talk; else the last word is a message.

    Args:
        words: As they stand on the command line.
        series: Whose cast.
        message: A message given otherwise; all words are names then.
        named: Whether it is known without names who takes part.

    Raises:
        InputError: If the last word looks like a misspelt name.
    """
    names = list(words)
    if message is not None or not names or series.canonical(names[-1]) is not None:
        return names, message
    if len(names) == 1 and not named:
        return names, None  # which is refused as a name, with the nearest ones
    said = names.pop()
    known = {name.casefold(): name for person in series.cast for name in (person.name, *person.aliases)}
    near = difflib.get_close_matches(said.casefold(), known, n=1, cutoff=_NEARLY)
    if said.isalpha() and near:
        raise InputError(
            f"Is '{said}' a name or a message? Write the name as {known[near[0]]}, or use --message {said}."
        )
    return names, said


def _require_same_people(found: Conversation | None, company: Company, names: Sequence[str]) -> None:
    if found is not None and names and set(company.require(names)) != set(found.characters):
        raise InputError(
            f"The conversation '{found.name}' is with {', '.join(found.characters)}; leave the names out, or choose "
            "another --session."
        )


def conversation_weights(
    world: World, edges: pd.DataFrame | None = None
) -> Callable[[str | None], Mapping[tuple[str, str], float]]:
    """Return what tells, for a place on the dial, how often each person speaks to each other until then.

    Args:
        world: Where they speak.
        edges: Its ties, if they are known; else they are found in the dialogue when first asked for.
    """

    @cache
    def known() -> pd.DataFrame:
        if edges is not None:
            return edges
        names = NamedEntityRecognizer(series=world.series)
        return build_edges(world.dialogue, names.find(world.dialogue))

    return cache(lambda until: speaking_weights(known(), until=None if until is None else Episode.parse(until)))


def speaking_weights(edges: pd.DataFrame, *, until: Episode | None = None) -> dict[tuple[str, str], float]:
    """Return how many lines each person speaks to each other.

    Args:
        edges: An edges table.
        until: The last episode that counts.
    """
    spoken = edges[edges["kind"] == "speaks_to"]
    weights: dict[tuple[str, str], float] = {}
    columns = (spoken[name] for name in ("source", "target", "season", "episode", "weight"))
    for source, target, season, episode, weight in zip(*columns, strict=True):
        if until is None or Episode(int(season), int(episode)) <= until:
            weights[source, target] = weights.get((source, target), 0.0) + float(weight)
    return weights
