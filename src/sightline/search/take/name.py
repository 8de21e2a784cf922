"""Names of what is taken out of an index: of files, safe on every system and each only once, and of symbols."""

import re
from pathlib import PurePosixPath

from sightline.search.read import SVG, Picture

ENDINGS = {SVG: ".svg", "image/jpeg": ".jpg"}
LONGEST = 180
"""bytes of a name: file systems take 255, and a number may be added"""
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
"""what Windows takes in no name, and what would show another name than there is"""
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)


def file_name(picture: Picture, media: str) -> str:
    """What a picture of this media type is saved as: its own name, else its key."""
    ending = ENDINGS.get(media, "." + media.rpartition("/")[2])
    own = re.split(r"[\\/]", picture.path)[-1] if picture.path else picture.key.replace("/", "-")
    own = own.removesuffix("z") if own.lower().endswith(".svgz") else own  # it comes unpacked
    return own if PurePosixPath(own).suffix else own + ending


def safe(name: str) -> str:
    """A name that is one in every folder and leads out of none.

    >>> safe("../../etc/passwd"), safe("C:\\\\a\\\\nul.svg"), safe("..")
    ('passwd', '_nul.svg', 'picture')
    """
    one = FORBIDDEN.sub("", re.split(r"[\\/]", name)[-1]).strip().lstrip(".").rstrip(". ")
    if not one:
        return "picture"
    one = f"_{one}" if DEVICE.match(one) else one
    stem, ending = _parts(one)
    return _cut(stem, LONGEST - len(ending.encode())) + ending


def slug(name: str) -> str:
    """A name as an id of XML, of CSS and of a web address: ASCII, with no two signs together.

    >>> slug("Größe & Maß"), slug("24-hours_outline"), slug("写真")
    ('gr-e-ma', 'i-24-hours-outline', 'picture')
    """
    one = re.sub(r"[^a-z0-9]+", "-", name.lower())[:80].strip("-")
    return f"i-{one}" if one[:1].isdecimal() else one or "picture"


class Once:
    """Gives each name only once, whatever the case of its letters: `a.svg`, `a-2.svg`."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def __call__(self, name: str) -> str:
        """The name, or with a number before its ending."""
        stem, ending = _parts(name)
        number = self._given.get(name.lower(), 0)
        while True:
            number += 1
            one = name if number == 1 else f"{stem}-{number}{ending}"
            if number == 1 or one.lower() not in self._given:
                break
        self._given[name.lower()] = number
        self._given.setdefault(one.lower(), 1)
        return one


def _parts(name: str) -> tuple[str, str]:
    ending = PurePosixPath(name).suffix
    return (name.removesuffix(ending), ending) if len(ending) <= 10 else (name, "")


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
