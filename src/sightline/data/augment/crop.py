"""Crops, the whole picture, mirroring: geometry along the axes."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment import geometry
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import Pictures
from sightline.data.augment.resample import BICUBIC, BILINEAR, Kernel, Span, covered, inside, plane, resample

TRIES = 10
FILLED = 0.95
"""A box this full of ink shows no drawing any more, only its colour."""


def resized_crop(
    images: Float[Tensor, "b c y x"],
    boxes: np.ndarray,
    size: int,
    *,
    kernel: Kernel = BILINEAR,
    flip: np.ndarray | None = None,
) -> Float[Tensor, "b c s s"]:
    """Boxes (b, 4) top, left, height, width in pixels, any fraction, cut out and resized with antialiasing.

    Equals torchvision's `resized_crop(antialias=True)` for whole boxes. `flip` (b,) mirrors at no further cost.
    """
    top, left, height, width = boxes.T.astype(np.float64)
    never = np.zeros(len(images), bool)
    rows = inside(Span(top, height, never), kernel, images.shape[2], size, images.device)
    columns = inside(Span(left, width, never if flip is None else flip), kernel, images.shape[3], size, images.device)
    return resample(images, rows, columns)


def cropped(
    pictures: Pictures, boxes: np.ndarray, *, kernel: Kernel = BILINEAR, flip: np.ndarray | None = None
) -> Pictures:
    """`resized_crop` of pictures, to their target size."""
    image = resized_crop(pictures.image, boxes, pictures.target, kernel=kernel, flip=flip)
    shown = np.concatenate([boxes[:, :2], np.maximum(boxes[:, 2:], 1.0)], 1)  # never less than a pixel
    # a cubic overshoots at edges
    image = image if kernel.radius == 1 else image.clamp_(0, 1)
    return pictures.moved(image, geometry.window(shown, pictures.target, flip))


def place(pictures: Pictures, windows: np.ndarray, kernel: Kernel) -> Pictures:
    """Windows (b, 4) top, left, height, width that may reach beyond the picture; what lies there is transparent."""
    top, left, height, width = windows.T
    never, image = np.zeros(len(windows), bool), pictures.image
    size, down, across = pictures.target, Span(top, height, never), Span(left, width, never)
    tall, wide = pictures.size.T
    rows = plane(down, kernel, image.shape[2], size, tall, image.device)
    columns = plane(across, kernel, image.shape[3], size, wide, image.device)
    placed = resample(image, rows, columns)
    share = covered(down, size, tall)[:, None, :, None] * covered(across, size, wide)[:, None, None]
    if image.shape[1] == 3 and share.min() < 1:
        placed = torch.cat([placed, pictures.tensor(share)], 1)
    # a cubic overshoots at edges
    placed = placed if kernel.radius == 1 else placed.clamp_(0, 1)
    return pictures.moved(placed, geometry.window(windows, size))


@dataclass(frozen=True)
class CropResize:
    """A random box of the picture (Szegedy et al. 2014), resized to the target square.

    Its area is uniform in `scale` (share of the picture), its ratio width / height log-uniform in `ratio`; of ten draws
    the first that lies inside is taken, else the largest central box of an allowed ratio.
    """

    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.0
    """probability of mirroring left and right, free of cost here"""
    keep: float = 0.0
    """share of a transparent picture's ink that a box must hold, not filled by it; else the whole picture is taken"""
    kernel: Kernel = BILINEAR

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        flip = self.mirrors(draws)
        boxes = self.boxes(pictures, draws)
        return cropped(pictures, boxes, kernel=self.kernel, flip=flip)

    def mirrors(self, draws: Draws) -> np.ndarray:
        """(b,) bool: which pictures are mirrored."""
        return draws.chance("flip", self.flip)

    def boxes(self, pictures: Pictures, draws: Draws) -> np.ndarray:
        """The boxes drawn, (b, 4) top, left, height, width in stored pixels."""
        full = pictures.size[:, None, :].astype(np.float64)
        area, shape, down, along = draws.many("box", 4 * TRIES).reshape(-1, 4, TRIES).transpose(1, 0, 2)
        area = full.prod(-1) * (self.scale[0] + (self.scale[1] - self.scale[0]) * area)
        ratio = np.exp(np.log(self.ratio[0]) + np.log(self.ratio[1] / self.ratio[0]) * shape)
        extent = np.sqrt(np.stack([area / ratio, area * ratio], -1))
        corner = np.stack([down, along], -1) * (full - extent)
        drawn = np.concatenate([corner, extent], -1)
        fits = np.all(extent <= full, axis=-1)
        rows = np.arange(len(drawn))
        boxes = np.where(fits.any(1)[:, None], drawn[rows, fits.argmax(1)], self._central(pictures.size))
        alpha = pictures.alpha if self.keep else None
        if alpha is not None:
            held, total = _held(alpha, drawn)
            filled = held * total > FILLED * extent.prod(-1)
            good = fits & (held >= self.keep) & ~filled
            whole = np.concatenate([np.zeros_like(full[:, 0]), full[:, 0]], -1)
            chosen = np.where(good.any(1)[:, None], drawn[rows, good.argmax(1)], whole)
            boxes = np.where(pictures.opaque.cpu().numpy()[:, None], boxes, chosen)
        return boxes

    def _central(self, size: np.ndarray) -> np.ndarray:
        height, width = size.T.astype(np.float64)
        across = np.minimum(width, height * self.ratio[1])
        down = np.minimum(height, width / self.ratio[0])
        return np.stack([(height - down) / 2, (width - across) / 2, down, across], -1)


