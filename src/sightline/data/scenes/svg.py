"""The exact renderer: a scene as one SVG document, and its pixels by resvg.

The document of a scene is also a file others can open: `to_svg` is what a design tool would have saved.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sightline.data.scenes.drawings import drawing
from sightline.data.scenes.palette import COLOURS, RGB, Background
from sightline.data.scenes.raster import rasterize
from sightline.data.scenes.scene import Element, Scene


def to_svg(scene: Scene) -> str:
    """The scene as an SVG document of `side` x `side` units, one group per element, back to front."""
    groups = [_group(e, drawing(e.drawing).body, _hex(COLOURS[e.colour])) for e in scene.elements]
    return _document(scene.side, backdrop(scene.background, scene.side) + "".join(groups))


def picture(scene: Scene) -> np.ndarray:
    """The scene as uint8 (y, x, 3)."""
    return rasterize(to_svg(scene))[..., :3].copy()


def owners(scene: Scene) -> np.ndarray:
    """The instance mask of `parts.owners`, from one document: element k in the colour (k, 0, 0), hard edges."""
    groups = [_group(e, drawing(e.drawing).solid, f"#{k:02x}0000") for k, e in enumerate(scene.elements, start=1)]
    return rasterize(_document(scene.side, "".join(groups)))[..., 0].copy()


@lru_cache(maxsize=512)
def backdrop(background: Background, side: int) -> str:
    """The SVG elements of a background: two tones, edges on whole pixels where stripes and checks are upright."""
    a, b = _hex(background.a), _hex(background.b)
    base = f'<rect width="{side}" height="{side}" fill="{a}"/>'
    match background.kind:
        case "plain":
            return base
        case "gradient":
            x, y = {"horizontal": (1, 0), "vertical": (0, 1), "diagonal": (1, 1)}[background.turn]
            stops = f'<stop offset="0" stop-color="{a}"/><stop offset="1" stop-color="{b}"/>'
            ramp = f'<linearGradient id="ramp" x1="0" y1="0" x2="{x}" y2="{y}">{stops}</linearGradient>'
            return f'{ramp}<rect width="{side}" height="{side}" fill="url(#ramp)"/>'
        case "striped":
            path = _stripes(background.turn, side, background.cells)
        case "dotted":
            path = _dots(side, background.cells)
        case "checkered":
            path = _checks(side, background.cells)
        case other:
            raise ValueError(f"no background is called {other!r}; known: plain, gradient, striped, dotted, checkered")
    return f'{base}<path fill="{b}" d="{path}"/>'


def _stripes(turn: str, side: int, cells: int) -> str:
    at = [round(k * side / (2 * cells)) for k in range(4 * cells + 1)]
    bands = [(at[k], at[k + 1]) for k in range(1, 4 * cells, 2)]
    if turn == "diagonal":
        return "".join(f"M{p} 0L{q} 0L0 {q}L0 {p}z" for p, q in bands)
    bands = bands[:cells]
    if turn == "vertical":
        return "".join(f"M{p} 0H{q}V{side}H{p}z" for p, q in bands)
    return "".join(f"M0 {p}V{q}H{side}V{p}z" for p, q in bands)


def _dots(side: int, cells: int) -> str:
    period = side / cells
    r = 0.26 * period
    arcs = f"a{r:.2f} {r:.2f} 0 1 0 {2 * r:.2f} 0a{r:.2f} {r:.2f} 0 1 0 {-2 * r:.2f} 0z"
    middles = [(k + 0.5) * period for k in range(cells)]
    return "".join(f"M{x - r:.2f} {y:.2f}{arcs}" for y in middles for x in middles)


def _checks(side: int, cells: int) -> str:
    at = [round(k * side / (2 * cells)) for k in range(2 * cells + 1)]
    return "".join(
        f"M{at[i]} {at[j]}H{at[i + 1]}V{at[j + 1]}H{at[i]}z"
        for i in range(2 * cells)
        for j in range(2 * cells)
        if (i + j) % 2
    )


def _group(element: Element, body: str, ink: str) -> str:
    x, y, w, h = element.box
    vx, vy, vw, vh = drawing(element.drawing).view
    place = f"translate({x} {y}) scale({w / vw:.6g} {h / vh:.6g}) translate({-vx:.6g} {-vy:.6g})"
    return f'<g fill="{ink}" color="{ink}" transform="{place}">{body}</g>'


def _document(side: int, content: str) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {side} {side}">'
    return f"{head}{content}</svg>"


def _hex(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
