"""Conversations that last: kept in a database, taken up again, written out as files."""

from __future__ import annotations

from character_chatbot.conversations.database import default_database, open_store
from character_chatbot.conversations.export import FORMATS, export_conversation, write_conversation
from character_chatbot.conversations.recall import TurnMemory, recalled_turns
from character_chatbot.conversations.records import Conversation, Utterance
from character_chatbot.conversations.store import ConversationStore

__all__ = [
    "FORMATS",
    "Conversation",
    "ConversationStore",
    "TurnMemory",
    "Utterance",
    "default_database",
    "export_conversation",
    "open_store",
    "recalled_turns",
    "write_conversation",
]
