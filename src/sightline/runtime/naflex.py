"""An exported NaFlex tower: pictures at their own aspect ratio, several of them in a batch, without torch."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sightline.data.prepare.naflex import CutPicture, stacked
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.runtime.graph import Graph
from sightline.runtime.inputs import prepared_batches, whole_array
from sightline.runtime.position import Positions


class NaFlexTower:
    """Cut pictures, patches (b, n, k), mask (b, n), grid (b, 2) -> vectors (b, e), float32. Safe in several threads.

    The graph adds positions that it is given: they depend on the grid of each picture.
    """

    def __init__(self, graph: Graph, positions: Positions) -> None:
        self.graph, self.positions = graph, positions

    def __call__(self, batch: CutPicture) -> np.ndarray:
        """ValueError where the batch does not fit the graph, or a file of the export is of no use."""
        return self.graph(batch.patches, batch.mask, self.positions(batch.grid, batch.mask.shape[1]))

    def in_one_thread(self) -> "NaFlexTower":
        """The same tower in a session of its own that uses one thread a call."""
        return NaFlexTower(self.graph.in_one_thread(), self.positions)


def cut_batches(images: Any, rule: NaFlexRule, *, size: int, threads: int) -> Iterator[CutPicture]:
    """Batches of at most `size` pictures, cut to their longest, `threads` decoding ahead of the reader.

    `images`: a path, bytes, PIL image or uint8 array (y, x, c), a list of those, `CutPicture` already prepared (one, a
    list or a batch), or float arrays (b, 3, y, x) whose sides are multiples of the patch. Raises ValueError naming a
    picture that cannot be decoded, TypeError for an array that is not preprocessed.
    """
    if not isinstance(images, CutPicture) and (pictures := whole_array(images, rule.channels)) is not None:
        images = _cut_batch(pictures, rule.patch)
    if isinstance(images, CutPicture):
        whole = stacked([images]) if images.patches.ndim == 2 else images
        for at in range(0, len(whole.patches), size):
            patches, mask, grid = (np.ascontiguousarray(part[at : at + size]) for part in whole)
            yield CutPicture(patches.astype(np.float32, copy=False), mask, grid)
        return

    def prepare(picture: Any) -> CutPicture:
        return picture if isinstance(picture, CutPicture) else rule(picture)

    for batch in prepared_batches(images, prepare, size=size, threads=threads):
        yield stacked(batch)


def _cut_batch(pictures: np.ndarray, patch: int) -> CutPicture:
    """Pictures (b, c, y, x) of one size, multiples of `patch`: nothing is padded."""
    b, c, height, width = pictures.shape
    gy, gx = height // patch, width // patch
    if (gy * patch, gx * patch) != (height, width):
        raise ValueError(f"an image of {height} x {width} pixels does not divide into patches of {patch}")
    cut = pictures.reshape(b, c, gy, patch, gx, patch).transpose(0, 2, 4, 3, 5, 1).reshape(b, gy * gx, -1)
    return CutPicture(cut, np.ones(cut.shape[:2], np.bool_), np.tile(np.array([gy, gx], np.int64), (b, 1)))
