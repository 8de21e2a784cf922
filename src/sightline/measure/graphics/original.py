"""What the operations are applied to: designs and icons drawn anew from their outlines, and pictures as pixels."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np

from sightline.data.scenes.drawings import drawing, wrap
from sightline.data.scenes.palette import COLOURS, PALETTES, Background
from sightline.data.scenes.raster import rasterize
from sightline.data.scenes.scene import Element, Scene
from sightline.data.scenes.svg import backdrop
from sightline.measure.graphics.layers import Layers
from sightline.measure.graphics.manner import AS_IT_IS, LINE, Manner

SIDE = 96
DYES = ("cool", "sober", "natural")
"""palettes that drawings are recoloured to; those measured on are in none of them"""
BLACK, MARGIN = (20, 20, 22), 0.1
"""ink of an icon; free share of the canvas on every side of it"""


@runtime_checkable
class Original(Protocol):
    """A drawing that can be done in other manners."""

    @property
    def caption(self) -> str:
        """What it is, "" where nobody said."""
        ...

    @property
    def line(self) -> float:
        """Width of its line where it is drawn as one, as a share of the drawing's shorter side."""
        ...

    def layers(self, manner: Manner = AS_IT_IS) -> Layers: ...


class Drawn(ABC):
    """Layers by manner; as it is, drawn once."""

    def layers(self, manner: Manner = AS_IT_IS) -> Layers:
        return self._plain if manner == AS_IT_IS else self._done(manner)

    @cached_property
    def _plain(self) -> Layers:
        return self._done(AS_IT_IS)

    @abstractmethod
    def _done(self, manner: Manner) -> Layers: ...


@dataclass(frozen=True, eq=False)
class Design(Drawn):
    """A scene of level 4 on its own background; icons and shapes take the pen, letters and widgets stay as they are."""

    scene: Scene
    caption: str = ""
    line: float = LINE

    def _done(self, manner: Manner) -> Layers:
        groups, boxes = [], []
        for element in self.scene.elements:
            groups.append(
                _placed(_body(element, manner), drawing(element.drawing).view, element.box, self._ink(element, manner))
            )
            boxes.append(element.box)
        return _drawn(groups, boxes, self.scene.side, manner, ground(self.scene.background, self.scene.side))

    def _ink(self, element: Element, manner: Manner) -> np.ndarray:
        own = COLOURS[element.colour]
        names = PALETTES.get(self.scene.palette, ())
        role = names.index(element.colour) if element.colour in names else 0
        return _dyed(own, COLOURS[PALETTES[DYES[manner.dye[0]]][role]], manner)


@dataclass(frozen=True, eq=False)
class Icon(Drawn):
    """An icon of the built-in set in black on white, in the middle of the canvas."""

    body: str
    view: tuple[float, float, float, float]
    caption: str = ""
    line: float = LINE

    @classmethod
    def of(cls, svg: bytes, caption: str) -> "Icon | None":
        """None where the file is not a view box with paths, which every icon of the built-in set is."""
        text = svg.decode("utf-8", "replace")
        box, paths = (
            re.search(r'viewBox="([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+)"', text),
            re.findall(r"<path[^>]*/>", text),
        )
        if box is None or not paths:
            return None
        x, y, w, h = map(float, box.groups())
        return cls("".join(paths), (x, y, w, h), caption)

    def _done(self, manner: Manner) -> Layers:
        _, _, w, h = self.view
        body = self.body if manner.pen is None else manner.pen.outline(self.body, min(w, h))
        scale = (1 - 2 * MARGIN) * SIDE / max(w, h)
        box = ((SIDE - scale * w) / 2, (SIDE - scale * h) / 2, scale * w, scale * h)
        target = COLOURS[PALETTES[DYES[manner.dye[0]]][0]]
        group = _placed(body, self.view, box, _dyed(BLACK, target, manner))
        return _drawn([group], [box], SIDE, manner, np.full((SIDE, SIDE, 3), 255, np.float32))


def ground(background: Background, side: int) -> np.ndarray:
    """The bare background of a scene, float32 (side, side, 3)."""
    whole = (0.0, 0.0, float(side), float(side))
    return rasterize(wrap(backdrop(background, side), whole, side, side))[..., :3].astype(np.float32)


def _body(element: Element, manner: Manner) -> str:
    plain, at, _ = element.drawing.rpartition("@")
    if manner.pen is None or element.kind not in ("icon", "shape") or not at:
        return drawing(element.drawing).body
    body, view, _ = drawing(plain)
    return manner.pen.outline(body, min(view[2:]))


def _dyed(own: tuple[int, int, int], other: tuple[int, int, int], manner: Manner) -> np.ndarray:
    share = manner.dye[1]
    return (1 - share) * np.array(own, np.float64) + share * np.array(other, np.float64)


Box = tuple[float, float, float, float]


def _placed(body: str, view: Box, box: Box, ink: np.ndarray) -> str:
    """The body in its box, in one ink."""
    x, y, w, h = box
    vx, vy, vw, vh = view
    colour = "#{:02x}{:02x}{:02x}".format(*np.rint(ink).astype(int))
    move = f"translate({x:.6g} {y:.6g}) scale({w / vw:.6g} {h / vh:.6g}) translate({-vx:.6g} {-vy:.6g})"
    return f'<g fill="{colour}" color="{colour}" transform="{move}">{body}</g>'


def _drawn(groups: list[str], boxes: list[Box], side: int, manner: Manner, below: np.ndarray) -> Layers:
    body = "".join(groups)
    if manner.turn:
        half = side / 2
        turn = f"rotate({manner.turn:.6g}) scale({fitting(boxes, side, manner.turn):.6g})"
        body = f'<g transform="translate({half:g} {half:g}) {turn} translate({-half:g} {-half:g})">{body}</g>'
    rgba = rasterize(wrap(body, (0.0, 0.0, float(side), float(side)), side, side)).astype(np.float32)
    return Layers(below, rgba[..., :3], rgba[..., 3] / 255)


def fitting(boxes: list[Box], side: int, turn: float) -> float:
    """How much smaller, at most 1, boxes turned by `turn` degrees about the middle must be to stay on the canvas."""
    corners = np.array([(x + i * w, y + j * h) for x, y, w, h in boxes for i in (0, 1) for j in (0, 1)]) - side / 2
    angle = np.radians(turn)
    turned = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return float(min(1.0, (side / 2) / max(1e-9, np.abs(turned).max())))
