"""Present-day colours (CSS Color 4 and 5) as the `#rrggbb` or `rgba()` that the renderer knows.

It reads names, hexadecimal, `rgb()` and `hsl()` with commas. Browsers also read `oklch()`, `lab()`, `color()`,
`color-mix()`, `light-dark()`, system colours, and slashes before alpha. What is outside sRGB is clipped, as they do.
"""

import colorsys
import math
import re
from functools import lru_cache
from typing import Any, cast

import tinycss2
from tinycss2 import color4, color5

from sightline.data.decode.svg.math import evaluate

Triple = tuple[float, float, float]

SYSTEM = {
    "accentcolor": "#0075ff", "accentcolortext": "#fff", "activetext": "#f00", "buttonborder": "#000",
    "buttonface": "#efefef", "buttontext": "#000", "canvas": "#fff", "canvastext": "#000", "field": "#fff",
    "fieldtext": "#000", "graytext": "#808080", "highlight": "#3367d1", "highlighttext": "#fff", "linktext": "#00e",
    "mark": "#ff0", "marktext": "#000", "selecteditem": "#0075ff", "selecteditemtext": "#fff", "visitedtext": "#551a8b",
    "windowtext": "#000", "window": "#fff", "menu": "#fff", "menutext": "#000", "infotext": "#000",
}  # fmt: skip
"""a browser's, in its light scheme"""
LINEAR = {
    "srgb-linear": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "display-p3": ((1.2249402, -0.2249402, 0), (-0.0420570, 1.0420570, 0), (-0.0196376, -0.0786361, 1.0982736)),
    "a98-rgb": ((1.3983557, -0.3983557, 0), (0, 1, 0), (0, -0.0429289, 1.0429289)),
    "prophoto-rgb": (
        (2.0343677, -0.7276357, -0.3067320), (-0.2288256, 1.2317423, -0.0029166), (-0.0085583, -0.1532667, 1.1618250),
    ),
    "rec2020": ((1.6604910, -0.5876411, -0.0728499), (-0.1245505, 1.1328999, -0.0083494),
                (-0.0181508, -0.1005789, 1.1187297)),
    "xyz-d65": ((3.2409699, -1.5373832, -0.4986108), (-0.9692436, 1.8759675, 0.0415551),
                (0.0556301, -0.2039770, 1.0569715)),
    "xyz-d50": ((3.1341359, -1.6172206, -0.4906860), (-0.9787955, 1.9162436, 0.0334427),
                (0.0719553, -0.2289768, 1.4053861)),
}  # fmt: skip
"""linear light of a space to that of sRGB"""
POWER = {"a98-rgb": 563 / 256, "prophoto-rgb": 1.8}
CHANNELS = {
    "rgb": ("srgb", "r g b"), "rgba": ("srgb", "r g b"), "hsl": ("hsl", "h s l"), "hsla": ("hsl", "h s l"),
    "hwb": ("hwb", "h w b"), "lab": ("lab", "l a b"), "lch": ("lch", "l c h"), "oklab": ("oklab", "l a b"),
    "oklch": ("oklch", "l c h"),
}  # fmt: skip
"""what a colour made from another may call the other's coordinates"""
POLAR = {"oklch": "oklab", "lch": "lab"}
LAB_FROM = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005))  # fmt: skip
LAB_OF = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
          (0.0259040371, 0.7827717662, -0.8086757660))  # fmt: skip
"""linear sRGB to cones, their cube roots to Oklab (Ottosson 2020)"""
PLAIN = re.compile(
    r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|rgb\(\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\)|black|white|red|blue|gray|grey",
    re.IGNORECASE,
)
"""what the renderer reads as it is, for the most part of all drawings"""


@lru_cache(maxsize=4096)
def colour(value: str) -> str | None:
    """A colour as the renderer reads it, or `currentColor`; None where it is no colour."""
    text = value.strip()
    if PLAIN.fullmatch(text):
        return text
    if text.lower() == "currentcolor":
        return "currentColor"
    if text.lower() in SYSTEM:
        return SYSTEM[text.lower()]
    found = levels(text)
    if found is None or isinstance(found, str):
        return found
    red, green, blue, alpha = found
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha == 1 else f"rgba({red},{green},{blue},{alpha:.4g})"


