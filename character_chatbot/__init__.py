"""Talking to a character: one language model, the character's card, and the scenes that it witnessed."""

from character_chatbot.chatbot import CharacterChatbot, Reply, Turn
from character_chatbot.engine import ChatEngine, embedded_engine, open_engine
from character_chatbot.memory import Passage, WitnessMemory

__all__ = [
    "CharacterChatbot",
    "ChatEngine",
    "Passage",
    "Reply",
    "Turn",
    "WitnessMemory",
    "embedded_engine",
    "open_engine",
]
