"""Places: what kind of place a description speaks of, and which places the dialogue names."""

from text_classification.classifier import LocationClassifier, LocationPrediction
from text_classification.places import find_places, places_table
from text_classification.settings import TrainingSettings

__all__ = ["LocationClassifier", "LocationPrediction", "TrainingSettings", "find_places", "places_table"]
