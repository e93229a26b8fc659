"""What one visitor sees: an analysis, and the characters who remember it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import Any

from analysis.report import kinds_present
from analysis.results import Results
from character_chatbot import CharacterChatbot, ChatEngine, Turn
from character_network import network_html, page_lines
from utils.embeddings import SentenceEncoder
from utils.episodes import Episode
from utils.models import find_weights

__all__ = ["Session"]


class Session:
    """An analysis on show; compared by identity, as Gradio's state needs it.

    Args:
        results: What is shown.
        engine: What generates replies; None for the embedded model.
        encoder: What embeds memories; None for the embedded one.
    """

    def __init__(
        self, results: Results, *, engine: ChatEngine | None = None, encoder: SentenceEncoder | None = None
    ) -> None:
        self.results = results
        self._engine = engine
        self._given_encoder = encoder
        self._characters: dict[tuple[str, str | None], CharacterChatbot] = {}
        self._loading = Lock()

    @property
    def episodes(self) -> list[Episode]:
        """The episodes on show, in order."""
        return self.results.world.episodes

    @cached_property
    def _encoder(self) -> SentenceEncoder:
        """One for all characters: it takes a while to load."""
        return self._given_encoder or SentenceEncoder(find_weights("recall").path)

    @cached_property
    def network_page(self) -> str:
        """The page of the network, to stand in a frame; made once, because it takes some seconds.

        Raises:
            InputError: If there are no ties.
        """
        results = self.results
        kind = kinds_present(results.edges)[0]
        lines = page_lines(results.dialogue, results.mentions)
        return network_html(results.edges, kind=kind, lines=lines, embedded=True)

    def turn(self, name: str, until: str | None, message: str, history: Sequence[Any] = ()) -> Turn:
        """Begin a character's reply; characters are kept, because their memories take a while to build.

        Args:
            name: Who answers.
            until: The last episode that it has lived through; None for all.
            message: What was said to it.
            history: The conversation so far.

        Raises:
            InputError: If name, episode or message cannot be used.
            WeightsError: If no model is installed.
        """
        key = (name, until)
        # Two visitors, or one who is quicker than the loading, must not load everything twice.
        with self._loading:
            if key not in self._characters:
                known = next((bot for (other, _), bot in self._characters.items() if other == name), None)
                self._characters[key] = CharacterChatbot(
                    name,
                    until=until,
                    world=self.results.world,
                    engine=self._engine,
                    encoder=self._encoder,
                    # Another place on the dial remembers less of the same, and need not read it again.
                    memory=known.memory if known else None,
                )
            return self._characters[key].turn(message, history)

    def warm(self, name: str, until: str | None) -> None:
        """Load what a character needs, so that its first reply comes sooner.

        Raises:
            HawkinsError: As `turn`.
        """
        self.turn(name, until, "Hello")
