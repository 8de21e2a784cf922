"""The fields of filters: what may be said of each, and how a written value is read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import NamedTuple

from sightline.data.describe.colour import SHADES
from sightline.search.words import stored_words

ORDERED = ("<", "<=", ">", ">=")
OUTLINE, FILLED = "outline", "filled"
UNITS = {"": 1, "b": 1, "k": 2**10, "kb": 2**10, "m": 2**20, "mb": 2**20, "g": 2**30, "gb": 2**30}
NUMBER = re.compile(r"(\d{1,18}(?:\.\d*)?|\.\d+)\s*(px|%|[kmg]?b?)", re.IGNORECASE)
HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)
DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2}))?)?)?")


class Span(NamedTuple):
    """A stretch of time in nanoseconds since 1970, its end left out: the day, month or year that was written."""

    start: int
    end: int


class Rgb(NamedTuple):
    """A colour in sRGB, 0 to 255."""

    red: int
    green: int
    blue: int


Value = str | float | bool | Span | Rgb


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a picture."""

    read: Callable[[str, str], Value]
    """a value from what was written and the comparison before it; raises ValueError"""
    example: str
    ordered: bool = False
    """whether it can be more or less"""
    measured: bool = True
    """whether it was measured when the picture was indexed, which versions before did not"""


def _folder(said: str, _: str) -> str:
    if words := stored_words(said):
        return words
    raise ValueError(f"a folder or a set has letters or digits; got {said!r}")


def _number(said: str, _: str) -> float:
    found = NUMBER.fullmatch(said)
    if found is None or found[2].casefold() not in ("", "px"):
        raise ValueError(f"expected a number of pixels, such as 512; got {said!r}")
    return float(found[1])


def _bytes(said: str, _: str) -> float:
    found = NUMBER.fullmatch(said)
    if found is None or found[2].casefold() not in UNITS:
        raise ValueError(f"expected bytes, such as 5000, 20kb or 1.5mb (1 kb is 1,024 bytes); got {said!r}")
    return float(found[1]) * UNITS[found[2].casefold()]


def _type(said: str, _: str) -> str:
    kind = stored_words(said).replace(" ", "")
    kind = {"jpg": "jpeg", "tif": "tiff", "svgz": "svg", "vector": "svg", "jp2": "jpeg2000"}.get(kind, kind)
    if kind not in TYPES:
        near = get_close_matches(kind, TYPES, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"there is no type {said!r}{meant}; there are {', '.join(TYPES)}")
    return kind


TYPES = (
    *("svg", "raster", "png", "jpeg", "webp", "gif", "bmp", "tiff", "ico", "ppm", "avif", "jpeg2000", "icns", "psd"),
    *("tga", "dds", "qoi", "pcx", "dib", "npy"),
)
"""svg, raster for everything else, and what a raster is by its bytes"""


def _colour(said: str, _: str) -> str | Rgb:
    word = {"grey": "gray", "violet": "purple", "cyan": "teal"}.get(said.casefold(), said.casefold())
    if word in SHADES:
        return word
    if found := HEX.fullmatch(said):
        code = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
        return Rgb(*(int(code[at : at + 2], 16) for at in (0, 2, 4)))
    raise ValueError(f"a colour is {', '.join(SHADES)}, or a code such as #ff8800; got {said!r}")


def _transparency(said: str, sign: str) -> bool | float:
    if (known := {"yes": True, "no": False}.get(said.casefold())) is not None and sign not in ORDERED:
        return known
    found = NUMBER.fullmatch(said)
    share = float(found[1]) / (100 if found[2] == "%" else 1) if found and found[2] in ("", "%") else -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"transparency is yes, no, or a share of the picture such as 0.3 or 30%; got {said!r}")
    return share


def _date(said: str, _: str) -> Span:
    wrong = f"a date is 2026-05-31, 2026-05 or 2026, or in quotes '2026-05-31 14:30'; got {said!r}"
    found = DATE.fullmatch(said.strip())
    if found is None:
        raise ValueError(wrong)
    year, month, day, hour, minute = (None if part is None else int(part) for part in found.groups())
    try:
        start = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0)
        if month is None:
            end = start.replace(year=start.year + 1)
        elif day is None:
            end = start.replace(year=start.year + month // 12, month=month % 12 + 1)
        else:
            end = start + (timedelta(days=1) if hour is None else timedelta(minutes=1))
        # by the clock of this machine, as a file manager shows it
        return Span(round(start.timestamp()) * 10**9, round(end.timestamp()) * 10**9)
    except (ValueError, OverflowError, OSError):
        raise ValueError(wrong) from None


def _drawn(said: str, _: str) -> str:
    known = {"outline": OUTLINE, "outlined": OUTLINE, "stroke": OUTLINE, "stroked": OUTLINE, "line": OUTLINE}
    known |= {"filled": FILLED, "fill": FILLED, "solid": FILLED}
    if said.casefold() not in known:
        raise ValueError(f"drawn is outline (or stroke) or filled; got {said!r}")
    return known[said.casefold()]


FIELDS = {
    "folder": Field(_folder, "folder=brand", measured=False),
    "type": Field(_type, "type=svg"),
    "width": Field(_number, "width>512", ordered=True),
    "height": Field(_number, "height<=64", ordered=True),
    "size": Field(_bytes, "size<20kb", ordered=True, measured=False),
    "colour": Field(_colour, "colour=red"),
    "transparency": Field(_transparency, "transparency=yes", ordered=True),
    "date": Field(_date, "date>=2026-05", ordered=True, measured=False),
    "drawn": Field(_drawn, "drawn=outline"),
}
ALIASES = {"color": "colour", "colours": "colour", "colors": "colour", "transparent": "transparency", "style": "drawn"}
