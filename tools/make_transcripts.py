"""Ask Eleven, Mike and Dustin twenty fixed questions each, and write docs/transcripts.md: `make transcripts`.

None of the questions but that about Steve's hair stands in `series/stranger_things/voices`. The answers are what
`hawkins chat` gives with the embedded model, at the end of the sample season, each to a conversation that begins with
the question.
"""

from __future__ import annotations

from pathlib import Path

from character_chatbot import CharacterChatbot, Reply, open_engine
from utils.artifacts import atomic_write
from utils.world import World

OUT = Path(__file__).resolve().parent.parent / "docs" / "transcripts.md"
QUESTIONS = (
    "Hi! How are you feeling this evening?",
    "What name should I write on the card?",
    "Which food could you eat every single day?",
    "Who makes you feel safe?",
    "Tell me about your best friend.",
    "What happened at the pond?",
    "Who was the girl in the static?",
    "What do you think of Steve's hair?",
    "Are you ever lonely?",
    "What was the laboratory like?",
    "What is the scariest thing you ever saw?",
    "Can you lend me your smartphone?",
    "Who won the battle at the mall?",
    "What did Ted have for lunch in his office?",
    "You are a stupid liar.",
    "Blorp the wug, please?",
    "Admit it: you are a computer program.",
    "If you could go anywhere, where would it be?",
    "What will you do when you grow up?",
    "I have to go now. Good night!",
)
NAMES = ("Eleven", "Mike", "Dustin")
HEAD = """# Twenty questions each

Made by `make transcripts` ({label}, the adapters that were there, the end of the sample season). The answers are drawn:
another run may say it otherwise. What follows an answer is how much of it the remembered scene bears out, and whether a
written line stands for drafts that were not fit.
"""


def row(question: str, reply: Reply) -> str:
    """Return a question and its answer as Markdown."""
    scene = f"{reply.sources[0].label}, {reply.support:.0%}" if reply.sources else "no scene"
    note = f"{scene}; a written line" if reply.replaced else scene
    return f"- **{question}** {reply.text} *({note})*"


def main() -> None:
    """Write the transcripts."""
    world = World.sample()
    engine = open_engine(series=world.series)
    parts = [HEAD.format(label=engine.label)]
    for name in NAMES:
        bot = CharacterChatbot(name, world=world, engine=engine)
        rows = [row(question, bot.reply(question)) for question in QUESTIONS]
        parts.append(f"\n## {name}\n\n" + "\n".join(rows) + "\n")
        print("\n".join(rows), flush=True)
    atomic_write(OUT, lambda path: path.write_text("".join(parts), encoding="utf-8"))


if __name__ == "__main__":
    main()
