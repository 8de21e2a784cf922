"""What may happen to a picture without changing what it shows: noise, JPEG, blur, another exposure, a small move.

Each is one function of uint8 pixels (y, x, 3), a severity and a generator, and returns uint8 pixels of the same shape.
Only noise and the direction of a shift are drawn. Severities are those of the field's robustness sets, for pictures of
about a hundred pixels a side (after Hendrycks and Dietterich 2019, https://arxiv.org/abs/1903.12261).
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

Apply = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Nuisance:
    """One transform, and the severities it is applied at, the mildest first."""

    name: str
    severities: tuple[float, ...]
    apply: Apply


def noise(pixels: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise of deviation `severity`, of pixels in 0..1, on each channel by itself."""
    return _bytes(pixels + 255 * severity * rng.standard_normal(pixels.shape))


def jpeg(pixels: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Written and read as JPEG of quality `severity`, with colours at half resolution."""
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=int(severity), subsampling="4:2:0")
    return np.asarray(Image.open(held).convert("RGB"))


def blur(pixels: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian blur of deviation `severity` pixels."""
    return _bytes(gaussian_filter(pixels.astype(np.float64), (severity, severity, 0), mode="nearest"))


def brightness(pixels: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """`severity`, of pixels in 0..1, added to every channel."""
    return _bytes(pixels + 255 * severity)


def contrast(pixels: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Differences from the mean grey of the picture times `severity`."""
    grey = (pixels @ np.array([0.299, 0.587, 0.114])).mean()
    return _bytes(grey + severity * (pixels - grey))


def shift(pixels: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Moved by the share `severity` of its side in one of eight directions; what comes in repeats the edge."""
    reach = round(severity * max(pixels.shape[:2]))
    turn = int(rng.integers(8)) * np.pi / 4
    dy, dx = round(reach * np.sin(turn)), round(reach * np.cos(turn))
    wide = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    return wide[reach - dy : reach - dy + height, reach - dx : reach - dx + width].copy()


def scale(pixels: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """`severity` times as large about its middle: cut where it grows, the edge repeated where it shrinks."""
    height, width = pixels.shape[:2]
    size = max(1, round(width * severity)), max(1, round(height * severity))
    drawn = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    pad = [max(0, whole - part) for whole, part in zip((height, width), drawn.shape[:2], strict=True)]
    drawn = np.pad(drawn, (*((p // 2, p - p // 2) for p in pad), (0, 0)), mode="edge")
    top, left = (drawn.shape[0] - height) // 2, (drawn.shape[1] - width) // 2
    return drawn[top : top + height, left : left + width].copy()


NUISANCES = (
    Nuisance("noise", (0.05, 0.1, 0.2), noise),
    Nuisance("jpeg", (75, 40, 15), jpeg),
    Nuisance("blur", (1, 2), blur),
    Nuisance("brightness", (0.2, -0.2), brightness),
    Nuisance("contrast", (1.4, 0.6), contrast),
    Nuisance("shift", (0.03, 0.06, 0.1), shift),
    Nuisance("scale", (1.2, 0.8), scale),
)
"""for any picture; scenes have another background besides"""


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
