"""The one evaluation view: any picture to the float array a tower expects, with numpy and Pillow alone.

Training's evaluation, the exported runtime and the search page all use it, so what is searched is what was trained.
"""

import io
from dataclasses import asdict, dataclass, fields
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from sightline.data.decode.bands import PIXELS, channels_last, is_bands, read_bands, unit_range
from sightline.data.decode.picture import NotAPicture, colours, own_bands, picture, unpacked
from sightline.data.sample import BadSample

if TYPE_CHECKING:
    from sightline.protocols import Picture

COLOURS = frozenset({1, 3})
"""numbers of channels that are grey and RGB"""
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

    `channels` other than 1 (grey) and 3 (RGB) are bands: .npy, multi-band TIFF and arrays of exactly so many, integers
    scaled to 0..1 and floats taken as they are; padding is the mean, so zero in what comes out.
    """

    size: int = 64
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    resize: Literal["pad", "squash", "crop"] = "pad"
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    background: tuple[int, int, int] = (255, 255, 255)
    channels: int = 3
    short: int = 0
    """with "crop": the shorter side before the cut, in pixels, where it is not `size` (256 of a cut of 224); else 0"""
    halves: Literal["even", "down"] = "even"
    """with "crop": where a margin is odd, its half is rounded to the even pixel (torchvision, so open_clip and timm) or
    down (transformers)"""

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size is {self.size}; expected the pixels of a side, at least 1")
        if self.channels < 1 or not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(
                f"channels is {self.channels} with {len(self.mean)} means and {len(self.std)} deviations; "
                "expected at least 1 channel and one number for each"
            )
        if self.resize not in {"pad", "squash", "crop"}:
            raise ValueError(f"resize is {self.resize!r}; expected pad, squash or crop")
        if self.interpolation not in INTERPOLATION:
            raise ValueError(f"interpolation is {self.interpolation!r}; expected {' or '.join(INTERPOLATION)}")
        if self.halves not in ("even", "down") or (self.halves == "down" and self.resize != "crop"):
            raise ValueError(f"halves is {self.halves!r}; expected even, or with resize crop down")
        if self.short and (self.resize != "crop" or self.short < self.size):
            raise ValueError(f"short is {self.short}; it belongs to resize crop, and is at least size ({self.size})")

    def __call__(self, picture: "Picture") -> np.ndarray:
        """float32 (channels, size, size), normalised by `mean` and `std` of values in 0..1. Raises BadSample."""
        if self.channels not in COLOURS:
            return self._bands(picture)
        return self.normalised(self.pixels(opened(picture, self.size))[None])[0]

    def pixels(self, image: Image.Image) -> np.ndarray:
        """A picture of colours, opened, as all but the normalising leaves it: uint8 (size, size, channels)."""
        pixels = self._composited(image)
        return pixels if self.channels == 3 else np.asarray(Image.fromarray(pixels).convert("L"))[:, :, None]

    def normalised(self, pixels: np.ndarray) -> np.ndarray:
        """A batch of what `pixels` gives, uint8 (b, y, x, c), as the tower wants it: float32 (b, c, y, x)."""
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        return np.ascontiguousarray(((pixels.astype(np.float32) / 255.0 - mean) / std).transpose(0, 3, 1, 2))

    def canvas(self, picture: "Picture") -> np.ndarray:
        """The composited picture before normalising, uint8 (size, size, 3). Raises BadSample."""
        return self._composited(opened(picture, self.size))

    def _composited(self, image: Image.Image) -> np.ndarray:
        fitted = self._fit(image)
        if fitted.mode == "RGB" and fitted.size == (self.size, self.size):
            return np.asarray(fitted)
        shade = visible_background(fitted, self.background)
        canvas = Image.new("RGB", (self.size, self.size), shade)
        corner = ((self.size - fitted.width) // 2, (self.size - fitted.height) // 2)
        canvas.paste(fitted, corner, fitted if fitted.mode == "RGBA" else None)
        return np.asarray(canvas)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `encoder.json`."""
        said = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        # the identity of an encoder is made of these: a rule from before there was a choice is the same rule
        return said if self.halves != "even" else {key: value for key, value in said.items() if key != "halves"}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Preprocess":
        """The inverse of `to_json`. Unknown names are refused: a newer rule must not be dropped in silence."""
        known = {item.name for item in fields(cls)}
        if unknown := values.keys() - known:
            raise ValueError(f"preprocess has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
        given: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in values.items()}
        return cls(**given)

    def _bands(self, given: "Picture") -> np.ndarray:
        """The same view of a picture of many bands, each resized by itself in floating point."""
        array = channels_last(np.asarray(stored(given)), self.channels)
        out = np.zeros((self.channels, self.size, self.size), np.float32)
        for number, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            fitted = np.asarray(self._fit(Image.fromarray(unit_range(array[:, :, number]))))
            top, left = (self.size - fitted.shape[0]) // 2, (self.size - fitted.shape[1]) // 2
            out[number, top : top + fitted.shape[0], left : left + fitted.shape[1]] = (fitted - mean) / std
        return out

    def _fit(self, image: Image.Image) -> Image.Image:
        width, height = image.size
        kernel = INTERPOLATION[self.interpolation]
        if self.resize == "squash":
            return image.resize((self.size, self.size), kernel)
        if self.resize == "pad":
            scale = self.size / max(width, height)
            return image.resize((max(1, round(width * scale)), max(1, round(height * scale))), kernel)
        image = _middle(image, self.short or self.size)
        width, height = image.size
        # integer division and rounding as in torchvision's Resize and CenterCrop, or transformers' center_crop
        short, wanted = min(width, height), self.short or self.size
        target = (int(wanted * width / short), int(wanted * height / short))
        half = round if self.halves == "even" else floor
        left, top = half((target[0] - self.size) / 2), half((target[1] - self.size) / 2)
        return image.resize(target, kernel).crop((left, top, left + self.size, top + self.size))


