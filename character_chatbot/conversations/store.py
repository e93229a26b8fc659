"""Conversations and what was said in them, as one owner sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.conversations.records import (
    Conversation,
    State,
    Utterance,
    sources_from_json,
    sources_to_json,
)
from character_chatbot.conversations.schema import tables
from utils.errors import HawkinsError, InputError, did_you_mean

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row

    from character_chatbot.turn import Reply

__all__ = ["LOCAL", "ConversationStore", "clean_name"]

LOCAL: Final = "local"
"""Who owns what is said in the terminal."""
LONGEST_NAME: Final = 80  # characters


class ConversationStore:
    """Keeps conversations. Nothing that was said goes before `delete`.

    Args:
        engine: Of a database that `open_store` opened.
        owner: Whose conversations these are; others' can be neither seen nor changed.
    """

    def __init__(self, engine: Engine, *, owner: str = LOCAL) -> None:
        self._engine = engine
        self._owner = owner

    def owned_by(self, owner: str) -> ConversationStore:
        """Return the conversations of somebody else in the same database."""
        return ConversationStore(self._engine, owner=owner)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        from sqlalchemy.exc import DBAPIError, IntegrityError

        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise InputError(
                "The conversation was deleted or its name taken by another program; begin a new one."
            ) from None
        except DBAPIError as error:
            reason = " ".join(str(error.orig).split())
            raise HawkinsError(f"The database of conversations cannot be used: {reason}.") from None

    def create(
        self,
        characters: Sequence[str],
        *,
        series: str,
        timeline: str,
        name: str | None = None,
        until: str | None = None,
        results: str | None = None,
    ) -> Conversation:
        """Begin a conversation.

        Args:
            characters: Who takes part, by canonical name.
            series: See `Conversation`.
            timeline: See `Conversation`.
            name: What it is called; None for the characters' names and a number.
            until: The episode dial.
            results: See `Conversation`.

        Raises:
            InputError: If the name is taken or is none.
        """
        now = _now()
        with self._transaction() as connection:
            taken = set(connection.scalars(self._mine(tables().conversations.c.name)))
            chosen = _free_name(characters, taken) if name is None else _fresh_name(name, taken)
            values = {
                "owner": self._owner,
                "name": chosen,
                "series": series,
                "timeline": timeline,
                "characters": json.dumps(list(characters), ensure_ascii=False),
                "until": until,
                "results": results,
                "remembered_from": 0,
                "created": now,
                "updated": now,
            }
            connection.execute(tables().conversations.insert().values(values))
        return self.find(chosen)

    def all(self) -> list[Conversation]:
        """Return the conversations, the one last spoken in first."""
        with self._transaction() as connection:
            return self._read(connection)

    def find(self, name: str) -> Conversation:
        """Return a conversation by its name.

        Raises:
            InputError: If there is none, with the nearest names.
        """
        everything = self.all()
        found = next((one for one in everything if one.name == name.strip()), None)
        if found is None:
            names = [one.name for one in everything]
            hint = did_you_mean(name, names) or " See them with: hawkins conversations list."
            raise InputError(f"There is no conversation '{name}'.{hint}")
        return found

    def get(self, number: int) -> Conversation | None:
        """Return a conversation as it is now; None where it was deleted."""
        return next((one for one in self.all() if one.id == number), None)

    def rename(self, name: str, new: str) -> Conversation:
        """Give a conversation another name.

        Raises:
            InputError: If there is no such conversation, or the new name is taken or is none.
        """
        found = self.find(name)
        with self._transaction() as connection:
            taken = set(connection.scalars(self._mine(tables().conversations.c.name))) - {found.name}
            chosen = _fresh_name(new, taken)
            connection.execute(self._one(found.id).values(name=chosen))
        return self.find(chosen)

    def delete(self, name: str) -> None:
        """Delete a conversation with everything that was said in it.

        Raises:
            InputError: If there is none.
        """
        found = self.find(name)
        table = tables().conversations
        with self._transaction() as connection:
            connection.execute(table.delete().where(table.c.owner == self._owner, table.c.id == found.id))

    def set_characters(self, conversation: int, characters: Sequence[str]) -> None:
        """Let others take part from now on."""
        self._change(conversation, characters=json.dumps(list(characters), ensure_ascii=False))

    def set_until(self, conversation: int, until: str | None) -> None:
        """Turn the episode dial."""
        self._change(conversation, until=until)

    def forget(self, conversation: int) -> None:
        """Let the characters forget what was said so far; it stays in the database."""
        said = self.utterances(conversation)
        self._change(conversation, remembered_from=said[-1].id if said else 0)

    def utterances(self, conversation: int) -> list[Utterance]:
        """Return everything that was said, in order, also what was drawn anew."""
        from sqlalchemy import select

        messages, conversations = tables().messages, tables().conversations
        query = (
            select(messages)
            .join(conversations, conversations.c.id == messages.c.conversation)
            .where(conversations.c.owner == self._owner, conversations.c.id == conversation)
            .order_by(messages.c.id)
        )
        with self._transaction() as connection:
            return [_utterance(row) for row in connection.execute(query)]

    def ask(self, conversation: int, text: str, *, until: str | None = None) -> int:
        """Keep a person's message.

        Returns:
            Its id.
        """
        return self._say(conversation, role="user", character=None, text=text, until=until, state="complete")

    def begin(self, conversation: int, character: str, *, until: str | None = None) -> int:
        """Keep that a character begins to speak; until `finish` the reply counts as broken off.

        Returns:
            The reply's id.
        """
        return self._say(conversation, role="assistant", character=character, text="", until=until, state="partial")

    def progress(self, utterance: int, text: str) -> None:
        """Keep what a character has said up to now."""
        self._update(utterance, text=text)

    def finish(self, utterance: int, reply: Reply) -> None:
        """Keep a reply that is whole."""
        self._update(
            utterance,
            text=reply.text,
            sources=sources_to_json(reply.sources),
            unsupported=json.dumps(reply.unsupported, ensure_ascii=False),
            care=reply.care,
            support=reply.support,
            state="complete",
        )

    def replace(self, utterances: Sequence[int]) -> None:
        """Put replies out of the prompt, because others are drawn in their place."""
        for number in utterances:
            self._update(number, state="replaced")

    def _mine(self, *columns: Any) -> Any:
        from sqlalchemy import select

        return select(*columns).where(tables().conversations.c.owner == self._owner)

    def _one(self, conversation: int) -> Any:
        table = tables().conversations
        return table.update().where(table.c.owner == self._owner, table.c.id == conversation)

    def _change(self, conversation: int, **values: Any) -> None:
        with self._transaction() as connection:
            connection.execute(self._one(conversation).values(values))

    def _read(self, connection: Connection) -> list[Conversation]:
        from sqlalchemy import func, select

        conversations, messages = tables().conversations, tables().messages
        count = (
            select(func.count())
            .where(messages.c.conversation == conversations.c.id)
            .scalar_subquery()
            .label("messages")
        )
        query = self._mine(conversations, count).order_by(conversations.c.updated.desc(), conversations.c.id.desc())
        return [_conversation(row) for row in connection.execute(query)]

    def _say(self, conversation: int, **values: Any) -> int:
        now = _now()
        row = {"conversation": conversation, "sources": "[]", "unsupported": "[]", "time": now, **values}
        with self._transaction() as connection:
            touched = connection.execute(self._one(conversation).values(updated=now))
            if not touched.rowcount:
                raise InputError("The conversation was deleted; begin a new one.")
            messages = tables().messages
            return int(connection.execute(messages.insert().values(row).returning(messages.c.id)).scalar_one())

    def _update(self, utterance: int, **values: Any) -> None:
        from sqlalchemy import select

        messages, conversations = tables().messages, tables().conversations
        mine = select(conversations.c.id).where(conversations.c.owner == self._owner)
        here = messages.update().where(messages.c.id == utterance, messages.c.conversation.in_(mine))
        with self._transaction() as connection:
            connection.execute(here.values(values))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _free_name(characters: Sequence[str], taken: set[str]) -> str:
    stem = "-".join(character.casefold().replace(" ", "-") for character in characters)[: LONGEST_NAME - 8]
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def clean_name(name: str) -> str:
    """Return a conversation's name with single spaces.

    Raises:
        InputError: If it is empty, too long or cannot be printed.
    """
    chosen = " ".join(name.split())
    if not chosen or len(chosen) > LONGEST_NAME or not chosen.isprintable():
        raise InputError(f"A conversation's name has 1 to {LONGEST_NAME} printable characters; choose another.")
    return chosen


def _fresh_name(name: str, taken: set[str]) -> str:
    chosen = clean_name(name)
    if chosen in taken:
        raise InputError(f"There is a conversation '{chosen}' already; choose another name.")
    return chosen


def _conversation(row: Row[Any]) -> Conversation:
    values = dict(row._mapping)
    values.pop("owner")
    return Conversation(**{**values, "characters": tuple(json.loads(values["characters"]))})


def _utterance(row: Row[Any]) -> Utterance:
    state: State = row.state
    return Utterance(
        id=row.id,
        character=row.character,
        text=row.text,
        time=row.time,
        state=state,
        until=row.until,
        sources=sources_from_json(row.sources),
        support=row.support,
        unsupported=tuple(json.loads(row.unsupported)),
        care=row.care,
    )
