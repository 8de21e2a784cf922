"""Values of properties as the renderer reads them: paints, shares, lengths, CSS transforms."""

import math
import re
from functools import lru_cache

from sightline.data.decode.svg.colour import colour
from sightline.data.decode.svg.math import MEASURE, NUMBER, PIXELS, evaluate, lengths

PAINTS = frozenset({"fill", "stroke"})
COLOURS = frozenset({"stop-color", "flood-color", "lighting-color", "color", "solid-color"})
SHARES = frozenset({"opacity", "fill-opacity", "stroke-opacity", "stop-opacity", "flood-opacity"})
MOVES = frozenset({"transform", "translate", "rotate", "scale"})
WIDE = frozenset({"inherit", "initial", "unset", "revert", "revert-layer"})
INITIAL = {"fill": "#000", "stroke": "none", "color": "#000", "stop-color": "#000", "flood-color": "#000"}
DEGREES = {"deg": 1, "": 1, "rad": 180 / math.pi, "turn": 360, "grad": 0.9}

REFERENCE = re.compile(r"""url\(\s*['"]?\s*#([^'")]+?)\s*['"]?\s*\)\s*(.*)""", re.IGNORECASE | re.DOTALL)
PLACE = re.compile(r"([a-zA-Z0-9]+)\(([^()]*)\)")


@lru_cache(maxsize=8192)
def computed_value(name: str, value: str) -> str | None:
    """The value as the renderer reads it; None where a browser would not know it and ignore the declaration."""
    value = value.strip()
    low = value.lower()
    if low in WIDE:
        return "inherit" if low == "inherit" else INITIAL.get(name) if low == "initial" else None
    if name in PAINTS:
        return paint(value)
    if name in COLOURS:
        return colour(value)
    if name in SHARES:
        value = lengths(value)
        return f"{float(value[:-1]) / 100:.6g}" if re.fullmatch(NUMBER + "%", value) else value
    if name in MOVES:
        return None if low == "none" else transform(name, value)
    if name == "d":
        inner = re.fullmatch(r"""path\(\s*(?:[a-z]+\s*,\s*)?(["'])(.*)\1\s*\)""", value, re.DOTALL)
        return inner[2] if inner else None
    return lengths(value)


def paint(value: str) -> str | None:
    """What fills or strokes: a colour, `none`, or a reference with a colour in its place."""
    low = value.lower()
    if low in {"none", "context-fill", "context-stroke"}:
        return low
    if low.startswith("none "):  # a link to another file stood here, and what is painted instead
        return paint(value[5:].strip())
    if low.startswith("url("):
        found = REFERENCE.fullmatch(value)
        if found is None:
            return None
        instead = paint(found[2].strip()) if found[2].strip() else None
        return f"url(#{found[1]})" + (f" {instead}" if instead else "")
    return colour(value.split("icc-color(")[0])  # SVG 1.1 gave a profile's colour after that of sRGB


def transform(name: str, value: str) -> str | None:
    """CSS's way of writing a transform (units, `translateX()`) as the attribute's; None where it needs a box's size."""
    if name != "transform":
        value = f"{name}({','.join(value.split())})"
    out = []
    for kind, inside in PLACE.findall(evaluate(value)):
        numbers = []
        for number, unit in MEASURE.findall(inside):
            known = DEGREES if kind.lower().startswith(("rotate", "skew")) else PIXELS
            if unit.lower() not in known:
                return None
            numbers.append(float(number) * known[unit.lower()])
        if not numbers:
            return None
        out.append(_written(kind.lower(), numbers))
    return None if None in out or not out else " ".join(filter(None, out))


def _written(kind: str, numbers: list[float]) -> str | None:
    first, *rest = numbers
    pairs = {
        "translatex": ("translate", [first, 0]), "translatey": ("translate", [0, first]),
        "translate3d": ("translate", numbers[:2]), "scalex": ("scale", [first, 1]), "scaley": ("scale", [1, first]),
        "scale3d": ("scale", numbers[:2]), "rotatez": ("rotate", [first]), "rotate": ("rotate", [first]),
        "skew": ("skewX", [first]) if not rest else ("", []), "skewx": ("skewX", [first]), "skewy": ("skewY", [first]),
        "translate": ("translate", numbers[:2]), "scale": ("scale", numbers[:2]), "matrix": ("matrix", numbers),
    }  # fmt: skip
    name, wanted = pairs.get(kind, ("", []))
    if not name or name == "matrix" and len(wanted) != 6:
        return None
    return f"{name}({' '.join(f'{number:.6g}' for number in wanted)})"
