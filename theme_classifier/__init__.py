"""Themes over time: how strongly texts, scenes and characters show hope, danger, trust or any other label."""

from theme_classifier.changes import theme_changes
from theme_classifier.classifier import ThemeClassifier
from theme_classifier.curves import episode_curves, peaks, raw_scenes, scene_curves, theme_labels
from theme_classifier.evidence import episode_lines, evidence_lines
from theme_classifier.voices import average_themes, character_themes, relative_themes

__all__ = [
    "ThemeClassifier",
    "average_themes",
    "character_themes",
    "episode_curves",
    "episode_lines",
    "evidence_lines",
    "peaks",
    "raw_scenes",
    "relative_themes",
    "scene_curves",
    "theme_changes",
    "theme_labels",
]
