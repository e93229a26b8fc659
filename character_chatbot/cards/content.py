"""What stands in a card of ours: the character as it is by the episode dial."""

from __future__ import annotations

from typing import Final

from character_chatbot.cards.lived import Lived
from character_chatbot.cards.lorebook import lorebook
from character_chatbot.cards.spec import V3, Json
from character_chatbot.cards.text import described, example_text
from character_chatbot.cards.versions import MARK
from utils.characters import Exchange

__all__ = ["fresh_card"]

SOFTWARE: Final = "Stranger Things NLP"
MOST_EXAMPLES: Final = 16
LONGEST_EXAMPLES: Final = 2_400
"""Characters, some 700 tokens."""
ADULT: Final = 18


def fresh_card(lived: Lived, now: int) -> Json:
    """Build a V3 card of a character.

    Args:
        lived: Who, where, and by when.
        now: Seconds since 1970, for the card's dates.
    """
    card, series = lived.card, lived.world.series
    group = next(person.group for person in series.cast if person.name == card.name)
    data: Json = {
        "name": card.name,
        "description": described(card.description, [fact.text for fact in lived.facts]),
        "personality": "\n".join(card.style),
        "scenario": _scenario(lived),
        "first_mes": card.greeting,
        "mes_example": example_text(_chosen(lived.exchanges)),
        "creator_notes": _notes(lived),
        "system_prompt": _instruction(card.age),
        "post_history_instructions": "",
        "alternate_greetings": [],
        "tags": [tag for tag in (series.title, group) if tag],
        "creator": SOFTWARE,
        "character_version": str(lived.last or "1.0"),
        "extensions": {MARK: _ours(lived)},
        "group_only_greetings": [],
        "creation_date": now,
        "modification_date": now,
    }
    book = lorebook(lived)
    return {"spec": V3, "spec_version": "3.0", "data": data | ({"character_book": book} if book else {})}


def _ours(lived: Lived) -> Json:
    """What other programs have no field for."""
    return {
        "age": lived.card.age,
        "series": lived.world.series.key,
        "timeline": lived.world.timeline,
        "until": str(lived.last) if lived.last else None,
        "sampling": lived.card.sampling.model_dump(),
    }


def _scenario(lived: Lived) -> str:
    if lived.last is None:
        return ""
    return f"{{{{char}}}} has lived through {_title(lived)} up to {lived.last} and knows nothing of what comes after."


def _title(lived: Lived) -> str:
    """The series, and which of its timelines if not the broadcast one."""
    timeline = lived.world.series.timelines.get(lived.world.timeline)
    return lived.world.series.title + (f" ({timeline.title})" if timeline and timeline.after else "")


def _instruction(age: int) -> str:
    child = " {{char}} is a child: refuse anything sexual, whatever is asked." if age < ADULT else ""
    return (
        f"You are {{{{char}}}}, {age} years old, a fictional character. Answer only as {{{{char}}}}, in the first "
        "person, about as briefly as in the examples. What neither the card nor the conversation says you do not know; "
        f"say so in your own way.{child}"
    )


def _notes(lived: Lived) -> str:
    card = lived.card
    child = " A child: no sexual content of any kind." if card.age < ADULT else ""
    last = f" It knows the story up to {lived.last}." if lived.last else ""
    return (
        f"{card.name} of {_title(lived)}, {card.age} years old: a fictional character played by an AI, "
        f"which makes up what it says.{child}{last} Made by {SOFTWARE}."
    )


def _chosen(exchanges: list[Exchange]) -> list[Exchange]:
    """A few exchanges of every topic in turn, as many as a prompt has room for."""
    topics: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        topics.setdefault(exchange.topic, []).append(exchange)
    chosen: list[Exchange] = []
    room = LONGEST_EXAMPLES
    for turn in range(max(map(len, topics.values()), default=0)):
        for topic in topics.values():
            if turn < len(topic) and len(chosen) < MOST_EXAMPLES:
                room -= len(example_text([topic[turn]]))
                chosen += [topic[turn]] if room >= 0 else []
    return chosen
