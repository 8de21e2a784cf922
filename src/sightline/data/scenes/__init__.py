"""Composed layouts with exact ground truth, deterministic by seed: `Scenes` is the built-in source `scenes`."""

from sightline.data.scenes.caption import hard_negatives
from sightline.data.scenes.edit import edited, neighbours, values
from sightline.data.scenes.factor import Factor, factor, known
from sightline.data.scenes.record import factors, given, record
from sightline.data.scenes.scene import Scene
from sightline.data.scenes.source import Scenes
from sightline.data.scenes.svg import to_svg

__all__ = [
    "Factor",
    "Scene",
    "Scenes",
    "edited",
    "factor",
    "factors",
    "given",
    "hard_negatives",
    "known",
    "neighbours",
    "record",
    "to_svg",
    "values",
]
