"""A conversation as a file: JSON for programs, Markdown for people."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from character_chatbot.conversations.records import Conversation, Utterance, sources_to_json
from utils.artifacts import atomic_write
from utils.errors import InputError, did_you_mean

__all__ = ["FORMATS", "export_conversation", "write_conversation"]

FORMATS: Final = ("json", "md")
_ENDINGS: Final = {".json": "json", ".md": "md", ".markdown": "md"}
_MARKUP: Final = re.compile(r"([\\`*_\[\]<>#|~])")


def write_conversation(
    path: Path, conversation: Conversation, utterances: Sequence[Utterance], *, file_format: str | None = None
) -> Path:
    """Write a conversation to a file that is not there yet.

    Args:
        path: Ends in ``.json`` or ``.md`` unless the format is given.
        conversation: What it is called and who takes part.
        utterances: Everything that was said.
        file_format: ``json`` or ``md``.

    Raises:
        InputError: If the file is there, cannot be written, or its format is unknown.
    """
    chosen = file_format or _ENDINGS.get(path.suffix.casefold(), path.suffix.removeprefix("."))
    # Unlike `Path.exists`, not put out by a name that is too long or a folder that may not be read.
    if os.path.exists(path):  # noqa: PTH110
        raise InputError(f"{path} is there already; choose another name.")
    text = export_conversation(conversation, utterances, file_format=chosen)
    try:
        atomic_write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Cannot write {path} ({error.strerror}); choose another place.") from None
    except ValueError:
        raise InputError(f"{str(path)!r:.80} is no name of a file; choose another.") from None
    return path


def export_conversation(conversation: Conversation, utterances: Sequence[Utterance], *, file_format: str) -> str:
    """Return a conversation as text.

    Raises:
        InputError: If the format is not one of `FORMATS`.
    """
    if file_format == "json":
        return json.dumps(_record(conversation, utterances), ensure_ascii=False, indent=2) + "\n"
    if file_format == "md":
        return "\n".join(_rows(conversation, utterances)) + "\n"
    hint = did_you_mean(file_format, FORMATS) or " Conversations are written as .json or .md."
    raise InputError(f"There is no format '{file_format}' for conversations.{hint}")


def _record(conversation: Conversation, utterances: Sequence[Utterance]) -> dict[str, Any]:
    return {
        "format": "hawkins-conversation",
        "version": 1,
        "name": conversation.name,
        "series": conversation.series,
        "timeline": conversation.timeline,
        "characters": list(conversation.characters),
        "until": conversation.until,
        "created": conversation.created,
        "updated": conversation.updated,
        "messages": [_message(one, forgotten=one.id <= conversation.remembered_from) for one in utterances],
    }


def _message(one: Utterance, *, forgotten: bool) -> dict[str, Any]:
    return {
        "role": one.role,
        "character": one.character,
        "text": one.text,
        "time": one.time,
        "state": one.state,
        "forgotten": forgotten,
        "until": one.until,
        "support": one.support,
        "sources": json.loads(sources_to_json(one.sources)),
        "unsupported": list(one.unsupported),
        "care": one.care,
    }


def _rows(conversation: Conversation, utterances: Sequence[Utterance]) -> Iterator[str]:
    dial = f"up to {conversation.until}" if conversation.until else "with everything that happened"
    yield f"# {_plain(conversation.name)}"
    yield ""
    yield f"{', '.join(map(_plain, conversation.characters))}, {dial}; begun {conversation.created}."
    yield "Fictional characters, played by a language model."
    for one in utterances:
        yield ""
        yield from _spoken(one)


def _spoken(one: Utterance) -> Iterator[str]:
    marks = {"partial": " *(broken off)*", "replaced": " *(drawn anew)*", "complete": ""}
    speaker = "Note" if one.care else one.character or "You"
    yield f"**{_plain(speaker)}:** {_plain(one.text)}{marks[one.state]}"
    if one.sources:
        labels = ", ".join(passage.label for passage in one.sources)
        yield ""
        yield f"> remembers {labels} (support {one.support or 0:.0%})"
    if one.unsupported:
        yield ""
        yield f"> own words, in no scene: {_plain(' '.join(one.unsupported))}"


def _plain(text: str) -> str:
    """Text in which nothing is markup: what was said is data."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
