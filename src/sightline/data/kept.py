"""Arrays that can be made again, with what is to be said of them, in one file of the cache."""

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sightline.data.atomic import atomic_write

T = TypeVar("T")


def keep_arrays(place: Path, words: Any = None, **arrays: Any) -> None:
    """Writes arrays, and `words` as JSON beside them, into one file. OSError where it cannot be written."""
    if words is not None:
        arrays["words"] = np.frombuffer(json.dumps(words).encode(), np.uint8)
    with atomic_write(place) as [temporary], open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def kept_arrays(place: Path, made: Callable[[Any, Mapping[str, np.ndarray]], T]) -> T | None:
    """`made(words, arrays)` of what `keep_arrays` wrote; None where there is nothing, or it cannot be read or made."""
    try:
        with open(place, "rb") as file, np.load(file, allow_pickle=False) as kept:
            words = json.loads(kept["words"].tobytes()) if "words" in kept else None
            return made(words, kept)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
