"""What `sightline[match]` brings: OpenCV for SIFT and the geometry of two pictures, pycolmap for that of many."""

import importlib
import signal
import threading
from importlib.util import find_spec
from typing import Any


def opencv() -> Any:
    """The module `cv2`. ValueError with what to install where it is missing."""
    return _needed("cv2", "matching pictures needs OpenCV")


def colmap() -> Any:
    """The module `pycolmap`. ValueError with what to install where it is missing."""
    before = signal.getsignal(signal.SIGTERM)
    found = _needed("pycolmap", "reconstruction needs pycolmap")
    if before is not None and threading.current_thread() is threading.main_thread():
        # imported, it takes SIGTERM for a crash and answers it with a page of addresses
        signal.signal(signal.SIGTERM, before)
    return found


def _needed(module: str, what: str) -> Any:
    if find_spec(module) is None:
        raise ValueError(f"{what}: pip install 'sightline[match]'")
    return importlib.import_module(module)