def levels(text: str) -> tuple[int, int, int, float] | str | None:
    """A colour as red, green and blue of 255 and alpha in [0, 1]; `currentColor`; None where it is no colour."""
    try:
        found = rgba(tinycss2.parse_one_component_value(evaluate(text) if "(" in text else text, skip_comments=True))
        if isinstance(found, str) or found is None:
            return found
        red, green, blue = (round(255 * min(max(part, 0.0), 1.0)) for part in found[:3])
    except (ValueError, ArithmeticError, NotImplementedError, AttributeError, TypeError, LookupError, StopIteration):
        return None  # what tinycss2 raises on arguments it does not expect, and what endless numbers do
    return red, green, blue, min(max(found[3], 0.0), 1.0)


def rgba(token: Any) -> tuple[float, float, float, float] | str | None:
    """A component value of CSS as sRGB in 0..1, not clipped, with alpha; `currentColor`; or None."""
    name = getattr(token, "lower_name", "")
    if name == "color-mix":
        return _mixed(token)
    if name == "light-dark":
        return rgba(_arguments(token)[0][0])
    if (
        name in {*CHANNELS, "color"}
        and (said := _arguments(token)[0])
        and getattr(said[0], "lower_value", "") == "from"
    ):
        return _derived(name, said[1:])
    if getattr(token, "type", "") == "ident" and token.lower_value in SYSTEM:
        token = tinycss2.parse_one_component_value(SYSTEM[token.lower_value])
    found: Any = color5.parse_color(token)
    if found is None or found == "currentcolor":
        return "currentColor" if found else None
    numbers = [number or 0.0 for number in found.coordinates]
    if found.space == "device-cmyk":
        black = 1 - numbers[3]
        return ((1 - numbers[0]) * black, (1 - numbers[1]) * black, (1 - numbers[2]) * black, found.alpha)
    return (*_gamma(_linear(found.space, (numbers[0], numbers[1], numbers[2]))), found.alpha)


def _arguments(token: Any) -> list[list[Any]]:
    """The arguments between commas, without spaces."""
    parts: list[list[Any]] = [[]]
    for one in token.arguments:
        if one == ",":
            parts.append([])
        elif one.type not in {"whitespace", "comment"}:
            parts[-1].append(one)
    return parts


def _derived(name: str, said: list[Any]) -> tuple[float, float, float, float] | str | None:
    """`oklch(from red l c 200)`: the coordinates of another colour, some exchanged."""
    origin = rgba(said[0])
    if origin is None or isinstance(origin, str):
        origin = (0.0, 0.0, 0.0, 1.0) if origin else None
    if origin is None:
        return None
    rest = said[1:]
    space, names = CHANNELS.get(name) or (rest[0].lower_value, "r g b x y z")
    numbers = _to(space, origin[:3])
    scale = 255 if name.startswith("rgb") else 1
    values = dict(zip(names.split(), [f"{one * scale:.8f}" for one in (*numbers, *numbers)], strict=False))
    values["alpha"] = f"{origin[3]:.8f}"
    if not any(one == "/" for one in rest):
        rest = [*rest, *tinycss2.parse_component_value_list(f" / {origin[3]:.8f}")]
    return rgba(tinycss2.parse_one_component_value(evaluate(f"{name}({_filled(rest, values)})")))


def _filled(tokens: list[Any], values: dict[str, str]) -> str:
    """The tokens written again, names replaced by their values."""
    parts = []
    for one in tokens:
        if one.type == "ident":
            parts.append(values.get(one.lower_value, one.value))
        elif one.type == "function":
            parts.append(f"{one.name}({_filled(one.arguments, values)})")
        elif one.type == "() block":
            parts.append(f"({_filled(one.content, values)})")
        else:
            parts.append(one.serialize())
    return " ".join(parts)


def _mixed(token: Any) -> tuple[float, float, float, float] | None:
    """`color-mix(in SPACE, A p%, B q%)`: on premultiplied coordinates; less than 100 % in all is see-through."""
    how, *parts = _arguments(token)
    if len(parts) != 2:
        return None
    space = how[1].lower_value if len(how) > 1 else "oklab"
    shares: list[float | None] = [next((one.value for one in part if one.type == "percentage"), None) for part in parts]
    colours = [rgba(next(one for one in part if one.type != "percentage")) for part in parts]
    black = (0.0, 0.0, 0.0, 1.0)
    first, second = (black if isinstance(one, str) else one for one in colours)
    if first is None or second is None:
        return None
    p, q = shares
    p = (50.0 if q is None else 100 - q) if p is None else p
    q = 100 - p if q is None else q
    if p + q <= 0:
        return None
    one, other = p / (p + q), q / (p + q)
    alpha = one * first[3] + other * second[3]
    a, b = _to(space, first[:3]), _to(space, second[:3])
    mixed = []
    for place, (x, y) in enumerate(zip(a, b, strict=True)):
        if space in {"oklch", "lch"} and place == 2 or space in {"hsl", "hwb"} and place == 0:
            # a grey has no hue of its own; the shorter way round
            x, y = (y, y) if _grey(space, a) else (x, x) if _grey(space, b) else (x, y)
            mixed.append((x + other * ((y - x + 180) % 360 - 180)) % 360)
        else:
            mixed.append((one * x * first[3] + other * y * second[3]) / alpha if alpha else 0.0)
    rgb = _gamma(_linear(space, (mixed[0], mixed[1], mixed[2])))
    return (*rgb, alpha * min(1.0, (p + q) / 100))


