"""What a character witnessed, and what it recalls of it."""

from __future__ import annotations

from typing import Any

import pytest

from character_chatbot import WitnessMemory
from character_chatbot.examples import Ranking, spoken_exchanges
from character_chatbot.memory import witnessed_passages
from utils.episodes import Episode
from utils.world import World


def _memory(world: World, who: str, encoder: Any) -> WitnessMemory:
    return WitnessMemory(list(witnessed_passages(world.dialogue, world.series, who)), encoder=encoder)


def test_scenes_without_the_character_are_not_witnessed(world: World) -> None:
    said = " ".join(passage.text for passage in witnessed_passages(world.dialogue, world.series, "Eleven"))
    assert "nine waffles" in said
    assert "The radio stays off" not in said


def test_being_spoken_to_counts_as_being_there(world: World) -> None:
    passages = list(witnessed_passages(world.dialogue, world.series, "Eleven"))
    assert any(passage.episode == Episode(1, 2) for passage in passages)


def test_being_spoken_about_does_not(world: World) -> None:
    assert not list(witnessed_passages(world.dialogue, world.series, "June"))


@pytest.mark.parametrize("last", [1, 2, 3])
def test_nothing_after_the_dial_is_recalled(world: World, encoder: Any, last: int) -> None:
    recalled = _memory(world, "Eleven", encoder).recall("Who is June?", until=Episode(1, last), most=9)
    assert recalled
    assert all(passage.episode <= Episode(1, last) for passage in recalled)


def test_the_fitting_scene_comes_first(world: World, encoder: Any) -> None:
    assert "June is in the static" in _memory(world, "Eleven", encoder).recall("Who is June?")[0].text
    assert "waffles" in _memory(world, "Eleven", encoder).recall("How many waffles?")[0].text


def test_recall_works_by_words_alone(world: World) -> None:
    assert "waffles" in _memory(world, "Eleven", None).recall("nine waffles")[0].text


def test_somebody_who_was_never_there_recalls_nothing(world: World, encoder: Any) -> None:
    assert _memory(world, "Nancy", encoder).recall("What happened?") == []


def test_a_label_is_episode_and_timecode(world: World, encoder: Any) -> None:
    assert _memory(world, "Eleven", encoder).recall("waffles")[0].label == "S01E01 00:00:00"


def test_overlapping_passages_are_recalled_once(world: World, encoder: Any) -> None:
    recalled = _memory(world, "Mike", encoder).recall("June static", most=9)
    seen = [(p.episode, p.scene, line.line) for p in recalled for line in p.lines]
    assert len(seen) == len(set(seen))


def test_exchanges_pair_a_speech_with_its_answer(world: World) -> None:
    pairs = [(e.user, e.reply) for e in spoken_exchanges(world.dialogue, "Eleven")]
    assert ("El, are you there?", "I am here. I ate nine waffles.") in pairs
    assert ("Who is June?", "A girl. She is cold.") in pairs


def test_exchanges_stop_at_the_dial(world: World) -> None:
    assert len(spoken_exchanges(world.dialogue, "Eleven", until=Episode(1, 2))) == 1


def test_a_speaker_who_is_not_sure_is_no_model(world: World) -> None:
    unsure = world.dialogue.assign(speaker_confidence=0.6)
    assert spoken_exchanges(unsure, "Eleven") == []


def test_ranking_of_nothing_is_nothing(encoder: Any) -> None:
    assert Ranking([], [], encoder).nearest("anything", 3) == []


@pytest.mark.parametrize("question", ["And then?", "?!", "the"])
def test_a_question_without_a_telling_word_recalls_all_the_same(world: World, encoder: Any, question: str) -> None:
    assert _memory(world, "Eleven", encoder).recall(question)
    assert _memory(world, "Eleven", None).recall(question)
