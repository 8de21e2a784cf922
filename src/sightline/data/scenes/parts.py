"""The fast renderer: every drawing is rasterised once per size, scenes are composited from these parts in numpy.

Boxes lie on whole pixels, so a part is the very coverage the exact renderer would compute; what differs is rounding.
"""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np

from sightline.data.scenes import svg
from sightline.data.scenes.drawings import drawing, wrap
from sightline.data.scenes.palette import COLOURS, Background
from sightline.data.scenes.raster import rasterize
from sightline.data.scenes.scene import Element, Scene

MEMORY = 64 * 2**20
"""bytes of parts and backgrounds kept per process; the parts made first go first"""


class Part(NamedTuple):
    """One drawing at one size."""

    cover: np.ndarray
    """uint16 (h, 3 w): coverage 0..256, repeated for the three channels so that rows blend in one sweep"""
    solid: np.ndarray
    """bool (h, w): pixels the element owns, those whose middle is in its ink, faint ink included"""
    area: int
    """number of owned pixels"""


_parts: dict[tuple[str, int, int], Part] = {}
_canvases: dict[tuple[Background, int], np.ndarray] = {}
_held = 0
"""bytes in both"""
_lock = Lock()


def part(key: str, width: int, height: int) -> Part:
    """The drawing `key` at `width` x `height` pixels, from memory or made now (a third of a millisecond)."""
    found = _parts.get((key, width, height))
    if found is None:
        found = _make(key, width, height)
        _keep(_parts, (key, width, height), found, found.cover.nbytes + found.solid.nbytes)
    return found


def picture(scene: Scene) -> np.ndarray:
    """The scene as uint8 (y, x, 3)."""
    side = scene.side
    canvas = _canvas(scene.background, side).copy()
    for element in scene.elements:
        x, y, w, h = element.box
        cover = part(element.drawing, w, h).cover
        window = canvas[y : y + h, 3 * x : 3 * (x + w)]
        # cover * ink + (256 - cover) * canvas never exceeds 256 * 255, so sixteen bits do.
        blend = window * (256 - cover)
        blend += cover * _ink(element.colour, w)
        blend >>= 8
        window[...] = blend
    return canvas.astype(np.uint8).reshape(side, side, 3)


def owners(scene: Scene) -> np.ndarray:
    """The instance mask, uint8 (y, x): 0 background, else 1 + index of the topmost element."""
    owner = np.zeros((scene.side, scene.side), np.uint8)
    for number, element in enumerate(scene.elements, start=1):
        x, y, w, h = element.box
        owner[y : y + h, x : x + w][part(element.drawing, w, h).solid] = number
    return owner


def visible(scene: Scene, owner: np.ndarray) -> list[float]:
    """For each element the share of its own pixels that nothing lies upon."""
    seen = np.bincount(owner.ravel(), minlength=len(scene.elements) + 1).tolist()
    return [seen[k] / max(1, part(e.drawing, *e.box[2:]).area) for k, e in enumerate(scene.elements, start=1)]


def shared(one: Element, other: Element) -> float:
    """Pixels that both elements would own, as a share of the smaller one's own pixels."""
    ax, ay, aw, ah = one.box
    bx, by, bw, bh = other.box
    left, top, right, bottom = max(ax, bx), max(ay, by), min(ax + aw, bx + bw), min(ay + ah, by + bh)
    if left >= right or top >= bottom:
        return 0.0
    a, b = part(one.drawing, aw, ah), part(other.drawing, bw, bh)
    common = (
        a.solid[top - ay : bottom - ay, left - ax : right - ax]
        & b.solid[top - by : bottom - by, left - bx : right - bx]
    )
    return int(np.count_nonzero(common)) / max(1, min(a.area, b.area))


def _make(key: str, width: int, height: int) -> Part:
    drawn = drawing(key)
    x, y, w, h = drawn.view
    # resvg's coverage has four steps down a pixel, too coarse to halve: ownership is drawn again with hard edges, below
    # the first drawing in one document, which takes three quarters of the time of two.
    twice = f'{drawn.body}<g transform="translate(0 {h:g})">{drawn.solid}</g>'
    alpha = rasterize(wrap(twice, (x, y, w, 2 * h), width, 2 * height))[..., 3]
    solid = alpha[height:] > 127
    cover = (alpha[:height].astype(np.uint16) * 256 + 127) // 255
    return Part(np.repeat(cover, 3, axis=1), solid, int(np.count_nonzero(solid)))


def _canvas(background: Background, side: int) -> np.ndarray:
    """The bare background, uint16 (side, 3 side)."""
    found = _canvases.get((background, side))
    if found is None:
        document = wrap(svg.backdrop(background, side), (0.0, 0.0, float(side), float(side)), side, side)
        found = rasterize(document)[..., :3].astype(np.uint16).reshape(side, 3 * side)
        _keep(_canvases, (background, side), found, found.nbytes)
    return found


@lru_cache(maxsize=4096)
def _ink(colour: str, width: int) -> np.ndarray:
    """One row of a colour, uint16 (3 width,)."""
    return np.tile(np.array(COLOURS[colour], np.uint16), width)


def _keep(store: dict, key: tuple, value: Part | np.ndarray, size: int) -> None:
    global _held
    with _lock:
        if key in store:
            return
        while _held + size > MEMORY and _parts:
            oldest = _parts.pop(next(iter(_parts)))
            _held -= oldest.cover.nbytes + oldest.solid.nbytes
        if _held + size > MEMORY:
            _canvases.clear()
            _held = 0
        store[key] = value
        _held += size
