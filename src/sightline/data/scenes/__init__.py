"""Composed layouts with exact ground truth, deterministic by seed: `Scenes` is the built-in source `scenes`."""

from sightline.data.scenes.caption import hard_negatives
from sightline.data.scenes.scene import Scene
from sightline.data.scenes.source import Scenes
from sightline.data.scenes.svg import to_svg

__all__ = ["Scene", "Scenes", "hard_negatives", "to_svg"]