def _middle(image: Image.Image, short: int) -> Image.Image:
    """The picture, or of a strip that would take gigabytes with its shorter side at `short` a middle that does not."""
    width, height = image.size
    if short * short * max(width, height) <= PIXELS * min(width, height):
        return image
    kept = PIXELS * min(width, height) // (short * short)
    if width > height:
        return image.crop(((width - kept) // 2, 0, (width + kept) // 2, height))
    return image.crop((0, (height - kept) // 2, width, (height + kept) // 2))


IMAGENET = Preprocess(
    size=224,
    resize="crop",
    short=256,
    interpolation="bicubic",
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)
"""How encoders of ImageNet are judged: the shorter side to 256 pixels, the middle 224 of it, the set's own colours."""


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


def opened(given: "Picture", vector: int, reduce: int | None = None) -> Image.Image:
    """A picture in any form as RGB or RGBA; an SVG is drawn with sides of `vector`. Raises BadSample.

    With `reduce` a JPEG may be decoded smaller, its shorter side still at least twice `reduce`.
    """
    if isinstance(given, Image.Image):
        return colours(given)
    return picture(_encoded(given), vector, reduce=reduce)


def stored(given: "Picture") -> np.ndarray | Image.Image:
    """Arrays and bands as stored, and other files as Pillow's own bands. Raises BadSample."""
    if isinstance(given, Image.Image):
        return given
    given = _encoded(given)
    if isinstance(given, np.ndarray):
        return given
    data = unpacked(given)
    if not is_bands(data):
        return own_bands(data)
    try:
        return read_bands(data)
    except BadSample as told:
        try:
            # a compression that only Pillow reads, of bands that it knows
            return own_bands(data)
        except NotAPicture:
            raise told from None


def _encoded(given: "Path | bytes | np.ndarray | str") -> Path | bytes | np.ndarray:
    if isinstance(given, io.IOBase):
        raise TypeError("expected a path, bytes, a Pillow picture or a uint8 array; read the open file first")
    return Path(given) if isinstance(given, str) else given
