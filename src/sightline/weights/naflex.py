"""Pictures of any aspect ratio for an encoder with a NaFlex tower: prepared one by one, stacked to `Patches`."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sightline.data.ahead import map_ahead
from sightline.data.prepare.naflex import CutPicture
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.sample import BadSample
from sightline.towers.naflex import Patches, patches_of


class Cut(NamedTuple):
    """A picture (or, with one axis more, a batch of them) as patches; `default_collate` stacks it."""

    patches: Tensor
    mask: Tensor
    grid: Tensor


def cut_picture(cut: CutPicture) -> Cut:
    """The same in torch."""
    return Cut(*(torch.from_numpy(np.ascontiguousarray(part)) for part in cut))


def patch_batches(images: Any, rule: NaFlexRule, *, size: int, threads: int) -> Iterator[Patches]:
    """Batches of at most `size` pictures, `threads` decoding ahead of the reader.

    `images`: pictures in any form, `Cut` or `Patches` already prepared, or a float tensor (b, 3, y, x) whose sides are
    multiples of the patch. Raises ValueError naming a picture that cannot be decoded.
    """
    if isinstance(images, Tensor):
        images = patches_of(images[None] if images.ndim == 3 else images, rule.patch)
    if isinstance(images, Cut):
        images = _patches([images]) if images.patches.ndim == 2 else _batch(images)
    if isinstance(images, Patches):
        for at in range(0, len(images), size):
            yield images[at : at + size]
        return
    single = isinstance(images, str | Path | bytes | Image.Image) or (
        isinstance(images, np.ndarray) and images.ndim <= 3
    )

    def prepared(numbered: tuple[int, Any]) -> Cut:
        number, picture = numbered
        if isinstance(picture, Cut):
            return picture
        try:
            return cut_picture(rule(picture))
        except (BadSample, OSError) as error:
            what = picture if isinstance(picture, str | Path) else type(picture).__name__
            raise ValueError(f"picture {number} ({what}) cannot be used: {error}") from error

    many: Any = [images] if single else images
    pictures: Iterator[tuple[int, Any]] = enumerate(many)
    ready = map_ahead(prepared, pictures, threads=threads, room=2 * size)
    while batch := list(islice(ready, size)):
        yield _patches(batch)


def moved(batch: Tensor | Patches, device: torch.device) -> Any:
    """A batch of either kind on the device."""
    return batch.to(device, non_blocking=True) if isinstance(batch, Tensor) else batch.to(device)


def _patches(cuts: list[Cut]) -> Patches:
    return _batch(Cut(*(torch.stack(parts) for parts in zip(*cuts, strict=True))))


def _batch(cut: Cut) -> Patches:
    return Patches(patches=cut.patches, mask=cut.mask, grid=cut.grid)
