"""Antialiased resizing of many pictures at once: one weight matrix per picture and axis, two matrix products.

The weights are those of torchvision's `resize(antialias=True)` (the filter is stretched by the reduction and normalised
over the pixels that exist), but each picture may have its own window, at any fraction of a pixel.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

FAR = 1e6
"""Where a pixel is put that must not count: outside every filter."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A resampling filter: zero from `radius` on, `weigh` works in place on distances of either sign."""

    radius: int
    weigh: Callable[[Tensor], Tensor]


def _triangle(x: Tensor) -> Tensor:
    return x.abs_().neg_().add_(1).clamp_(min=0)


def _keys(x: Tensor) -> Tensor:
    """Keys 1981, eq. 4 with a = -0.5: the cubic of pillow and of torchvision's antialiased resize."""
    x = x.abs_().clamp_(max=2)
    # the two pieces meet at 0 when x = 1, so they add up; a choice between them costs three times as much
    tail = (x - 1).clamp_(min=0)
    tail.mul_(x.sub(2).square_()).mul_(-0.5)
    x.clamp_(max=1)
    return (1.5 * x).sub_(2.5).mul_(x).mul_(x).add_(1).add_(tail)


BILINEAR = Kernel(1, _triangle)
BICUBIC = Kernel(2, _keys)


@dataclass(frozen=True, slots=True)
class Span:
    """One axis of the windows of a batch, in pixels of the stored pictures; each array is (b,)."""

    start: np.ndarray
    length: np.ndarray
    flip: np.ndarray
    """bool: written from the far end"""


def inside(span: Span, kernel: Kernel, pixels: int, size: int, device: torch.device) -> Float[Tensor, "b s p"]:
    """Weights of windows cut out of the picture first: pixels outside the window never count."""
    start, length = span.start, np.maximum(span.length, 1.0)
    at = np.arange(pixels) + 0.5
    counts = (at >= start[:, None]) & (at <= (start + length)[:, None])
    weights = _weights(span.start, length, span.flip, kernel, counts, size, device)
    return weights.div_(weights.sum(-1, keepdim=True))


def plane(
    span: Span, kernel: Kernel, pixels: int, size: int, valid: np.ndarray, device: torch.device
) -> Float[Tensor, "b s p"]:
    """Weights of windows on an endless transparent plane on which the picture, `valid` (b,) pixels long, lies.

    A row sums to 1 where the filter sees only picture, to less at its edge and to 0 beyond: the coverage.
    """
    counts = np.arange(pixels) < valid[:, None]
    weights = _weights(span.start, span.length, span.flip, kernel, counts, size, device)
    totals = torch.from_numpy(_totals(span, kernel, size)).to(device, torch.float32)
    return weights.div_(totals[:, :, None])


def resample(
    image: Float[Tensor, "b c y x"], rows: Float[Tensor, "b s y"], columns: Float[Tensor, "b t x"]
) -> Float[Tensor, "b c s t"]:
    """Every channel of every picture through that picture's matrices: rows @ image @ columns^T."""
    b, c, y, x = image.shape
    across = torch.bmm(image.reshape(b, c * y, x), columns.mT)
    # the channels of a row side by side, so that the second product is one per picture too
    across = across.view(b, c, y, -1).transpose(1, 2).reshape(b, y, -1)
    return torch.bmm(rows, across).view(b, rows.shape[1], c, -1).transpose(1, 2)


def _weights(
    start: np.ndarray,
    length: np.ndarray,
    flip: np.ndarray,
    kernel: Kernel,
    counts: np.ndarray,
    size: int,
    device: torch.device,
) -> Float[Tensor, "b s p"]:
    """Filter values, not yet normalised; `counts` (b, p) says which pixels may have one."""
    shrink = 1 / np.maximum(length / size, 1.0)[:, None]
    at = np.where(counts, (np.arange(counts.shape[1]) + 0.5) * shrink, FAR)
    centres = _centres(start, length, flip, size) * shrink
    at, centres = (torch.from_numpy(array).to(device, torch.float32) for array in (at, centres))
    return kernel.weigh(at[:, None] - centres[:, :, None])


def _centres(start: np.ndarray, length: np.ndarray, flip: np.ndarray, size: int) -> np.ndarray:
    """Where the middle of each new pixel lies, (b, size) in stored pixels."""
    centres = start[:, None] + (np.arange(size) + 0.5) * (length / size)[:, None]
    return np.where(flip[:, None], centres[:, ::-1], centres)


def _totals(span: Span, kernel: Kernel, size: int) -> np.ndarray:
    """Sum of the filter over a whole plane of pixels around each new pixel's middle, (b, size)."""
    scale = np.maximum(span.length / size, 1.0)
    reach = int(np.ceil(kernel.radius * scale.max())) + 1
    past = np.modf(_centres(span.start, span.length, span.flip, size))[0]
    distances = (np.arange(-reach, reach + 1) + 0.5 - past[..., None]) / scale[:, None, None]
    return kernel.weigh(torch.from_numpy(distances)).sum(-1).numpy()