@dataclass(frozen=True)
class Fit:
    """The whole picture in the middle of the target square; what the picture leaves free is transparent."""

    kernel: Kernel = BICUBIC

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        side = pictures.size.max(1, keepdims=True).astype(np.float64)
        corner = (pictures.size - side) / 2
        return place(pictures, np.concatenate([corner, side, side], 1), self.kernel)


@dataclass(frozen=True)
class Flip:
    """Left and right exchanged with probability p. (`CropResize(flip=...)` does it for nothing.)"""

    p: float = 0.5

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        if (pictures.size != pictures.image.shape[2:]).any():
            raise ValueError("Flip comes after an operation that resizes: padded pictures would change sides")
        flip = self.mirrors(draws)
        chosen = pictures.tensor(flip)[:, None, None, None]
        image = torch.where(chosen, pictures.image.flip(-1), pictures.image)
        return pictures.moved(image, geometry.mirror(flip, image.shape[3]))

    def mirrors(self, draws: Draws) -> np.ndarray:
        """(b,) bool: which pictures are mirrored."""
        return draws.chance("flip", self.p)


def _held(alpha: Float[Tensor, "b y x"], boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of each picture's ink in each of its boxes (b, tries, 4), to the nearest pixel; and all its ink (b, 1)."""
    b, y, x = alpha.shape
    sums = torch.nn.functional.pad(alpha.cumsum(1).cumsum(2), (1, 0, 1, 0)).reshape(b, -1)
    top, left = boxes[..., 0], boxes[..., 1]
    rows = [np.rint(edge).clip(0, y).astype(np.int64) for edge in (top, top + boxes[..., 2])]
    columns = [np.rint(edge).clip(0, x).astype(np.int64) for edge in (left, left + boxes[..., 3])]
    corners = np.stack([row * (x + 1) + column for row in rows for column in columns], -1)
    picked = sums.gather(1, torch.from_numpy(corners.reshape(b, -1)).to(alpha.device)).cpu().numpy()
    a, b_, c, d = picked.reshape(*corners.shape).transpose(2, 0, 1)
    total = np.maximum(sums[:, -1:].cpu().numpy(), 1e-6)
    return (d - b_ - c + a) / total, total
