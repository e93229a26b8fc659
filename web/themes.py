"""The tab of themes: over episodes, scenes and characters, by the series' labels or one's own."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analysis.report_parts import peaks_part, voices_part
from analysis.theme_charts import scene_figure, scene_heatmap, theme_figure
from analysis.theme_views import split_labels
from analysis.voice_charts import character_figure, characters_figure
from analysis.voice_facts import speakers_known
from theme_classifier import ThemeClassifier, character_themes
from utils.episodes import Episode, parse_episode
from web.look import part
from web.session import Session
from web.wiring import Stage, bars, polite

if TYPE_CHECKING:
    import gradio as gr
    import pandas as pd

__all__ = ["themes_tab"]
