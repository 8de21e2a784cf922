"""`iconify:PATH[:split][?...]`: the icons of Iconify's JSON, one set (`lucide.json`) or the package of them all."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.progress import lines
from sightline.data.regular import read_regular
from sightline.data.sample import BadSample, Sample
from sightline.data.sources.caption import clean
from sightline.data.sources.iconify.alike import NEAR, in_black, kept, kept_ink, near
from sightline.data.sources.iconify.choice import Chosen, choose, named_sets
from sightline.data.sources.iconify.collection import BOX, Collection
from sightline.data.sources.iconify.words import style_words
from sightline.data.sources.icons import SPLITS, TEST_SHARE
from sightline.data.sources.passed import counted
from sightline.data.sources.shards.pread import Reader
from sightline.data.storable import escaped, flaw

MOST = 8
"""sets named in a note"""


@dataclass(eq=False)
class Iconify:
    """The chosen icons, set by set. A picture is read from the set's file when it is asked for, from any process."""

    name: str
    sets: tuple[Collection, ...]
    place: np.ndarray
    """(samples, 2) int32: number of the set, number of the icon in it"""
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """absolute paths of files that may hold sets and could not be read"""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """caption -> further words for every icon of that name"""
    has = frozenset({"image", "text"})
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.reader = Reader(tuple(one.path for one in self.sets))

    def __len__(self) -> int:
        return len(self.place)

    def __getitem__(self, index: int) -> Sample:
        number, icon = map(int, self.place[index])
        found = self.sets[number]
        about, name, stem = found.about, found.names[icon], found.stem(icon)
        if flaw(name):
            raise BadSample(f"{about.prefix}/{escaped(name)}: its name cannot be stored ({flaw(name)})")
        caption = said(stem)
        words = [*map(said, found.aliases.get(name, ())), *self.words.get(caption, ())]
        return Sample(
            key=f"{about.prefix}/{name}",
            image=self.svg(number, icon),
            captions=(caption,),
            terms=tuple(dict.fromkeys(word for word in words if word != caption)),
            name=stem,
            extra={
                "set": about.prefix,
                "licence": about.licence,
                "style": list(style_words(name, *map(int, found.thing[icon]))),
                "palette": about.palette,
                "group": about.group,
                "categories": list(found.categories.get(name, ())),
            },
        )

    def location(self, index: int) -> tuple[Path, str]:
        """The file of a sample and the place in it, told without opening it."""
        number, icon = map(int, self.place[index])
        return self.sets[number].path, self.sets[number].names[icon]

    def ink(self, number: int, tell: Callable[[int], None] = lambda icon: None) -> np.ndarray:
        """How every icon of a set looks (`alike.kept_ink`); `tell` hears the number of each that is drawn for it."""
        return kept_ink(self.sets[number].digest, lambda icon: self._drawn(number, icon, tell))

    def _drawn(self, number: int, icon: int, tell: Callable[[int], None]) -> bytes:
        tell(icon)
        try:
            return self.svg(number, icon)
        except BadSample:
            return b""

    def svg(self, number: int, icon: int) -> bytes:
        """The drawing as a file of its own. BadSample where the set's file holds no such thing."""
        found = self.sets[number]
        raw = self.reader.read(number, int(found.offset[icon]), int(found.length[icon]))
        try:
            record = json.loads(raw)
        except ValueError as error:
            raise BadSample(f"{found.path} has changed since it was opened: no icon {found.names[icon]!r}") from error
        try:
            return drawing(record, found.about.box)
        except BadSample as error:
            raise BadSample(f"{found.about.prefix}/{escaped(found.names[icon])}: {error}") from error


def drawing(record: Any, box: dict[str, Any]) -> bytes:
    """The SVG of an icon's entry: its body in its viewBox, black where it says `currentColor`, turned as it says.

    `box` has left, top, width and height where the entry has none. BadSample where it has no body, or no size.
    """
    body = record.get("body") if isinstance(record, dict) else None
    if not isinstance(body, str):
        raise BadSample(
            f"an icon without a body: {json.dumps(record)[:80]}; expected an object with a text of SVG elements"
        )
    sides = {side: record.get(side, box.get(side, usual)) for side, usual in BOX.items()}
    for side, value in sides.items():
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or (side in {"width", "height"} and value <= 0):
            raise BadSample(f"an icon whose {side} is {json.dumps(value)[:40]}; expected a number of pixels")
    sides, body = _turned(record, sides, body)
    view = " ".join(f"{sides[side]:g}" for side in BOX)
    link = ' xmlns:xlink="http://www.w3.org/1999/xlink"' if "xlink:" in body else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"{link} viewBox="{view}" width="{sides["width"]:g}" '
        f'height="{sides["height"]:g}" color="black">{body}</svg>'
    ).encode("utf-8", "replace")


