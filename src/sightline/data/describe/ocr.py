"""Text read from pixels by `rapidocr` (PP-OCR on onnxruntime; its models come in its wheel, nothing is downloaded)."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

LEAST = 0.6
"""confidence below which a line is dropped (methods G.4)"""
LETTERS = 2
"""letters or digits that a line has at least: a single one is mostly a symbol that was taken for writing"""


def require_ocr() -> None:
    """ValueError with what to install where text cannot be read."""
    if find_spec("rapidocr") is None:
        raise ValueError("reading the text in pictures needs rapidocr: pip install 'sightline[ocr]'")


def reader(least: float = LEAST) -> Callable[[np.ndarray], list[str]]:
    """The function that reads a picture, uint8 (y, x, 3): its lines in reading order, those surer than `least`.

    ValueError where `rapidocr` is not installed.
    """
    require_ocr()
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error", "Global.text_score": least})

    def read(picture: np.ndarray) -> list[str]:
        found: Any = engine(np.ascontiguousarray(picture[..., ::-1]))  # its pictures are blue, green, red
        lines = zip(found.txts or (), found.scores or (), strict=True)
        return [text.strip() for text, score in lines if score >= least and letters(text) >= LETTERS]

    return read


def letters(text: str) -> int:
    """How many letters and digits a text has."""
    return sum(map(str.isalnum, text))
