"""Learned positions for pictures of any grid, without torch: what the graph of a NaFlex tower is given beside patches.

The export keeps the table as it was trained, for one grid. Another grid gets it resized as `sightline.nn.position`
does: bilinear, with antialiasing, one matrix an axis. That is a loop over sizes, which no graph holds well.
"""

import threading
from functools import lru_cache
from pathlib import Path

import numpy as np

from sightline.runtime.description import require_file, stored_digest
from sightline.runtime.graph import copy_or_export, export_advice

RESAMPLE = "bilinear_antialias"
TENSOR = "positions"
"""in the file, float32 (height, width, d)"""
KEPT = 32
"""grids whose positions are kept: of 256 places and width 768 each takes 0.8 MB, and making one anew a millisecond"""


class Positions:
    """Grids (b, 2) -> positions (b, n, d), float32. The file is read at the first call. Safe in several threads."""

    def __init__(self, path: Path, weights: str) -> None:
        """`weights` is the digest that the file must have been exported from."""
        self.path, self.weights = path, weights
        self._stored: np.ndarray | None = None
        self._lock = threading.Lock()
        self.at = lru_cache(maxsize=KEPT)(self._at)
        """positions (height * width, d) of a grid, row-major; not to be written to"""

    def __call__(self, grids: np.ndarray, n: int) -> np.ndarray:
        """Zeros after a picture's last place. ValueError where one has more than `n`, or the file is of no use."""
        sizes = [(int(y), int(x)) for y, x in grids]
        if any(y < 1 or x < 1 or y * x > n for y, x in sizes):
            raise ValueError(f"grids {sorted(set(sizes))} do not all have between 1 and {n} places, as the batch has")
        made = np.zeros((len(sizes), n, self.table().shape[2]), np.float32)
        for row, (y, x) in zip(made, sizes, strict=True):
            row[: y * x] = self.at(y, x)
        return made

    def table(self) -> np.ndarray:
        """float32 (height, width, d), as it was trained."""
        with self._lock:
            if self._stored is None:
                self._stored = self._read()
            return self._stored

    def _at(self, height: int, width: int) -> np.ndarray:
        resized = np.ascontiguousarray(resize(self.table(), (height, width))).reshape(height * width, -1)
        resized.setflags(write=False)
        return resized

    def _advice(self) -> str:
        return export_advice(self.path.parents[1])

    def _read(self) -> np.ndarray:
        from safetensors import SafetensorError, safe_open

        require_file(self.path)
        if stored_digest(self.path) != self.weights:
            raise ValueError(f"{self.path} was not exported from the weights of this run; {self._advice()}")
        try:
            with safe_open(self.path, framework="numpy") as file:
                table = file.get_tensor(TENSOR)
        except (SafetensorError, OSError) as error:
            raise ValueError(
                f"{self.path} is cut or damaged ({error}); {copy_or_export(self.path.parents[1])}"
            ) from error
        if table.ndim != 3 or table.dtype != np.float32:
            raise ValueError(
                f"{self.path} holds {table.dtype} {table.shape} and should hold float32 (height, width, d); "
                f"{self._advice()}"
            )
        return table


def resize(table: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A table (y, x, d) at another size: float32 (new_y, new_x, d)."""
    if table.shape[:2] == size:
        return table
    over_y, over_x = (matrix(old, new).astype(np.float32) for old, new in zip(table.shape[:2], size, strict=True))
    return np.matmul(over_x, np.tensordot(over_y, table, axes=1))


def matrix(old: int, new: int) -> np.ndarray:
    """What resizes `old` samples to `new`, float64 (new, old): `sightline.nn.resample.matrix` of bilinear_antialias."""
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    # where samples get fewer, the kernel is as much wider
    away = (np.arange(old) - centres[:, None]) / max(scale, 1.0)
    weights = (1 - abs(away)).clip(min=0)
    return weights / weights.sum(axis=1, keepdims=True)
