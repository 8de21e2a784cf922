"""What `sightline[match]` brings: OpenCV for SIFT and the geometry of two pictures, pycolmap for that of many."""

import importlib
from importlib.util import find_spec
from typing import Any


def opencv() -> Any:
    """The module `cv2`. ValueError with what to install where it is missing."""
    return _needed("cv2", "matching pictures needs OpenCV")


def colmap() -> Any:
    """The module `pycolmap`. ValueError with what to install where it is missing."""
    return _needed("pycolmap", "reconstruction needs pycolmap")


def _needed(module: str, what: str) -> Any:
    if find_spec(module) is None:
        raise ValueError(f"{what}: pip install 'sightline[match]'")
    return importlib.import_module(module)
