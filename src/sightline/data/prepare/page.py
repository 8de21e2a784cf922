"""A picture as it is seen on a white page, at its own size."""

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from sightline.data.decode.guard import guarded
from sightline.data.prepare.preprocess import opened
from sightline.data.sample import BadSample

if TYPE_CHECKING:
    from sightline.protocols import Picture

DRAWN = 448
"""pixels of the shorter side of a drawing, which has none of its own"""


def on_page(picture: "Picture") -> Image.Image:
    """RGB, upright, at its own size; a drawing with its shorter side at DRAWN pixels. Raises BadSample."""
    with guarded():
        found = opened(picture, DRAWN)
    page = Image.new("RGB", found.size, (255, 255, 255))
    page.paste(found, mask=found if found.mode == "RGBA" else None)
    return page


def readable(picture: "Picture") -> Image.Image:
    """`on_page`, for what a user named. ValueError with the name of what cannot be read."""
    try:
        return on_page(picture)
    except BadSample as error:
        raise ValueError(f"{picture if isinstance(picture, str | Path) else 'a picture'}: {error}") from error
