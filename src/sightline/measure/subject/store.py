"""Features of pictures, kept by content: computed once for an encoder, found again by an interrupted measurement."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sightline.data.atomic import atomic_write
from sightline.data.cache import sightline_cache

FORMAT = 1
"""of what is kept; another one finds nothing of the former"""


class Store:
    """Arrays by (whose, of what kind, of which pictures), in memory until `forget`, and in `folder` where there is one.

    A file that cannot be read (another process died while it was written elsewhere, a full disk) is made again.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.made = 0
        """pictures embedded because they were not there"""
        self._held: dict[str, np.ndarray] = {}

    @classmethod
    def usual(cls) -> "Store":
        return cls(sightline_cache() / "features")

    def get(self, whose: str, kind: str, digest: str, count: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array (count, ...), from memory, from the folder, or made and kept in both."""
        key = hashlib.blake2b(f"{FORMAT}\0{whose}\0{kind}\0{digest}".encode(), digest_size=16).hexdigest()
        if key not in self._held:
            found = self._read(key, count)
            if found is None:
                found = self._making(count, make)
                self._write(key, found)
            self._held[key] = found
        return self._held[key]

    def forget(self) -> None:
        """Frees the memory; the folder stays."""
        self._held.clear()

    def _making(self, count: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        self.made += count
        return make()

    def _read(self, key: str, count: int) -> np.ndarray | None:
        if self.folder is None:
            return None
        try:
            found = np.load(self.folder / f"{key}.npy", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return found if len(found) == count else None

    def _write(self, key: str, array: np.ndarray) -> None:
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(self.folder / f"{key}.npy") as [temporary], temporary.open("wb") as file:
                np.save(file, array, allow_pickle=False)
        except OSError:
            return  # a full or locked disk costs a second run time, never this one its result
