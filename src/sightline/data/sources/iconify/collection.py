"""One icon set in Iconify's JSON: what it says of itself, and where in the file each icon lies.

Bodies stay in the file, 450 MB for all sets: an icon is read by its place when it is asked for, from any process. The
places are found by one pass and kept in the cache. Format: `prefix`, `info`, `icons: {name: {body, width?, height?,
left?, top?, hidden?}}`, the same four for the whole set, `aliases: {name: {parent, ...}}`, `categories`, `suffixes`,
`prefixes` (https://iconify.design/docs/types/iconify-json.html).
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.cache import cache_path
from sightline.data.kept import keep_arrays, kept_arrays
from sightline.data.regular import read_regular
from sightline.data.sources.caption import clean
from sightline.data.sources.iconify.places import DECODER, end_of, value_of, walk
from sightline.data.sources.iconify.words import Style
from sightline.data.storable import escaped

VERSION = 1
WORTH = 64 * 1024
"""bytes of a set from which on its places are kept in the cache; a smaller one is read in milliseconds"""
BOX = {"left": 0, "top": 0, "width": 16, "height": 16}
"""of an icon, where neither it nor its set says"""
ARRAYS = ("offset", "length", "thing", "digest")
CHAIN = 8
"""aliases of aliases that are followed"""
MARK = "\xef\xbb\xbf"
"""UTF-8's, as latin-1"""


@dataclass(frozen=True)
class About:
    """What a set says of itself."""

    prefix: str
    title: str
    licence: str
    """SPDX, else the licence's title; "" where none is stated"""
    palette: bool
    """it has colours of its own; else all of it is `currentColor`"""
    group: str
    """the category of the set among sets: "UI 24px", "Emoji", "Logos" """
    box: dict[str, Any]
    """left, top, width, height of icons that do not say"""


@dataclass(frozen=True)
class Collection:
    """The icons of one set that are shown, in the order of the file."""

    path: Path
    about: About
    names: tuple[str, ...]
    offset: np.ndarray
    """(icons,) int64, bytes from the start of the file"""
    length: np.ndarray
    thing: np.ndarray
    """(icons, 2) int32: `name[start:end]` is the name without style words"""
    digest: np.ndarray
    """(icons,) uint64 of what the file says of each, and of the set's box: equal for equal drawings"""
    aliases: dict[str, tuple[str, ...]]
    """icon -> other names of the same drawing, without style words"""
    categories: dict[str, tuple[str, ...]]
    hidden: int
    """icons that were withdrawn, left out"""
    turned: int
    """aliases that are turned, mirrored or cut in another way: other drawings, left out"""

    def stem(self, icon: int) -> str:
        """The name without style words, "arrow-left"."""
        start, end = self.thing[icon]
        return self.names[icon][start:end]


def open_collection(path: Path) -> Collection:
    """The set in a file, its places from the cache or found now. ValueError where it is no set in Iconify's JSON."""
    if path.stat().st_size < WORTH:
        return _scan(path)
    place = cache_path(path, "iconify", f".{VERSION}.npz")
    found = _load(place, path)
    if found is None:
        found = _scan(path)
        try:
            _save(place, found)
        except OSError:
            # a cache that cannot be written is done without
            pass
    return found