def _grey(space: str, numbers: Triple) -> bool:
    if space == "hwb":
        return numbers[1] + numbers[2] > 99.99
    return numbers[1] < {"oklch": 4e-4, "lch": 0.15}.get(space, 0.01)


def _linear(space: str, numbers: Triple) -> Triple:
    """Coordinates of a space to linear light of sRGB."""
    if space in POLAR:
        hue = math.radians(numbers[2])
        return _linear(POLAR[space], (numbers[0], numbers[1] * math.cos(hue), numbers[1] * math.sin(hue)))
    if space in {"srgb", "hsl", "hwb"}:
        return _light("srgb", _between(space, numbers, "srgb"))
    if space in {"lab", "oklab"}:
        white = "xyz-d50" if space == "lab" else "xyz-d65"
        return _times(LINEAR[white], _between(space, numbers, white))
    space = "xyz-d65" if space == "xyz" else space
    return _times(LINEAR[space], _light(space, numbers))


def _to(space: str, rgb: Triple) -> Triple:
    """sRGB to the coordinates of a space to mix in; unknown ones are Oklab, CSS's own choice."""
    if space == "srgb":
        return rgb
    if space in {"hsl", "hwb"}:
        red, green, blue = (min(max(part, 0.0), 1.0) for part in rgb)
        hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
        if space == "hsl":
            return hue * 360, saturation * 100, light * 100
        return hue * 360, min(red, green, blue) * 100, 100 - max(red, green, blue) * 100
    linear = _light("srgb", rgb)
    if space == "srgb-linear":
        return linear
    if space in {"lab", "lch"}:
        lab = _between("xyz-d50", _solve(LINEAR["xyz-d50"], linear), "lab")
    elif space in {"oklab", "oklch"}:
        cones = _times(LAB_FROM, linear)
        lab = _times(LAB_OF, cast(Triple, tuple(math.cbrt(one) for one in cones)))
    elif space in LINEAR or space == "xyz":
        return _solve(LINEAR["xyz-d65" if space == "xyz" else space], linear)
    else:
        raise ValueError(space)
    if space in POLAR:
        return lab[0], math.hypot(lab[1], lab[2]), math.degrees(math.atan2(lab[2], lab[1])) % 360
    return lab


def _between(space: str, numbers: Triple, other: str) -> Triple:
    """Coordinates of a space to those of another that tinycss2 knows the way to."""
    made: Any = color4.Color(space, numbers, 1)
    return made.to(other).coordinates


def _light(space: str, numbers: Triple) -> Triple:
    """Undo the curve of a space of red, green and blue."""
    if space in {"srgb", "display-p3"}:
        light = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in map(abs, numbers)]
    elif space == "rec2020":
        light = [v / 4.5 if v < 0.0812428 else ((v + 0.0992968) / 1.0992968) ** (1 / 0.45) for v in map(abs, numbers)]
    elif space in POWER:
        light = [abs(one) ** POWER[space] for one in numbers]
    else:
        return numbers
    red, green, blue = (math.copysign(value, one) for value, one in zip(light, numbers, strict=True))
    return red, green, blue


def _gamma(linear: Triple) -> Triple:
    red, green, blue = (
        math.copysign(12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055, one)
        for one in linear
        for v in (abs(one),)
    )
    return red, green, blue


def _times(matrix: tuple[Triple, ...], vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _solve(matrix: tuple[Triple, ...], vector: Triple) -> Triple:
    """The vector that `matrix` takes to this one (Cramer)."""
    columns = tuple(zip(*matrix, strict=True))
    whole = _det(columns)
    first, second, third = (
        _det(tuple(vector if i == place else columns[i] for i in range(3))) / whole for place in range(3)
    )
    return first, second, third


def _det(m: tuple[Triple, ...]) -> float:
    a, b, c = m
    return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
