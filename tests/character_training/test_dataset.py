"""From a dialogue to examples for one character."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from character_training.context import OPENING
from character_training.dataset import FEWEST, Dataset, DatasetSettings, Example, build_dataset
from character_training.split import closest_share, held_out_questions
from utils.chat import estimate_tokens, inert
from utils.errors import InputError
from utils.world import World

MakeWorld = Callable[[Sequence[tuple[int, int, str | None, str]]], World]
ALL = DatasetSettings(validation=0)
BUDGET = 24

speakers = st.sampled_from(["Eleven", "Eleven", "Mike", "Lucas", None])
texts = st.text(alphabet="ab <|>.é\n", min_size=1, max_size=80)
drawn = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3), speakers, texts), max_size=60)
# Enough beside what is drawn, each in a scene of its own.
PLENTY = [(1 + number % 4, 10 + number, "Eleven", f"I am number {number}.") for number in range(FEWEST)]


def _replies(made: Dataset) -> list[str]:
    return [example.messages[-1]["content"] for example in (*made.train, *made.validation)]


def _scene(made: Dataset, scene: int, *, episode: int = 1) -> list[list[tuple[str, str]]]:
    """The examples of a scene as (role, content), without the instruction."""
    found = [e for e in (*made.train, *made.validation) if (e.episode, e.scene) == (episode, scene)]
    return [[(message["role"], message["content"]) for message in example.messages[1:]] for example in found]


def test_others_are_users_and_the_character_answers(make_world: MakeWorld) -> None:
    rows = [
        (1, 0, "Mike", "El, are you"),
        (1, 0, "Mike", "there?"),
        (1, 0, "Lucas", "She is not."),
        (1, 0, "Eleven", "I am"),
        (1, 0, "Eleven", "here."),
        (1, 0, None, "Good."),
        (1, 0, "Eleven", "Yes."),
    ]
    first, second = _scene(build_dataset(make_world([*rows, *PLENTY]), "El", settings=ALL), 0)
    asked = [("user", "Mike: El, are you there?\nLucas: She is not."), ("assistant", "I am here.")]
    assert first == asked
    assert second == [*asked, ("user", "Good."), ("assistant", "Yes.")]


def test_where_the_character_speaks_first_a_neutral_opening_stands(make_world: MakeWorld) -> None:
    made = build_dataset(make_world(PLENTY), "Eleven", settings=ALL)
    assert _scene(made, 10) == [[("user", OPENING), ("assistant", "I am number 0.")]]


def test_every_example_begins_with_the_card(make_world: MakeWorld) -> None:
    made = build_dataset(make_world(PLENTY), "Eleven", settings=ALL)
    (instruction,) = {example.messages[0]["content"] for example in made.train}
    assert instruction.startswith("You are Eleven, 13 years old.")
    assert "What you know" not in instruction


def test_somebody_without_a_card_gets_a_plain_instruction(make_world: MakeWorld) -> None:
    rows = [(episode, scene, "Erica" if who == "Eleven" else who, text) for episode, scene, who, text in PLENTY]
    made = build_dataset(make_world(rows), "Erica", settings=DatasetSettings(voices=True))
    assert made.train[0].messages[0]["content"].startswith("You are Erica, a character of Stranger Things.")


@settings(deadline=None, max_examples=40)
@given(rows=drawn)
def test_the_target_is_last_and_the_characters_own(
    make_world: MakeWorld, rows: list[tuple[int, int, str, str]]
) -> None:
    world = make_world([*rows, *PLENTY])
    made = build_dataset(world, "Eleven", settings=DatasetSettings(context_tokens=BUDGET))
    lines = world.dialogue.set_index(["episode", "line"])
    for example in (*made.train, *made.validation):
        roles = [message["role"] for message in example.messages]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2)]
        said = lines.loc[(example.episode, example.line)]
        assert said["speaker"] == "Eleven"
        assert example.messages[-1]["content"].startswith(inert(" ".join(said["text"].split())))


@settings(deadline=None, max_examples=40)
@given(rows=drawn)
def test_nothing_crosses_a_scene_and_the_budget_is_kept(
    make_world: MakeWorld, rows: list[tuple[int, int, str, str]]
) -> None:
    # Each line names its scene, so that a line out of another one would show.
    marked = [(episode, scene, who, f"{text} e{episode}s{scene}") for episode, scene, who, text in rows]
    made = build_dataset(make_world([*marked, *PLENTY]), "Eleven", settings=DatasetSettings(context_tokens=BUDGET))
    for example in (*made.train, *made.validation):
        context = [message["content"] for message in example.messages[1:-1] if message["content"] != OPENING]
        words = " ".join(context).split()
        assert {word for word in words if word[0] == "e" and "s" in word} <= {f"e{example.episode}s{example.scene}"}
        assert sum(estimate_tokens(row) for text in context for row in text.split("\n")) <= BUDGET
        assert not any("<|" in message["content"] or "|>" in message["content"] for message in example.messages)


@settings(deadline=None, max_examples=40)
@given(rows=drawn, seed=st.integers(0, 5))
def test_no_scene_and_no_question_stands_on_both_sides(
    make_world: MakeWorld, rows: list[tuple[int, int, str, str]], seed: int
) -> None:
    made = build_dataset(make_world([*rows, *PLENTY]), "Eleven", settings=DatasetSettings(seed=seed))
    learnt, held = ({(e.episode, e.scene) for e in part} for part in (made.train, made.validation))
    assert learnt
    assert held
    assert not learnt & held
    assert not {e.episode for e in made.train} & {e.episode for e in made.validation}


@settings(deadline=None, max_examples=30)
@given(changed=st.integers(0, FEWEST - 1))
def test_the_digest_names_the_words(make_world: MakeWorld, changed: int) -> None:
    rows = list(PLENTY)
    before = build_dataset(make_world(rows), "Eleven")
    assert build_dataset(make_world(rows), "Eleven").digest == before.digest
    rows[changed] = (*rows[changed][:3], "I am nobody.")  # type: ignore[assignment]
    assert build_dataset(make_world(rows), "Eleven").digest != before.digest


def test_the_digest_names_the_split(make_world: MakeWorld) -> None:
    world = make_world(PLENTY)
    digests = {build_dataset(world, "Eleven", settings=DatasetSettings(seed=seed)).digest for seed in range(8)}
    assert len(digests) > 1


def test_successive_replies_keep_the_start_of_their_window(make_world: MakeWorld) -> None:
    rows = [(1, 0, who, f"Turn {turn} of a talk.") for turn in range(40) for who in ("Mike", "Eleven")]
    made = build_dataset(make_world(rows), "Eleven", settings=DatasetSettings(context_tokens=120, validation=0))
    starts = Counter(example[0][1] for example in _scene(made, 0))
    # A sliding window would begin anew with every reply once it is full.
    assert len(starts) <= 10
    for one, two in zip(made.train, made.train[1:], strict=False):
        if one.messages[1] == two.messages[1]:
            assert two.messages[: len(one.messages)] == one.messages


def test_a_speech_longer_than_the_budget_keeps_its_end(make_world: MakeWorld) -> None:
    rows = [(1, 0, "Mike", f"part {number} of it") for number in range(30)]
    made = build_dataset(make_world([*rows, (1, 0, "Eleven", "Stop."), *PLENTY]), "Eleven", settings=ALL)
    ((asked, _),) = _scene(made, 0)
    assert asked[1].startswith("Mike: part ")
    assert asked[1].endswith("part 29 of it")


def test_unsure_lines_are_shown_without_a_name_and_never_learnt(make_world: MakeWorld) -> None:
    world = make_world([(1, 0, "Eleven", "Unsure."), (1, 0, "Mike", "Who?"), (1, 0, "Eleven", "Me."), *PLENTY])
    dialogue = world.dialogue.copy()
    dialogue.loc[[0, 1], "speaker_confidence"] = 0.7
    made = build_dataset(replace(world, dialogue=dialogue), "Eleven", settings=ALL)
    assert _scene(made, 0) == [[("user", "Unsure.\nWho?"), ("assistant", "Me.")]]


def test_directions_stand_before_what_others_say_and_never_in_a_reply(make_world: MakeWorld) -> None:
    world = make_world([(1, 0, "Mike", "Hi."), (1, 0, "Eleven", "Hello."), *PLENTY])
    dialogue = world.dialogue.assign(direction="wind; door closing; sighs")
    made = build_dataset(
        replace(world, dialogue=dialogue), "Eleven", settings=DatasetSettings(directions=True, validation=0)
    )
    assert _scene(made, 0) == [[("user", "Mike: (door closing; sighs) Hi."), ("assistant", "Hello.")]]
    assert _scene(made, 10)[0][0] == ("user", "(door closing; sighs)")


def test_what_is_not_learnt_is_counted(make_world: MakeWorld) -> None:
    twice = [(2, scene, who, text) for scene in (0, 1) for who, text in (("Mike", "Hi."), ("Eleven", "Hello."))]
    rows = [(1, 0, "Eleven", "..."), (1, 1, "Eleven", "word " * 200), *twice, *PLENTY]
    made = build_dataset(make_world(rows), "Eleven", settings=ALL)
    assert dict(made.dropped) == {
        "no letters": 1,
        "more than 120 words": 1,
        "the same words after the same words": 1,
    }
    assert len(_replies(made)) == FEWEST + 1


def test_of_a_single_episode_the_last_scenes_are_held_out(make_world: MakeWorld) -> None:
    rows = [(1, scene, who, text) for _, scene, who, text in PLENTY]
    made = build_dataset(make_world(rows), "Eleven")
    assert made.held_out == ("S01E01 scene 27", "S01E01 scene 28", "S01E01 scene 29")
    assert {example.scene for example in made.validation} == {27, 28, 29}


def test_of_a_single_scene_nothing_is_held_out(make_world: MakeWorld) -> None:
    rows = [(1, 0, who, f"{turn}, I say") for turn in range(FEWEST) for who in ("Mike", "Eleven")]
    assert build_dataset(make_world(rows), "Eleven").validation == ()


def test_written_exchanges_are_examples_of_their_own() -> None:
    world = World.sample()
    without = build_dataset(world, "Eleven")
    made = build_dataset(world, "Eleven", settings=DatasetSettings(voices=True))
    written = [example for example in made.train if example.where is None]
    assert len(written) > 300
    assert all(len(example.messages) == 3 for example in written)
    assert [example for example in made.train if example.where] == list(without.train)
    assert 0.08 < len([e for e in made.validation if e.where is None]) / len(written) < 0.3


def test_facts_may_be_told_with_a_written_exchange() -> None:
    from utils.characters import Exchange, Fact

    def facts_of(exchange: Exchange) -> list[Fact]:
        return [Fact(text="You like waffles.")] if "hungry" in exchange.user else []

    made = build_dataset(World.sample(), "Eleven", settings=DatasetSettings(voices=True), facts_of=facts_of)
    told = {"You like waffles." in e.messages[0]["content"]: "hungry" in e.messages[1]["content"] for e in made.train}
    assert told == {True: True, False: False}


def test_the_sample_has_enough_and_holds_out_an_episode() -> None:
    made = build_dataset(World.sample(), "Eleven")
    share = len(made.validation) / (len(made.train) + len(made.validation))
    assert len(made.train) > 120
    assert 0.1 < share < 0.25
    assert len(made.held_out) == 1
    assert made.held_out[0].startswith("S01E0")
    assert "4 episodes from S01E01 to S01E04" in made.sources


@pytest.mark.parametrize(("who", "found"), [("Barb", 0), ("Mike", 3)])
def test_too_few_replies_name_who_has_enough(make_world: MakeWorld, who: str, found: int) -> None:
    rows = [*PLENTY, *[(1, scene, "Mike", f"Hi {scene}.") for scene in range(100, 103)]]
    message = rf"needs {FEWEST} replies .* has {found}; there are enough for Eleven \({FEWEST}\)\.$"
    with pytest.raises(InputError, match=message):
        build_dataset(make_world(rows), who, settings=ALL)


def test_where_nobody_has_enough_transcripts_are_the_remedy(make_world: MakeWorld) -> None:
    with pytest.raises(InputError, match=r"nobody has enough.*--transcripts"):
        build_dataset(make_world([(1, 0, None, "Hi.")]), "Eleven")


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError, match="contxt_tokens"):
        DatasetSettings(contxt_tokens=3)  # type: ignore[call-arg]


@given(st.dictionaries(st.integers(), st.integers(1, 50), min_size=2, max_size=12), st.floats(0.01, 0.49))
def test_a_share_is_neither_nothing_nor_all(counts: dict[int, int], share: float) -> None:
    chosen = closest_share(counts, sorted(counts), share)
    assert 0 < len(chosen) < len(counts)
    assert len(set(chosen)) == len(chosen)


@pytest.mark.parametrize("seed", range(10))
def test_a_question_in_other_spelling_stays_on_its_side(seed: int) -> None:
    same = [
        ["Who are you?", "who r u", "WHO ARE YOU", "Who are you???"],
        ["What is your favorite color?", "whats ur favourite colour", "What’s your favorite color?"],
    ]
    for questions in same:
        assert len(set(held_out_questions([*questions, "Do you like snow?"], share=0.4, seed=seed)[:-1])) == 1


def test_examples_know_where_they_stand() -> None:
    written = Example(messages=(), season=None, episode=None, scene=None, line=None)
    assert written.where is None
    assert str(replace(written, season=1, episode=2).where) == "S01E02"