def _scan(path: Path) -> Collection:
    # a byte a letter: places in the text are those in the file
    text = read_regular(path).decode("latin-1")
    said: dict[str, Any] = {}
    places: dict[str, tuple[int, int, bool]] = {}

    def icon(name: str, start: int) -> int:
        value, end = DECODER.raw_decode(text, start)
        places[name] = start, end, isinstance(value, dict) and bool(value.get("hidden"))
        return end

    def member(key: str, start: int) -> int:
        if key == "icons" and text[start : start + 1] == "{":
            said[key] = True
            return walk(text, start, icon)
        end = end_of(text, start)
        said[key] = value_of(text, start, end)
        return end

    try:
        walk(text, 3 if text.startswith(MARK) else 0, member)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        raise ValueError(
            f"{path} is {'cut' if cut else 'no JSON'}: {error.msg} at byte {error.pos:,} of {len(text):,}"
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8: {error.reason}") from error
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deep for an icon set") from error
    about = _about(path, said)
    return _collected(path, text, about, said, places)


def _about(path: Path, said: dict[str, Any]) -> About:
    lacking = [key for key, kind in (("prefix", str), ("icons", bool)) if not isinstance(said.get(key), kind)]
    if lacking or not said["prefix"]:
        raise ValueError(
            f"{path} is no icon set in Iconify's JSON: no {' and no '.join(lacking or ['prefix'])} among "
            f"{', '.join(map(repr, list(said)[:8])) or 'nothing'}; expected prefix, icons, usually info, width, height"
        )
    info = _table(said.get("info")) or beside(path, said["prefix"])
    licence = _table(info.get("license"))
    return About(
        prefix=escaped(said["prefix"]),
        title=_text(info.get("name")) or said["prefix"],
        licence=_text(licence.get("spdx")) or _text(licence.get("title")) or _text(info.get("license")),
        palette=info.get("palette") in (True, "Colorful"),  # the word in files before 2022
        group=_text(info.get("category")),
        box={side: said.get(side, usual) for side, usual in BOX.items()},
    )


def beside(path: Path, prefix: str) -> dict[str, Any]:
    """What the files of a package say of a set whose own file says nothing: `info.json`, `../collections.json`."""
    for file, key in ((path.with_name("info.json"), None), (path.parent.parent / "collections.json", prefix)):
        try:
            found = _table(json.loads(read_regular(file)))
        except (OSError, ValueError, RecursionError):
            continue
        return found if key is None else _table(found.get(key))
    return {}


def _collected(
    path: Path, text: str, about: About, said: dict[str, Any], places: dict[str, tuple[int, int, bool]]
) -> Collection:
    shown = {name: (start, end) for name, (start, end, hidden) in places.items() if not hidden}
    style = Style(places, _table(said.get("suffixes")), _table(said.get("prefixes")))
    things = {name: style.parted(name) for name in shown}
    aliases, turned = _aliases(_table(said.get("aliases")), shown)
    salt = json.dumps(about.box).encode()
    digests = [_digest(text[start:end].encode("latin-1") + salt) for start, end in shown.values()]
    spans = np.array(list(shown.values()), np.int64).reshape(-1, 2)
    return Collection(
        path,
        about,
        tuple(shown),
        spans[:, 0],
        spans[:, 1] - spans[:, 0],
        np.array(list(things.values()), np.int32).reshape(-1, 2),
        np.array(digests, np.uint64),
        aliases={name: tuple(dict.fromkeys(_stem(style, one) for one in others)) for name, others in aliases.items()},
        categories=_categories(_table(said.get("categories")), shown),
        hidden=len(places) - len(shown),
        turned=turned,
    )


def _stem(style: Style, name: str) -> str:
    start, end = style.parted(name)
    return name[start:end]


def _digest(record: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(record, digest_size=8).digest(), "little")


def _aliases(said: dict[str, Any], shown: Container[str]) -> tuple[dict[str, list[str]], int]:
    """(icon -> other names of that very drawing, how many are other drawings made of it).

    An alias may stand for another alias. One that says more than its parent (`rotate`, `hFlip`, `vFlip`, a box) is
    another drawing: "arrow left" is no word of an arrow to the right.
    """
    found: dict[str, list[str]] = defaultdict(list)
    turned = 0
    for name in said:
        parent, other = name, False
        for _ in range(CHAIN):
            alias = _table(said.get(parent))
            if not isinstance(alias.get("parent"), str):
                break
            other |= not alias.keys() <= {"parent", "hidden"}
            parent = alias["parent"]
        turned += other
        if not other and parent in shown:
            found[parent].append(name)
    return dict(found), turned


def _categories(said: dict[str, Any], shown: Container[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for kind, names in said.items():
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str) and name in shown:
                found[name].append(escaped(kind))
    return {name: tuple(kinds) for name, kinds in found.items()}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def _save(place: Path, made: Collection) -> None:
    words = [asdict(made.about), made.names, made.aliases, made.categories, made.hidden, made.turned]
    keep_arrays(place, words, **{name: getattr(made, name) for name in ARRAYS})


def _load(place: Path, path: Path) -> Collection | None:
    """None where nothing is kept, or what cannot be read: it is found again."""

    def made(words: Any, arrays: Mapping[str, np.ndarray]) -> Collection:
        about, names, aliases, categories, hidden, turned = words
        aliases, categories = ({name: tuple(said) for name, said in table.items()} for table in (aliases, categories))
        return Collection(
            path,
            About(**about),
            tuple(names),
            **{name: arrays[name] for name in ARRAYS},
            aliases=aliases,
            categories=categories,
            hidden=hidden,
            turned=turned,
        )

    return kept_arrays(place, made)
