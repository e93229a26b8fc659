"""What one visitor sees: an analysis, and the characters who remember it."""

from __future__ import annotations

from functools import cached_property

from analysis.report import kinds_present
from analysis.results import Results
from analysis.talking import conversation_weights
from character_chatbot import ChatEngine, open_engine
from character_chatbot.company import Company
from character_chatbot.recall import Encoder
from character_network import network_html, page_lines
from utils.episodes import Episode
from utils.models import find_weights

__all__ = ["Session"]


class Session:
    """An analysis on show; compared by identity, as Gradio's state needs it.

    Args:
        results: What is shown.
        engine: What generates replies; None for the embedded model.
        encoder: What embeds memories; None for the embedded one.
        endpoint: URL of a chat server that generates replies; None for a model in this process.
        model: A ``.gguf`` file, or which of the server's models; None for the pulled or embedded one, or the first.

    Raises:
        InputError: If the endpoint is no URL, or there is no such file.
    """

    def __init__(
        self,
        results: Results,
        *,
        engine: ChatEngine | None = None,
        encoder: Encoder | None = None,
        endpoint: str | None = None,
        model: str | None = None,
    ) -> None:
        self.results = results
        self.endpoint = endpoint
        self.model = model
        if model and endpoint is None:
            # Now, and not when the first visitor has said something.
            find_weights("chat", path=model)
        chosen = engine or open_engine(endpoint, model=model, series=results.series)
        self.company = Company(results.world, engine=chosen, encoder=encoder)
        self.weights = conversation_weights(results.world, results.edges)

    @property
    def episodes(self) -> list[Episode]:
        """The episodes on show, in order."""
        return self.results.world.episodes

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
