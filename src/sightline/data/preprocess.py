"""The one evaluation view: any picture to the float array a tower expects, with numpy and Pillow alone.

Training's evaluation, the exported runtime and the search page all use it, so what is searched is what was trained.
"""

import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from sightline.data.decode import colours, picture

if TYPE_CHECKING:
    from sightline.protocols import Picture

INTERPOLATION = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
VISIBLE = 40
"""difference of the most different channel, of 255, from which a pixel can be told from the background"""
ENOUGH = 0.02
"""share of the opaque area that must be visible for the chosen background to stay"""


@dataclass(frozen=True)
class Preprocess:
    """Decode, fit, composite, normalise.

    `resize`: "pad" fits the whole picture into the square and fills with the background, "squash" ignores its ratio,
    "crop" scales the shorter side and cuts the centre. Rasters are resized from their own pixels, as published
    transforms do; an SVG is drawn at the size needed.

    Alpha is resized premultiplied and composited on `background`; a picture that would vanish there (a white icon on
    white) is composited on the opposite, black or white. So a drawing on transparency never becomes a blank square.
    """

    size: int = 64
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    resize: Literal["pad", "squash", "crop"] = "pad"
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    background: tuple[int, int, int] = (255, 255, 255)
    channels: int = 3

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size is {self.size}; expected the pixels of a side, at least 1")
        if self.channels not in {1, 3} or not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(
                f"channels is {self.channels} with {len(self.mean)} means and {len(self.std)} deviations; "
                "expected 1 or 3 channels and one number for each"
            )
        if self.resize not in {"pad", "squash", "crop"}:
            raise ValueError(f"resize is {self.resize!r}; expected pad, squash or crop")
        if self.interpolation not in INTERPOLATION:
            raise ValueError(f"interpolation is {self.interpolation!r}; expected {' or '.join(INTERPOLATION)}")

    def __call__(self, picture: "Picture") -> np.ndarray:
        """float32 (channels, size, size), normalised by `mean` and `std` of values in 0..1. Raises BadSample."""
        pixels = self.canvas(picture)
        if self.channels == 1:
            pixels = np.asarray(Image.fromarray(pixels).convert("L"))[:, :, None]
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        return np.ascontiguousarray(((pixels.astype(np.float32) / 255.0 - mean) / std).transpose(2, 0, 1))

    def canvas(self, picture: "Picture") -> np.ndarray:
        """The composited picture before normalising, uint8 (size, size, 3). Raises BadSample."""
        fitted = self._fit(_load(picture, self.size))
        shade = visible_background(fitted, self.background)
        canvas = Image.new("RGB", (self.size, self.size), shade)
        corner = ((self.size - fitted.width) // 2, (self.size - fitted.height) // 2)
        canvas.paste(fitted, corner, fitted if fitted.mode == "RGBA" else None)
        return np.asarray(canvas)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `encoder.json`."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Preprocess":
        """The inverse of `to_json`. Unknown names are refused: a newer rule must not be dropped in silence."""
        known = {item.name for item in fields(cls)}
        if unknown := values.keys() - known:
            raise ValueError(f"preprocess has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
        given: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in values.items()}
        return cls(**given)

    def _fit(self, image: Image.Image) -> Image.Image:
        width, height = image.size
        kernel = INTERPOLATION[self.interpolation]
        if self.resize == "squash":
            return image.resize((self.size, self.size), kernel)
        if self.resize == "pad":
            scale = self.size / max(width, height)
            return image.resize((max(1, round(width * scale)), max(1, round(height * scale))), kernel)
        # integer division and rounding as in torchvision's Resize and CenterCrop
        short = min(width, height)
        target = (int(self.size * width / short), int(self.size * height / short))
        left, top = round((target[0] - self.size) / 2), round((target[1] - self.size) / 2)
        return image.resize(target, kernel).crop((left, top, left + self.size, top + self.size))


def visible_background(image: Image.Image, background: tuple[int, int, int]) -> tuple[int, int, int]:
    """`background`, or black or white where the visible part of the RGBA picture could not be told from it."""
    if image.mode != "RGBA":
        return background
    pixels = np.asarray(image)
    weight = pixels[:, :, 3].astype(np.float64)
    apart = np.abs(pixels[:, :, :3].astype(np.int16) - np.asarray(background, np.int16)).max(axis=2) >= VISIBLE
    if weight.min() == 255 or weight.sum() == 0 or (weight * apart).sum() >= ENOUGH * weight.sum():
        return background
    red, green, blue = background
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue >= 128 else (255, 255, 255)


def _load(given: "Picture", vector: int) -> Image.Image:
    if isinstance(given, Image.Image):
        return colours(given)
    if isinstance(given, str):
        given = Path(given)
    if isinstance(given, io.IOBase):
        raise TypeError("expected a path, bytes, a Pillow picture or a uint8 array; read the open file first")
    return picture(given, vector)
