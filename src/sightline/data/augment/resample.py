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
    """Weights of windows cut out of the picture first: pixels whose middle is outside the window never count."""
    span = Span(span.start, np.maximum(span.length, 1.0), span.flip)
    low, high = np.ceil(span.start - 0.5), np.floor(span.start + span.length - 0.5)
    return _weights(span, kernel, low, high, np.ones((len(low), size)), pixels, device)


def plane(
    span: Span, kernel: Kernel, pixels: int, size: int, valid: np.ndarray, device: torch.device
) -> Float[Tensor, "b s p"]:
    """Weights of windows on an endless transparent plane on which the picture, `valid` (b,) pixels long, lies.

    Each row mixes pixels of the picture alone and sums to the share of the new pixel that lies in it (`covered`): an
    edge is as sharp as in a picture resized first and then laid on the plane.
    """
    return _weights(span, kernel, np.zeros(len(valid)), valid - 1, covered(span, size, valid), pixels, device)


def covered(span: Span, size: int, valid: np.ndarray) -> np.ndarray:
    """Share of each new pixel (b, size) that lies in a picture `valid` (b,) pixels long."""
    pixel = (span.length / size)[:, None]
    low = _centres(span.start, span.length, span.flip, size) - pixel / 2
    inside = np.minimum(low + pixel, valid[:, None]) - np.maximum(low, 0)
    # what is missing by rounding alone is not missing
    return np.where(inside > 0.9999 * pixel, 1.0, inside.clip(0) / pixel)


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
    span: Span, kernel: Kernel, low: np.ndarray, high: np.ndarray, share: np.ndarray, pixels: int, device: torch.device
) -> Float[Tensor, "b s p"]:
    """Rows that sum to `share` (b, s), of pixels `low` to `high` (b,) only.

    A filter reaches a few pixels: only those are computed, then spread over the matrix.
    """
    size = share.shape[1]
    stretch = np.maximum(span.length / size, 1.0)[:, None]
    centres = _centres(span.start, span.length, span.flip, size)
    taps = min(pixels, int(np.ceil(2 * kernel.radius * stretch.max())) + 1)
    first = np.ceil(centres - kernel.radius * stretch - 0.5).clip(0, pixels - taps)
    begin, middle, least, most, gain, total = (
        torch.from_numpy(array).to(device, torch.float32)[..., None]
        for array in (first, centres - first - 0.5, low[:, None], high[:, None], 1 / stretch, share)
    )
    step = torch.arange(taps, device=device)
    at = begin + step
    weights = kernel.weigh((step - middle) * gain)
    weights = weights.mul_(at >= least).mul_(at <= most)
    weights.mul_(total / weights.sum(-1, keepdim=True).clamp_(min=1e-6))
    return weights.new_zeros(len(at), size, pixels).scatter_(2, at.long(), weights)


def _centres(start: np.ndarray, length: np.ndarray, flip: np.ndarray, size: int) -> np.ndarray:
    """Where the middle of each new pixel lies, (b, size) in stored pixels."""
    centres = start[:, None] + (np.arange(size) + 0.5) * (length / size)[:, None]
    return np.where(flip[:, None], centres[:, ::-1], centres)
