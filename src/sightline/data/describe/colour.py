"""What a colour is called: one of the twelve words that captions of scenes use, by the nearest shade in CIE Lab."""

from functools import lru_cache

import numpy as np

SHADES = {
    "red": "d71e23 ff0000 8b0000 e57373 c0392b 4e0a10",
    "orange": "f07814 ffa500 ff7043 ffb74d",
    "yellow": "dcaa00 ffff00 ffeb3b fff176 ffd700 fff5be",
    "green": "14913c 00ff00 006400 81c784 8bc34a 2ecc71 cdf0cd 08341a",
    "teal": "009196 008080 00bcd4 4db6ac 00ffff",
    "blue": "235feb 0000ff 00008b 64b5f6 1e3a8a 3498db c8e1ff 101a4e",
    "purple": "823cc8 800080 b39ddb 4b0082 9b59b6",
    "pink": "f05fb4 ffc0cb e91e63 ff69b4 ff00ff ffdae6",
    "brown": "784623 8b4513 a1887f 5d4037",
    "black": "141416 000000",
    "gray": "78787c 404048 808080 a0a0a6 c0c0c0 d7d7d7",
    "white": "ffffff",
}
"""sRGB, the first of each that of `scenes.palette`; the others are tints and shades that go by the same word"""
GRAYS = frozenset({"black", "gray", "white"})
LIGHT, DARK = 80.0, 25.0
SAME = 10.0
"""delta E (CIE 1976) below which two colours count as one; three times what the eye just tells apart"""

_NAMES = tuple(name for name, shades in SHADES.items() for _ in shades.split())
_CODES = " ".join(SHADES.values()).split()


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab (1976, D65), float (n, 3), of uint8 sRGB (n, 3): L 0 to 100, a and b about -100 to 100."""
    value = rgb.astype(np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T
    bent = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = bent.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def names(rgb: np.ndarray) -> list[str]:
    """The word for each of the uint8 colours (n, 3)."""
    apart = ((lab(rgb)[:, None] - _LAB[None]) ** 2).sum(-1)
    return [_NAMES[nearest] for nearest in apart.argmin(1)]


@lru_cache(maxsize=4096)
def name(red: int, green: int, blue: int) -> str:
    """The word for one colour.

    >>> name(255, 140, 0), name(20, 20, 90), name(250, 250, 250)
    ('orange', 'blue', 'white')
    """
    return names(np.array([[red, green, blue]], np.uint8))[0]


@lru_cache(maxsize=4096)
def ground_name(red: int, green: int, blue: int) -> str:
    """The word for a background: "light" and "dark" are said of colours of an L of `LIGHT` and more, `DARK` and less.

    >>> ground_name(200, 225, 255), ground_name(16, 26, 78), ground_name(255, 255, 255), ground_name(35, 95, 235)
    ('light blue', 'dark blue', 'white', 'blue')
    """
    said = name(red, green, blue)
    lightness = float(lab(np.array([[red, green, blue]], np.uint8))[0, 0])
    if said in GRAYS:
        return said
    return f"light {said}" if lightness >= LIGHT else f"dark {said}" if lightness <= DARK else said


_XYZ = np.array(
    [
        [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883],
    ]
)
"""linear sRGB to X, Y, Z over those of the white point"""
_LAB = lab(np.array([[int(code[at : at + 2], 16) for at in (0, 2, 4)] for code in _CODES], np.uint8))
