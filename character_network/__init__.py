"""Who knows whom: names found in the lines, ties between people, and pictures of them."""

from __future__ import annotations

from character_network.generator import CharacterNetworkGenerator
from character_network.graph import centrality, graph_from_edges
from character_network.mentions import NamedEntityRecognizer
from character_network.page import network_fragment, network_html, network_library
from character_network.pronouns import pronoun_mentions
from character_network.suggest import Suggestion, suggest_cast
from character_network.suggest_file import suggest_series
from character_network.ties import KINDS, build_edges

__all__ = [
    "KINDS",
    "CharacterNetworkGenerator",
    "NamedEntityRecognizer",
    "Suggestion",
    "build_edges",
    "centrality",
    "graph_from_edges",
    "network_fragment",
    "network_html",
    "network_library",
    "pronoun_mentions",
    "suggest_cast",
    "suggest_series",
]
