"""Values of properties as the renderer reads them: paints, lengths with `calc()` and `rem`, shares, CSS transforms."""

import math
import re
from functools import lru_cache

from sightline.data.svg_colour import colour

PAINTS = frozenset({"fill", "stroke"})
COLOURS = frozenset({"stop-color", "flood-color", "lighting-color", "color", "solid-color"})
SHARES = frozenset({"opacity", "fill-opacity", "stroke-opacity", "stop-opacity", "flood-opacity"})
MOVES = frozenset({"transform", "translate", "rotate", "scale"})
WIDE = frozenset({"inherit", "initial", "unset", "revert", "revert-layer"})
INITIAL = {"fill": "#000", "stroke": "none", "color": "#000", "stop-color": "#000", "flood-color": "#000"}
PIXELS = {"px": 1, "rem": 16, "em": 16, "ex": 8, "ch": 8, "q": 96 / 101.6, "pt": 4 / 3, "pc": 16, "mm": 96 / 25.4,
          "cm": 96 / 2.54, "in": 96}  # fmt: skip
DEGREES = {"deg": 1, "": 1, "rad": 180 / math.pi, "turn": 360, "grad": 0.9}
MATHS = 20
"""functions of CSS inside each other"""

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
NEWER = re.compile(rf"(?<![\w#.-])({NUMBER})(rem|ch|Q|q)\b")
MATH = re.compile(r"\b(?:calc|min|max|clamp)\(", re.IGNORECASE)
TOKEN = re.compile(rf"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:%|[a-zA-Z]*)|calc\(|min\(|max\(|clamp\(|[-+*/(),])\s*")
REFERENCE = re.compile(r"""url\(\s*['"]?\s*#([^'")]+?)\s*['"]?\s*\)\s*(.*)""", re.IGNORECASE | re.DOTALL)
PLACE = re.compile(r"([a-zA-Z0-9]+)\(([^()]*)\)")
MEASURE = re.compile(rf"({NUMBER})(%|[a-zA-Z]*)")


@lru_cache(maxsize=8192)
def settled(name: str, value: str) -> str | None:
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


def lengths(value: str) -> str:
    """Units that the renderer lacks as pixels, and `calc()` worked out where it is plain arithmetic."""
    if "(" in value and MATH.search(value):
        value = _worked_out(value)
    return NEWER.sub(lambda found: f"{float(found[1]) * PIXELS[found[2].lower()]:.6g}", value)


def _worked_out(value: str) -> str:
    out, at = [], 0
    while found := MATH.search(value, at):
        try:
            number, unit, end = _factor(value, found.start(), 0)
        except (ValueError, ArithmeticError, RecursionError):
            break
        out.append(value[at : found.start()] + f"{number:.6g}{unit}")
        at = end
    return "".join(out) + value[at:]


def _next(text: str, at: int) -> tuple[str, int]:
    found = TOKEN.match(text, at)
    return (found[1], found.end()) if found else ("", at)


def _factor(text: str, at: int, deep: int) -> tuple[float, str, int]:
    """A number (pixels and plain numbers have no unit), something in brackets, or a function of them."""
    token, at = _next(text, at)
    if deep > MATHS or not token:
        raise ValueError(text)
    if token in {"-", "+"}:
        number, unit, at = _factor(text, at, deep + 1)
        return (-number if token == "-" else number), unit, at
    if token.endswith("("):
        values = []
        while True:
            number, unit, at = _sum(text, at, deep + 1)
            values.append((number, unit))
            token_after, at = _next(text, at)
            if token_after != ",":
                break
        if token_after != ")" or len({unit for _, unit in values}) != 1:
            raise ValueError(text)
        numbers = [number for number, _ in values]
        chosen = {"min(": min, "max(": max}.get(token.lower(), lambda those: those[0])(numbers)
        if token.lower() == "clamp(" and len(numbers) == 3:
            chosen = max(numbers[0], min(numbers[1], numbers[2]))
        return chosen, values[0][1], at
    found = MEASURE.fullmatch(token)
    if found is None or found[2] not in {"", "%", *PIXELS}:
        raise ValueError(text)
    return float(found[1]) * (PIXELS.get(found[2].lower(), 1)), "%" if found[2] == "%" else "", at


def _sum(text: str, at: int, deep: int) -> tuple[float, str, int]:
    number, unit, at = _product(text, at, deep)
    while (step := _next(text, at))[0] in {"+", "-"}:
        more, its, at = _product(text, step[1], deep)
        if its != unit and more and number:
            raise ValueError("a share of what is not known here, and a length")
        unit = unit or its
        number = number + more if step[0] == "+" else number - more
    return number, unit, at


def _product(text: str, at: int, deep: int) -> tuple[float, str, int]:
    number, unit, at = _factor(text, at, deep)
    while (step := _next(text, at))[0] in {"*", "/"}:
        more, its, at = _factor(text, step[1], deep)
        number, unit = (number * more if step[0] == "*" else number / more), unit or its
    return number, unit, at


def transform(name: str, value: str) -> str | None:
    """CSS's way of writing a transform (units, `translateX()`) as the attribute's; None where it needs a box's size."""
    if name != "transform":
        value = f"{name}({','.join(value.split())})"
    out = []
    for kind, inside in PLACE.findall(_worked_out(value)):
        numbers = []
        for number, unit in MEASURE.findall(inside):
            known = DEGREES if kind.lower().startswith(("rotate", "skew")) else {**PIXELS, "": 1}
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
