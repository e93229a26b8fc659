"""Chat: the first word, tokens a second beside raw llama.cpp and transformers, and twenty conversations at once.

    python -m benchmarks.chat            # everything, in one run
    python -m benchmarks.chat --rounds 5 --crowd 40

Peers, on the same weights (llama.cpp on the same file) and the same prompts, those that Eleven's questions make, drawn
greedily:

- llama.cpp: a bare xllamacpp server, one slot, asked over plain HTTP for the whole answer
- transformers: ``generate`` on the same weights, in float32 and in bfloat16 where the processor has it

A round asks ours and llama.cpp the same question in turn, transformers afterwards; a ratio is the median of the
rounds' ratios. Words are shown when a whole sentence was judged, so that they come later than the first token. Tokens a
second count the whole answer, reading of the prompt included, and no prompt is known from before. In a conversation
ours knows what was said before and has its adapter; ``generate`` reads everything, without one. The crowd runs in a
process of its own, whose peak memory is counted: each of its conversations has two turns, and its questions come at
once. A first token is that of the draft which is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from threading import get_ident
from typing import Any, Protocol

import httpx

from character_chatbot import CharacterChatbot, ChatEngine, open_engine
from character_chatbot.embedded import SLOTS
from character_chatbot.faster_base import faster_base
from character_chatbot.recall import chat_encoder
from character_chatbot.slots import Slots
from utils.characters import Sampling
from utils.cores import free_cores
from utils.models import find_weights
from utils.world import World

QUESTIONS = (
    "Who are you?",
    "Do you like waffles?",
    "Where does Hopper live?",
    "What did you hear on the radio?",
    "Are you afraid of the dark?",
    "What is Mike like?",
    "Tell me about the cabin.",
    "What do you want to do tomorrow?",
)
TOKENS = 48
BARS = {"first": 0.5, "llama.cpp": 0.9, "transformers": 5.0, "crowd": 10.0, "memory": 2.0}


class Generate(Protocol):
    """Answers a prompt and returns how many tokens it wrote."""

    def __call__(self, messages: Sequence[Any], *, most: int = TOKENS) -> int:
        """Answer with so many tokens at most."""
        ...


@dataclass
class Listening:
    """An engine that keeps the prompts which pass through it, and when the last of them got its first token."""

    engine: ChatEngine
    prompts: list[list[Any]] = field(default_factory=list)
    heard: float = 0.0
    by_thread: dict[int, float] = field(default_factory=dict)

    def stream(self, messages: Sequence[Any], **options: Any) -> Iterator[str]:
        """Pass a prompt on."""
        self.prompts.append(list(messages))
        with closing(self.engine.stream(messages, **options)) as pieces:
            for number, piece in enumerate(pieces):
                if not number:
                    self.heard = self.by_thread[get_ident()] = time.perf_counter()
                yield piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


@dataclass
class Waits:
    """Seconds to the first token, to the first words on the screen and to the end, for each question.

    Attributes:
        asked: The prompts, each with its reply.
    """

    token: list[float] = field(default_factory=list)
    words: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    asked: list[tuple[list[Any], str]] = field(default_factory=list)


def converse(bot: CharacterChatbot, engine: Listening, history: list[tuple[str, str]]) -> Waits:
    """Ask every question in one conversation, which is read ahead before each as chat and app do while people write."""
    waits = Waits()
    for question in QUESTIONS:
        bot.prepare(history)
        begin = time.perf_counter()
        turn = bot.turn(question, history)
        pieces = iter(turn)
        next(pieces, None)
        waits.words.append(time.perf_counter() - begin)
        waits.token.append(engine.heard - begin)
        for _ in pieces:
            pass
        waits.whole.append(time.perf_counter() - begin)
        waits.asked.append((engine.prompts[-1], turn.reply.text))
        history.append((question, turn.reply.text))
    return waits


def in_turn(bot: CharacterChatbot, engine: Listening, people: Sequence[str], questions: Sequence[str]) -> list[float]:
    """Let people talk in turn, each in a long conversation; seconds to each first token but their first."""
    histories = [[(f"{who} {question}", "I do not know.") for question in QUESTIONS] * 2 for who in people]
    waited = []
    for question in questions:
        for history in histories:
            begin = time.perf_counter()
            reply = bot.reply(question, history)
            waited.append(engine.heard - begin)
            history.append((question, reply.text))
            bot.prepare(history)
    return waited[len(histories) :]


def ours(engine: ChatEngine) -> Generate:
    def generate(messages: Sequence[Any], *, most: int = TOKENS) -> int:
        sampling = Sampling(temperature=0, max_tokens=most)
        return engine.count_tokens("".join(engine.stream(messages, sampling=sampling)))

    return generate


def raw_llama() -> Generate:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(faster_base(find_weights("chat")))
    params.n_ctx, params.n_parallel = 4096, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = free_cores()
    params.verbosity, params.hostnames, params.port = -1, ["127.0.0.1"], 0
    server = xllamacpp.Server(params)
    client = httpx.Client(timeout=300, trust_env=False)
    # The same draw as ours: the penalty changes what greedy means.
    knobs = {"min_p": 0.1, "repeat_penalty": 1.1, "repeat_last_n": 16, "top_p": 0.9, "temperature": 0}

    def generate(messages: Sequence[Any], *, most: int = TOKENS) -> int:
        body = {"messages": messages, "max_tokens": most, **knobs}
        answer = client.post(f"{server.listening_address}/v1/chat/completions", json=body).json()
        return int(answer["usage"]["completion_tokens"])

    return generate


def by_transformers(dtype: str) -> Generate:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    path = find_weights("chat").path
    torch.set_num_threads(free_cores())
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name).to(getattr(torch, dtype)).eval()

    def generate(messages: Sequence[Any], *, most: int = TOKENS) -> int:
        inputs = tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            done = model.generate(
                **inputs, max_new_tokens=most, do_sample=False, repetition_penalty=1.1, pad_token_id=2
            )
        return int(done.shape[1] - inputs["input_ids"].shape[1])

    return generate


def rates(generators: dict[str, Generate], prompts: Sequence[Sequence[Any]]) -> dict[str, list[float]]:
    """Tokens a second of everybody, one number a prompt."""
    found: dict[str, list[float]] = {name: [] for name in generators}
    for number, prompt in enumerate(prompts):
        for name, generate in generators.items():
            # Another first word, so that nobody knows the prompt from before.
            fresh = [{**prompt[0], "content": f"{number}{len(name)} {prompt[0]['content']}"}, *prompt[1:]]
            begin = time.perf_counter()
            tokens = generate(fresh)
            found[name].append(tokens / (time.perf_counter() - begin))
    return found


def beside(waits: Waits, generate: Generate, engine: Listening) -> float:
    """How many times as long another one needs for the turns of a conversation but the first, at the same length."""
    ratios = []
    for (prompt, reply), whole in list(zip(waits.asked, waits.whole, strict=True))[1:]:
        most = engine.engine.count_tokens(reply) + 1  # the end is a token too
        begin = time.perf_counter()
        generate(prompt, most=most)
        ratios.append((time.perf_counter() - begin) / whole)
    return statistics.median(ratios)


def crowd(size: int) -> None:
    """Let so many people talk at once; print a JSON object."""
    world = World.sample()
    engine = Listening(open_engine(series=world.series))
    encoder = chat_encoder()
    names = ("Eleven", "Mike", "Dustin", "Lucas")
    make = partial(CharacterChatbot, world=world, engine=engine, encoder=encoder)
    bots = {name: make(name) for name in names}
    for bot in bots.values():
        _ = bot.reply("Hello.")

    def talk(number: int) -> list[tuple[float, float]]:
        bot, history, waited = bots[names[number % len(names)]], [], []
        for turn_number in range(2):
            question = QUESTIONS[(number + turn_number) % len(QUESTIONS)]
            begin = time.perf_counter()
            pieces = iter(turn := bot.turn(question, history))
            next(pieces, None)
            waited.append((engine.by_thread[get_ident()] - begin, time.perf_counter() - begin))
            for _ in pieces:
                pass
            history.append((question, turn.reply.text))
        return waited

    begin = time.perf_counter()
    with ThreadPoolExecutor(size) as pool:
        waiting = list(pool.map(talk, range(size)))
    seconds = time.perf_counter() - begin
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1e6
    token, words = (sorted(column) for column in zip(*chain(*waiting), strict=True))
    print(json.dumps({"token": token, "words": words, "seconds": seconds, "peak": peak, "chats": len(waiting)}))
    sys.stdout.flush()


def show_crowd(size: int) -> None:
    command = [sys.executable, "-m", "benchmarks.chat", "--only-crowd", "--crowd", str(size)]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    (token, late), (words, later) = (
        (waited[len(waited) // 2], waited[int(0.95 * len(waited))]) for waited in (done["token"], done["words"])
    )
    print(
        f"{size} conversations of two turns at once: {size - done['chats']} lost; first token {token:.2f} s (median),"
        f" {late:.2f} s (95 %; bar {BARS['crowd']}), first words {words:.2f} s, {later:.2f} s;"
        f" all done after {done['seconds']:.1f} s;"
        f" peak memory {done['peak']:.2f} GB (bar {BARS['memory']})",
        flush=True,
    )


def load() -> str:
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=len(QUESTIONS), help="prompts for the comparison of speed")
    parser.add_argument("--crowd", type=int, default=20, help="conversations at once")
    parser.add_argument("--only-crowd", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_crowd:
        crowd(options.crowd)
        return
    print(f"{find_weights('chat').label}, {free_cores()} threads, load {load()}", flush=True)
    engine = Listening(open_engine(series=World.sample().series))
    bot = CharacterChatbot("Eleven", engine=engine)  # type: ignore[arg-type]
    conversations = {}
    for label, history in (
        ("a new conversation", []),
        ("one of 40 turns", [(q, "I do not know.") for q in QUESTIONS] * 5),
    ):
        waits = converse(bot, engine, history)
        conversations[label] = waits
        print(
            f"{label}: first turn {waits.words[0]:.2f} s; then first token {statistics.median(waits.token[1:]):.2f} s"
            f" (median), {max(waits.token[1:]):.2f} s (worst; bar {BARS['first']}), first words"
            f" {statistics.median(waits.words[1:]):.2f} s, whole replies {statistics.median(waits.whole[1:]):.2f} s",
            flush=True,
        )
    prompts = engine.prompts[: options.rounds]
    link = engine.engine.link
    left, anew = (Listening(ChatEngine.opening(partial(replace, link, slots=slots))) for slots in (None, Slots(SLOTS)))
    more = [f"{letter}, hello." for letter in "ABCDEFGHIJKL"]
    # Other words each, or the one would find what the other has read. The last come to slots that hold others' talk.
    for label, one, people, questions in (
        ("two long conversations in turn, as we choose the slot", engine, ("Well,", "So,"), QUESTIONS),
        ("two long conversations in turn, as llama.cpp does", left, ("Now,", "Then,"), QUESTIONS),
        ("twelve, put aside and brought back", engine, more, QUESTIONS[:3]),
        ("twelve, read again", anew, [f"Hi. {words}" for words in more], QUESTIONS[:3]),
    ):
        _ = one.engine.link
        waited = in_turn(CharacterChatbot("Eleven", engine=one), one, people, questions)  # type: ignore[arg-type]
        print(f"{label}: first token {statistics.median(waited):.2f} s", flush=True)
    found = {}
    # Torch with several threads slows llama.cpp in the same process down, so that its turn comes last.
    for generators in (
        {"ours": ours(engine.engine), "llama.cpp": raw_llama()},
        {f"transformers, {dtype}": partial(by_transformers, dtype) for dtype in ("float32", "bfloat16")},
    ):
        made = {name: each() if isinstance(each, partial) else each for name, each in generators.items()}
        rates(made, prompts[:1])
        found |= rates(made, prompts)
        for name, generate in made.items():
            if name.startswith("transformers"):
                for label, waits in conversations.items():
                    times = beside(waits, generate, engine)
                    print(f"{label}: {name} needs {times:.2f} times as long for a whole reply", flush=True)
    for name, values in found.items():
        ratio = statistics.median(own / other for own, other in zip(found["ours"], values, strict=True))
        print(f"{name:<24} {statistics.median(values):6.1f} tokens/s   ours is {ratio:5.2f} times that", flush=True)
    print(
        f"bars: {BARS['llama.cpp']} times llama.cpp, {BARS['transformers']} times transformers; load {load()}",
        flush=True,
    )
    show_crowd(options.crowd)


if __name__ == "__main__":
    main()
