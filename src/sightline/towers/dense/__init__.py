"""What stands on a tower's maps: chosen maps, pyramids of them, torchvision's heads that find, outline and colour."""

from sightline.towers.dense.feature_map import FeatureMap
from sightline.towers.dense.pyramid import SimplePyramid

__all__ = ["FeatureMap", "SimplePyramid"]
