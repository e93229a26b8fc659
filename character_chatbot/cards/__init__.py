"""Character cards as other programs exchange them (V1, V2, V3): writing ours, taking in theirs."""

from character_chatbot.cards.exporting import build_card, export_card
from character_chatbot.cards.importing import ImportedCard, import_card

__all__ = ["ImportedCard", "build_card", "export_card", "import_card"]
