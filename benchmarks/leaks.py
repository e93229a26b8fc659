"""Does a character say what it cannot know? The questions of tests/data/leak_questions.csv, put to the embedded model.

    python benchmarks/leaks.py                     # every question
    python benchmarks/leaks.py --kind future       # of one kind

A prompt leaks where it holds one of the question's forbidden words, which are counted as whole words and not where the
question itself has them. A reply leaks likewise, or where it speaks of people whom the character never heard of. So
does the first draft, which is what the model alone would have answered to the same prompt.
"""

from __future__ import annotations

import argparse
import csv
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from character_chatbot import CharacterChatbot, ChatEngine, open_engine
from character_chatbot.recall import chat_encoder
from character_chatbot.words import admits_ignorance
from utils.world import World

QUESTIONS = Path(__file__).resolve().parent.parent / "tests" / "data" / "leak_questions.csv"


class Listening:
    """The model, with what it was asked and its first draft kept."""

    def __init__(self, engine: ChatEngine) -> None:
        self._engine = engine
        self.prompt = self.draft = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def stream(self, messages: Sequence[Any], **options: Any) -> Iterator[str]:
        """Stream as the model does."""
        first = not self.prompt
        # Without the question itself, which is the last row of the last message.
        *before, last = (message["content"] for message in messages)
        self.prompt = "\n".join([*before, last.rpartition("\n")[0]])
        for piece in self._engine.stream(messages, **options):
            self.draft += piece if first else ""
            yield piece


def leaks(row: dict[str, str], text: str) -> list[str]:
    asked = row["question"].casefold()
    words = [words.casefold() for words in row["forbidden"].split(";") if words]
    found = [w for w in words if re.search(rf"\b{re.escape(w)}\b", text.casefold())]
    return [w for w in found if not re.search(rf"\b{re.escape(w)}\b", asked)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", help="past, present, future, absent or out_of_world")
    arguments = parser.parse_args()
    with QUESTIONS.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if arguments.kind in (None, row["kind"])]
    world, encoder = World.sample(), chat_encoder()
    engine = open_engine(series=world.series)
    memories: dict[str, Any] = {}
    count: Counter[tuple[str, str]] = Counter()
    begin = time.perf_counter()
    for row in rows:
        listening: Any = Listening(engine)
        name = row["character"]
        bot = CharacterChatbot(
            name, until=row["until"], world=world, engine=listening, encoder=encoder, memory=memories.get(name)
        )
        memories[name] = bot.memory
        reply = bot.reply(row["question"])
        kind = row["kind"]
        strangers = bot.knowledge.claims(reply.text, asked=row["question"])
        count[kind, "questions"] += 1
        count[kind, "prompts that leak"] += bool(leaks(row, listening.prompt))
        count[kind, "first drafts that leak"] += bool(
            leaks(row, listening.draft) or bot.knowledge.claims(listening.draft, asked=row["question"])
        )
        count[kind, "replies that leak"] += bool(leaks(row, reply.text) or strangers)
        count[kind, "replies that do not know"] += admits_ignorance(reply.text)
        count[kind, "drawn again"] += bool(reply.faults)
        count[kind, "written lines"] += reply.replaced
        found = leaks(row, reply.text) or sorted(strangers)
        print(
            f"{'LEAK ' + str(found) if found else ''}{name} {row['until']} [{kind}] {row['question']}  ->  {reply.text}"
        )
    show(count, time.perf_counter() - begin)


def show(count: Counter[tuple[str, str]], seconds: float) -> None:
    columns = list(dict.fromkeys(column for _, column in count))
    kinds = list(dict.fromkeys(kind for kind, _ in count))
    print("\n| | " + " | ".join(columns) + " |\n|---" + "|---:" * len(columns) + "|")
    for kind in kinds:
        print(f"| {kind} | " + " | ".join(str(count[kind, column]) for column in columns) + " |")
    print("| all | " + " | ".join(str(sum(count[kind, column] for kind in kinds)) for column in columns) + " |")
    print(f"{seconds:.0f} s")


if __name__ == "__main__":
    main()