def _turned(record: dict[str, Any], box: dict[str, float], body: str) -> tuple[dict[str, float], str]:
    """Box and body of an entry that says `hFlip`, `vFlip` and, after those, `rotate` by quarters: sets of old do."""
    quarters = record.get("rotate", 0)
    quarters = quarters % 4 if isinstance(quarters, int) else 0
    across, down = (-1 if record.get(key) is True else 1 for key in ("hFlip", "vFlip"))
    if not quarters and across == down == 1:
        return box, body
    x, y = box["left"] + box["width"] / 2, box["top"] + box["height"] / 2
    turn = f"translate({x:g} {y:g}) rotate({90 * quarters}) scale({across} {down}) translate({-x:g} {-y:g})"
    if quarters % 2:
        width, height = box["height"], box["width"]
        box = {"left": x - width / 2, "top": y - height / 2, "width": width, "height": height}
    return box, f'<g transform="{turn}">{body}</g>'


def said(stem: str) -> str:
    """
    >>> said("arrow-left")
    'arrow left'
    """
    return clean(stem.replace("-", " ").replace("_", " "))


def open_iconify(
    path: Path, name: str = "", *, split: str | None = None, fold: int = 0, options: dict[str, str] | None = None
) -> Iconify:
    """The icons at `path`: a set's JSON, the package of all sets, or a folder of such JSON.

    `options` are `sets`, `without`, `licence`, `group` and `kind` (`choice.choose`); `unlike`: sets whose icons are
    left out, and with them whatever nearly equals one; `most`: icons of a set, chosen by their names; `words`: a JSON
    file of further words by name. Raises ValueError where nothing is left, and for what is not known, with what is.
    """
    side, options = split or "all", options or {}
    if side not in SPLITS:
        raise ValueError(f"iconify has no split {side!r}; known: {', '.join(SPLITS)}")
    chosen = choose(path, options)
    place = _places(chosen.sets)
    if side != "all":
        place = place[_on_test_side(chosen.sets, fold) == (side == "test")]
    notes = _notes(chosen)
    source = Iconify(name or f"iconify:{path}", chosen.sets, place, unread=chosen.unread)
    if unlike := options.get("unlike"):
        copies = near_copies(source, _whole(named_sets(path, "unlike", unlike)))
        found = Counter(chosen.sets[number].about.prefix for number in place[copies, 0].tolist())
        told = ", ".join(f"{count:,} of {prefix}" for prefix, count in found.most_common(MOST))
        notes += (f"{counted(int(copies.sum()), 'icon')} that nearly equal one of {unlike} left out: {told or 'none'}",)
        place = place[~copies]
    if "most" in options:
        place = _at_most(source, place, options["most"])
    if not len(place):
        raise ValueError(f"{name or path} has no icons{f' on its {side} side' if side != 'all' else ''}")
    words = read_words(Path(options["words"])) if "words" in options else {}
    return replace(source, place=place, notes=notes, words=words)


def read_words(file: Path) -> dict[str, tuple[str, ...]]:
    """`{"heart": ["love", "like"]}`: further words of every icon of a name. ValueError for any other JSON."""
    try:
        told = json.loads(read_regular(file))
    except ValueError as error:
        raise ValueError(f"words={file} is cut or not JSON ({error})") from error
    wrong = (
        [name for name, words in told.items() if not _texts(words)] if isinstance(told, dict) else ["the whole file"]
    )
    if wrong:
        raise ValueError(f'words={file}: {wrong[0]} is no list of words; expected {{"heart": ["love", "like"], ...}}')
    return {said(name): tuple(filter(None, map(clean, words))) for name, words in told.items()}


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _at_most(icons: Iconify, place: np.ndarray, most: str) -> np.ndarray:
    """Of `place` (n, 2), in order, no more than `most` of a set: those of the smallest hash of set and name."""
    if not most.isdigit() or int(most) < 1:
        raise ValueError(f"most={most}: expected how many icons of a set, a number of at least 1")
    keep = np.zeros(len(place), bool)
    for number, one in enumerate(icons.sets):
        rows = np.flatnonzero(place[:, 0] == number)
        if len(rows) > int(most):
            keys = [f"{one.about.prefix}/{one.names[icon]}" for icon in place[rows, 1].tolist()]
            hashed = [hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys]
            rows = rows[sorted(range(len(rows)), key=hashed.__getitem__)[: int(most)]]
        keep[rows] = True
    return place[keep]


