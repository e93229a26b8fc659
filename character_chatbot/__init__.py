"""Talking to a character: one language model, the character's card, and the scenes that it witnessed."""

from character_chatbot.chatbot import CharacterChatbot, CharacterChatbotQwen
from character_chatbot.engine import ChatEngine, embedded_engine, open_engine
from character_chatbot.memory import Passage, WitnessMemory
from character_chatbot.turn import Reply, Turn

__all__ = [
    "CharacterChatbot",
    "CharacterChatbotQwen",
    "ChatEngine",
    "Passage",
    "Reply",
    "Turn",
    "WitnessMemory",
    "embedded_engine",
    "open_engine",
]
