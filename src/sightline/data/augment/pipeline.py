"""The list of operations as one call on a batch, and the lists that are ready to use."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment.affine import Affine
from sightline.data.augment.alpha import Background, Foreground, flat
from sightline.data.augment.crop import CropResize, Fit
from sightline.data.augment.draws import Draws
from sightline.data.augment.jitter import Blur, ColorJitter, Gray
from sightline.data.augment.pictures import Op, unpack
from sightline.data.augment.stroke import Erase, Stroke
from sightline.protocols import Batch

CHUNK = 64
"""Pictures augmented together on a CPU: what passes between two operations stays in its cache. Measured 1.4 to 1.8
times faster than 256 at once (RGBA, 83 to 64 px, one thread)."""


class Augment:
    """`augment(batch, seed, step)`: stored uint8 pictures -> float32 (b, 3, size, size), changed, opaque, normalised.

    Pictures that no operation has resized are fitted into the square; what is transparent at the end stands on white.
    `view` names one of several augmentations of the same batch.
    """

    def __init__(
        self,
        ops: Sequence[Op],
        *,
        size: int = 64,
        mean: Sequence[float] = (0.5, 0.5, 0.5),
        std: Sequence[float] = (0.5, 0.5, 0.5),
    ) -> None:
        self.ops, self.size = list(ops), size
        self._shift = torch.tensor(mean, dtype=torch.float32).view(3, 1, 1)
        self._gain = 1 / torch.tensor(std, dtype=torch.float32).view(3, 1, 1)

    @torch.no_grad()
    def __call__(self, batch: Batch, seed: int, step: int, view: int = 0) -> Float[Tensor, "b 3 y x"]:
        image, size, index = batch.get("image"), batch.get("size"), batch.get("index")
        if image is None or size is None or index is None:
            raise ValueError(f"a batch to augment has image, size and index; this one has {', '.join(batch)}")
        sizes, indices = size.cpu().numpy(), index.cpu().numpy()
        made = torch.empty(len(image), 3, self.size, self.size, device=image.device)
        together = CHUNK if image.device.type == "cpu" else max(1, len(image))
        for start in range(0, len(image), together):
            rows = slice(start, start + together)
            y, x = sizes[rows].max(0)
            draws = Draws(seed, step, indices[rows], f"view {view}")
            self._write(made[rows], image[rows, :, :y, :x], sizes[rows], draws)
        return made

    def _write(self, made: Tensor, stored: Tensor, size: np.ndarray, draws: Draws) -> None:
        pictures = unpack(stored, size, self.size)
        for number, op in enumerate(self.ops):
            pictures = op(pictures, draws.within(f"{number} {type(op).__name__}"))
        square = (self.size, self.size)
        if tuple(pictures.image.shape[2:]) != square or (pictures.size != square).any():
            pictures = Fit()(pictures, draws)
        # the resize leaves rows of channels side by side; towers want them apart
        torch.sub(flat(pictures).image, self._shift.to(made.device), out=made).mul_(self._gain.to(made.device))


def photo_views(size: int) -> list[Op]:
    """SimCLR (Chen et al. 2020, appendix A) at strength 1, for pictures trained at `size`.

    Ours: of a drawing with alpha, which stands on white, a crop shows a fifth at least.
    """
    blur = max(3, int(0.1 * size) // 2 * 2 + 1)
    return [
        CropResize(scale=(0.08, 1.0), flip=0.5, keep=0.2),
        Background(),
        ColorJitter(0.8, 0.8, 0.8, 0.2, p=0.8),
        Gray(p=0.2),
        Blur(blur, p=0.5),
    ]


def graphics_views(size: int) -> list[Op]:
    """Small moves of whole drawings, now and then another paper or ink: colour must not become the shortcut. Ours."""
    return [
        Affine(rotate=8, translate=0.08, scale=(0.8, 1.15)),
        Foreground(p=0.1),
        Background(random=0.1, checker=0.05),
    ]


def drawing_views(size: int) -> list[Op]:
    """Black drawings on white, moved, thickened or thinned, blurred, partly covered: to learn shapes alone. Ours."""
    return [
        Affine(rotate=12, translate=0.1, scale=(0.75, 1.2)),
        Stroke(p=0.5),
        Erase(p=0.3),
        Background(),
        Blur(3, p=0.3),
    ]


def caption_views(size: int) -> list[Op]:
    """Nearly all of the picture, neither mirrored nor recoloured: captions say "left", "red" and what is at the edge.

    The crop of 0.9 to 1 of the area is open_clip's; the paper says "a random square crop".
    """
    return [CropResize(scale=(0.9, 1.0), keep=0.5), Background()]


def evaluation(size: int) -> list[Op]:
    """The whole picture in a square on white; `data.preprocess` is the exact one, in numpy."""
    return [Fit(), Background()]
