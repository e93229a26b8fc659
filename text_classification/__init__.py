"""Places: what kind of place a description speaks of, and which places the dialogue names."""

from text_classification.classifier import LocationClassifier, LocationPrediction
from text_classification.label_files import Labelled, label_file
from text_classification.labelling import PlaceRules, label_locations, mask_evidence, read_rules
from text_classification.places import find_places, places_table
from text_classification.scene_places import scene_places
from text_classification.settings import TrainingSettings
from text_classification.wiki_text import clean_wiki_text

__all__ = [
    "Labelled",
    "LocationClassifier",
    "LocationPrediction",
    "PlaceRules",
    "TrainingSettings",
    "clean_wiki_text",
    "find_places",
    "label_file",
    "label_locations",
    "mask_evidence",
    "places_table",
    "read_rules",
    "scene_places",
]
