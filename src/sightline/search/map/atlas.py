"""The map of a library, kept beside its index: `DB-map`, a cache that can be removed at any time.

It belongs to the library and its encoder, not to a revision: what is added later is placed beside the three placed
pictures most like it, what goes is left out. Where more than a quarter was added since, it is to be made anew. Equal
bytes lie at one place. Each picture has its mean colour, so that a map of points can be read.
"""

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from sightline.search.blind import needs_encoder
from sightline.search.index import Index
from sightline.search.look.measure import LENGTH, mean_colours
from sightline.search.map.layout import layout
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.stamped import Stamp, read_stamped, write_stamped

MAGIC = b"SGLNMAP1"
WORN = 0.25
"""share of added pictures from which a map is made anew"""
BESIDE = 3
"""placed pictures beside which one that was added is placed"""
APART = 0.004
"""of the map's half width: how far from the middle of those it is placed"""
GREY = (128, 128, 128, 255)
LAID, SEEN = 0.9, 0.1
"""how the work is shared between places and colours"""


@dataclass(frozen=True, eq=False)
class Atlas:
    """Places of contents: `keys` (n,) uint64 ascending, as of `Vectors`; `xy` (n, 2) float32 in [-1, 1]; `colours`
    (n, 4) uint8."""

    keys: np.ndarray
    xy: np.ndarray
    colours: np.ndarray
    seed: int


@dataclass(frozen=True, eq=False)
class Points:
    """The pictures of the index as it is: `ids` (n,) int64, `xy` (n, 2) float32, `colours` (n, 4) uint8."""

    stamp: Stamp
    ids: np.ndarray
    xy: np.ndarray
    colours: np.ndarray
    added: int
    """pictures that came after the map was made, placed beside what they are like"""


def path_of(db: Path) -> Path:
    """Where the map of an index lies."""
    return db.with_name(db.name + "-map")


def made(index: Index, seed: int = 0, progress: Callable[[float], None] = lambda share: None) -> Atlas:
    """Lays the library out anew and keeps it beside the index. ValueError for an index of names alone.

    The index is searched meanwhile. 100,000 pictures take some minutes of one core.
    """
    vectors = _seen(index)
    keys, rows = np.unique(vectors.keys, return_index=True)
    # in the order of indexing: a map does not depend on the order of fingerprints
    order = np.argsort(rows, kind="stable")
    xy = np.zeros((len(rows), 2), np.float32)
    xy[order] = layout(np.ascontiguousarray(vectors.matrix[rows[order]]), seed, progress=lambda s: progress(LAID * s))
    colours = _colours(index, vectors.ids[rows], lambda share: progress(LAID + SEEN * share))
    found = Atlas(keys, xy, colours, seed)
    about = {"count": len(keys), "seed": seed}
    write_stamped(path_of(index.path), MAGIC, _stamp(vectors), ("about", about), (keys, xy, colours))
    return found


def opened(index: Index) -> Atlas | None:
    """The map beside the index, None where there is none of this library and encoder."""
    vectors = index.whole()

    def arrays(about: dict, numbers: np.ndarray) -> Atlas | None:
        n = about["count"]
        if len(numbers) != 20 * n:
            return None
        keys, xy, colours = numbers[: 8 * n], numbers[8 * n : 16 * n], numbers[16 * n :]
        return Atlas(keys.view("<u8"), xy.view("<f4").reshape(n, 2), colours.reshape(n, 4), about["seed"])

    return read_stamped(path_of(index.path), MAGIC, _stamp(vectors), "about", arrays)


def points(index: Index, atlas: Atlas) -> Points:
    """Where every picture of the index lies now."""
    vectors = _seen(index)
    at = np.minimum(np.searchsorted(atlas.keys, vectors.keys), max(len(atlas.keys) - 1, 0))
    known = atlas.keys[at] == vectors.keys if len(atlas.keys) else np.zeros(len(vectors.ids), bool)
    xy = np.zeros((len(vectors.ids), 2), np.float32)
    colours = np.tile(np.array(GREY, np.uint8), (len(vectors.ids), 1))
    xy[known], colours[known] = atlas.xy[at[known]], atlas.colours[at[known]]
    new = np.flatnonzero(~known)
    if len(new):
        xy[new] = _beside(vectors, new, np.flatnonzero(known), xy)
    return Points(vectors.stamp, vectors.ids, xy, colours, len(new))


def worn(found: Points) -> bool:
    """Whether so much was added that the map is to be made anew."""
    return found.added > WORN * max(1, len(found.ids) - found.added)


def _beside(vectors: Vectors, new: np.ndarray, old: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Places of new rows: the middle of those of the placed rows most like each, a little apart from one another."""
    angle = 2.399963 * np.arange(len(new))  # the golden angle: neighbours in the order of indexing lie apart
    apart = APART * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if not len(old):
        return apart.astype(np.float32)
    placed = np.ascontiguousarray(vectors.matrix[old])
    found = np.zeros((len(new), 2))
    for top in range(0, len(new), 512):
        cosines = vectors.matrix[new[top : top + 512]] @ placed.T
        k = min(BESIDE, len(old))
        near = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        found[top : top + 512] = xy[old[near]].mean(axis=1)
    return (found + apart).clip(-1, 1).astype(np.float32)


def _seen(index: Index) -> Vectors:
    vectors = index.whole()
    if not vectors.stamp.dim:
        raise ValueError(needs_encoder("a map of the library"))
    return vectors


def _stamp(vectors: Vectors) -> Stamp:
    return replace(vectors.stamp, revision="any")


def _colours(index: Index, ids: np.ndarray, progress: Callable[[float], None]) -> np.ndarray:
    with index.rows() as connection:
        kept = dict(connection.execute("SELECT id, alike FROM picture JOIN look USING (hash)"))
    found = np.tile(np.array(GREY, np.uint8), (len(ids), 1))
    measured = np.array([id in kept for id in ids.tolist()], bool)
    looks = np.frombuffer(b"".join(kept[id] for id in ids[measured].tolist()), np.uint8)
    found[measured, :3] = mean_colours(looks.reshape(-1, LENGTH))
    # pictures of an earlier version that were not measured yet: a millisecond or two each
    rest = np.flatnonzero(~measured).tolist()
    for number, at in enumerate(rest, 1):
        with suppress(ValueError, OSError, UnidentifiedImageError):  # one that went meanwhile stays grey
            found[at] = colour_of(index.thumb(int(ids[at]))[0])
        if number % 64 == 0:
            progress(number / len(rest))
    progress(1.0)
    return found


def colour_of(thumb: bytes) -> tuple[int, int, int, int]:
    """The mean colour of what is opaque of an encoded picture, red, green, blue, 255."""
    with Image.open(io.BytesIO(thumb)) as opened_:
        small = opened_.convert("RGBA").resize((8, 8), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float64).reshape(-1, 4)
    weight = pixels[:, 3].sum()
    if not weight:
        return GREY
    red, green, blue = (round(float(value)) for value in (pixels[:, :3] * pixels[:, 3:]).sum(axis=0) / weight)
    return red, green, blue, 255
