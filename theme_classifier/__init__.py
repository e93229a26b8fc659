"""Themes over time: how strongly texts and scenes show hope, danger, trust or any other label."""

from theme_classifier.classifier import ThemeClassifier
from theme_classifier.curves import episode_curves, peaks, theme_labels

__all__ = ["ThemeClassifier", "episode_curves", "peaks", "theme_labels"]