def near_copies(icons: Iconify, of: Iconify) -> np.ndarray:
    """bool (samples,): which of `icons` look nearly like one of the sets of `of`, all of whose icons count (`alike`).

    Kept in the cache by the content of the sets. The first time every icon of both is drawn, 2 ms each, and how far
    that has come is said now and then.
    """
    digests = np.concatenate([one.digest for one in of.sets])
    painted = [one.about.palette for one in of.sets]
    parts = [digests.tobytes(), str(NEAR).encode(), *([bytes(painted)] if any(painted) else [])]
    theirs: list[np.ndarray] = []
    sizes = [len(one.names) for one in (*of.sets, *icons.sets)]
    before, tell = np.cumsum([0, *sizes]).tolist(), lines("drawing icons to compare")

    def drawn(source: Iconify, number: int, place: int) -> np.ndarray:
        return source.ink(number, lambda icon: tell(before[place] + icon, before[-1]))

    def compared(number: int) -> np.ndarray:
        if not theirs:
            looks = [drawn(of, other, other) for other in range(len(of.sets))]
            looks += [in_black(look) for look, colours in zip(looks, painted, strict=True) if colours]
            theirs.append(np.concatenate(looks))
        return near(drawn(icons, number, len(of.sets) + number), theirs[0])

    found = [
        kept("near", [one.digest.tobytes(), *parts], lambda number=number: compared(number))
        for number, one in enumerate(icons.sets)
    ]
    first = np.cumsum([0, *(len(one) for one in found[:-1])])
    return np.concatenate(found)[first[icons.place[:, 0]] + icons.place[:, 1]]


def _whole(sets: tuple[Collection, ...]) -> Iconify:
    return Iconify("", sets, _places(sets))


def _places(sets: Sequence[Collection]) -> np.ndarray:
    counts = [len(one.names) for one in sets]
    icons = np.concatenate([np.arange(count) for count in counts])
    return np.stack([np.repeat(np.arange(len(counts)), counts), icons], axis=1).astype(np.int32)


def _on_test_side(sets: Sequence[Collection], fold: int) -> np.ndarray:
    """Of every icon of every set, bool: whether its name, without style words, is on the test side.

    The hash of `icons.names_of_split` against a fixed threshold, so that the side of a name is the same whichever sets
    are opened.
    """
    known: dict[str, bool] = {}
    sides: list[bool] = []
    for one in sets:
        for name, (start, end) in zip(one.names, one.thing.tolist(), strict=True):
            stem = name[start:end]
            if stem not in known:
                digest = hashlib.blake2b(f"{fold}/{stem}".encode("utf-8", "backslashreplace"), digest_size=8).digest()
                known[stem] = int.from_bytes(digest, "big") < TEST_SHARE * 2**64
            sides.append(known[stem])
    return np.array(sides, bool)


def _notes(chosen: Chosen) -> tuple[str, ...]:
    notes = list(chosen.notes)
    if hidden := sum(one.hidden for one in chosen.sets):
        notes.append(f"{counted(hidden, 'icon')} withdrawn by the set (hidden) left out")
    if turned := sum(one.turned for one in chosen.sets):
        notes.append(f"aliases that turn or mirror an icon left out, as other drawings and no words of it: {turned:,}")
    counts = Counter(np.concatenate([one.digest for one in chosen.sets]).tolist())
    if copies := sum(counts.values()) - len(counts):
        notes.append(f"{counted(copies, 'icon')} drawn exactly as another one kept, each with its own words")
    return tuple(notes)
