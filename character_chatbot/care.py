"""Care for those who talk and those who are talked to: many of the characters are children.

A message is screened before it reaches a character, a reply before it is shown. Sexual content is refused whoever it
is about; whoever speaks of hurting themselves gets a kind note that points to people who can help. Both are said out of
character. How it is found, and how often that fails: docs/care.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from character_chatbot.care_head import CareHead, Hearing, care_head
from character_chatbot.care_rules import fears_death, harms_self, is_sexual, lifts_age, too_close
from character_chatbot.recall import Encoder, OnceEncoder
from character_chatbot.words import sentences
from utils.chat import Message
from utils.embeddings import SentenceEncoder
from utils.series import CastMember

__all__ = [
    "DISCLOSURE",
    "SELF_HARM",
    "SEXUAL",
    "Care",
    "is_minor",
    "screen_message",
    "screen_reply",
    "without_flagged",
    "worth_hearing",
]

DISCLOSURE: Final = (
    "You are talking with a fictional AI character. It can be wrong, it is no person, and it is no help in an"
    " emergency."
)
SEXUAL: Final = (
    "This is where the story stops: many of these characters are children, and nothing sexual is written with"
    " or about "
    "them, whatever age a story gives them. If something like this happens to you or to a child that you know, it is "
    "not that child's fault: tell an adult you trust, or find a child helpline at childhelplineinternational.org."
)
SELF_HARM: Final = (
    "A word from outside the story: I am a program and no help in an emergency, but what you wrote sounds"
    " heavy, and you "
    "should not have to carry it alone. Please talk with somebody you trust, or with people who are there for this: "
    "findahelpline.com lists free lines by country; in the US call or text 988. If you or somebody else is in danger "
    "now, call your local emergency number."
)
# What counts, below the margin, if the text makes somebody an adult for a story.
_LIFTED: Final = -0.3
# In fewer words there is nothing to paraphrase, and a "Mmm" sounds like much.
_FEWEST_WORDS: Final = 3
# From so many characters on, a sentence vector is about too much to tell what one sentence says.
_LONG: Final = 300
_WINDOW: Final = 40  # words
# So many parts are heard for each kind; more would take too long.
_HEARD: Final = 3
_OF_AGE: Final = 18


@dataclass(frozen=True, kw_only=True)
class Care:
    """What is shown instead.

    Attributes:
        kind: Why.
        text: What is said, out of character.
    """

    kind: Literal["sexual", "self_harm"]
    text: str


_REFUSAL: Final = Care(kind="sexual", text=SEXUAL)
_HELP: Final = Care(kind="self_harm", text=SELF_HARM)


def is_minor(person: CastMember) -> bool:
    """Whether somebody is a child as the story begins; who has no stated age is taken for one."""
    return person.age is None or person.age < _OF_AGE


def screen_message(message: str, *, encoder: Encoder | None = None) -> Care | None:
    """Return what is shown instead of a reply to a message, or None where nothing stands in its way.

    Args:
        message: What was said to a character.
        encoder: With the embedded encoder, paraphrases that no rule names are found as well. A `OnceEncoder` spares the
            embedding of a message for recall.
    """
    return _screen(message, encoder, hearing="message")


def screen_reply(text: str, *, encoder: Encoder | None = None) -> Care | None:
    """Return what is shown instead of a reply, or None where it may be shown (see `screen_message`)."""
    return _REFUSAL if too_close(text) else _screen(text, encoder, hearing="reply")


def without_flagged(talk: Sequence[Message]) -> list[Message]:
    """Return a conversation without the exchanges that the rules flag, so that roles go on taking turns.

    Args:
        talk: As its teller has it: what was refused may stand in it, and what was never said.
    """
    kept = (part for part in _exchanges(talk) if all(screen_message(one["content"]) is None for one in part))
    return [one for part in kept for one in part]


def _exchanges(talk: Sequence[Message]) -> list[list[Message]]:
    """A conversation cut before what a person says after a reply."""
    parts: list[list[Message]] = []
    for one in talk:
        if not parts or (one["role"] == "user" and parts[-1][-1]["role"] != "user"):
            parts.append([])
        parts[-1].append(one)
    return parts


def _screen(text: str, encoder: Encoder | None, *, hearing: Hearing) -> Care | None:
    return _read(text) or _heard(text, encoder, hearing=hearing)


# Every turn screens the whole conversation anew, because whoever tells it may have changed it.
@lru_cache(maxsize=2_000)
def _read(text: str) -> Care | None:
    """What the rules find."""
    if is_sexual(text):
        return _REFUSAL
    return _HELP if harms_self(text) else None


def _heard(text: str, encoder: Encoder | None, *, hearing: Hearing) -> Care | None:
    """What the trained head hears."""
    inner = None if encoder is None else OnceEncoder.of(encoder).sentences
    # Encoders made in memory have no weights on disk that a head could be bound to.
    if encoder is None or inner is None or (head := care_head(inner.path)) is None:
        return None
    if len(text.split()) < _FEWEST_WORDS:
        return None
    long = len(text) >= _LONG
    if not (heard := worth_hearing(text, inner, head) if long else [text]):
        return None
    excess = head.excess(encoder.encode(heard), "part" if long else hearing)
    if excess["sexual"] > (_LIFTED if not long and lifts_age(text) else 0.0):
        return _REFUSAL
    return _HELP if excess["self_harm"] > 0.0 and not fears_death(text) else None


def worth_hearing(text: str, encoder: SentenceEncoder, head: CareHead) -> list[str]:
    """Return the parts of a long text that sound most like each kind at a glance.

    Args:
        text: To be heard.
        encoder: Whose words' vectors are glanced at.
        head: What knows how each kind looks.
    """
    if not (parts := list(_parts(text))):
        return []
    looks = encoder.glance(parts) @ head.glances.T
    return list({parts[at]: None for column in looks.T for at in column.argsort()[::-1][:_HEARD]})


def _parts(text: str) -> Iterator[str]:
    """The sentences of a text, and overlapping windows of long ones."""
    for sentence in sentences(text):
        words = sentence.split()
        for begin in range(0, max(1, len(words) - _WINDOW // 2), _WINDOW // 2):
            if len(part := words[begin : begin + _WINDOW]) >= _FEWEST_WORDS:
                yield " ".join(part)
