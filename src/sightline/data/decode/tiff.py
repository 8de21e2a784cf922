"""Multi-band TIFF as an array (y, x, band), for what Pillow cannot open: 16 bits a band, more than four bands, planes.

Reads classic TIFF and BigTIFF of either byte order in strips or tiles, chunky or planar; integers of 8, 16 or 32 bits
and floats of 16, 32 or 64; stored plain, deflated, or by LZW, PackBits and Zstandard (which Pillow unpacks, a part at a
time, as a grey picture); with or without horizontal differences. Anything else is refused by name: such files are few,
and `gdal_translate -co COMPRESS=DEFLATE` or an .npy is the way round. Directories are read here in any case, before
Pillow sees them.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from sightline.data.sample import BadSample

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, SAMPLES, ROWS, STRIP_BYTES = (
    *(256, 257, 258, 259, 262, 273, 277, 278, 279),
)
PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, FORMAT = (284, 317, 322, 323, 324, 325, 339)
SIZES = {1: "B", 3: "H", 4: "I", 16: "Q"}
"""tag types that hold the numbers read here: byte, short, long, long8"""
DEFLATE, BY_PILLOW = frozenset({8, 32946}), frozenset({5, 32773, 50000})
NAMES = {2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "JPEG", 7: "JPEG", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA"}
WANTED = frozenset(
    {WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, SAMPLES, ROWS, STRIP_BYTES, PLANAR, PREDICTOR}
)
WANTED |= {TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, FORMAT}
DTYPES = {(1, 8): "u1", (1, 16): "u2", (1, 32): "u4", (2, 8): "i1", (2, 16): "i2", (2, 32): "i4"}
DTYPES |= {(3, 16): "f2", (3, 32): "f4", (3, 64): "f8"}
"""by sample format and bits"""
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""bytes of a value of each tag type"""
EXIF = 34665
DIRECTORIES = frozenset({EXIF, 34853, 40965})
"""tags that lead to further directories which Pillow reads: EXIF, GPS, interoperability"""
PAGES = 64
ENTRIES = 4096
CHUNKS = 2**20
"""a directory of more entries, a picture of more strips, is made to waste time"""


@dataclass(frozen=True)
class Header:
    """Numbers of the first picture of a file."""

    height: int
    width: int
    bands: int
    dtype: np.dtype
    tags: dict[int, tuple[int, ...]]

    def one(self, tag: int, usual: int) -> int:
        """The first value of a tag, or `usual` where the file does not have it."""
        return self.tags[tag][0] if self.tags.get(tag) else usual


def header(data: bytes) -> Header:
    """Size, bands and type of the first picture. Raises BadSample with the reason."""
    try:
        tags = _tags(data)
    except (struct.error, OverflowError) as error:
        raise BadSample(f"broken or cut TIFF ({len(data):,} bytes): {error}") from error
    lacking = [name for name, tag in (("width", WIDTH), ("height", HEIGHT)) if not tags.get(tag)]
    if lacking:
        raise BadSample(f"a TIFF without {' and '.join(lacking)}")
    bits, kinds = set(tags.get(BITS, (1,))), set(tags.get(FORMAT, (1,)))
    if len(bits) != 1 or len(kinds) != 1:
        raise BadSample(f"a TIFF whose bands differ in type (bits {sorted(bits)[:4]}, formats {sorted(kinds)[:4]})")
    dtype = DTYPES.get((next(iter(kinds)), next(iter(bits))))
    if dtype is None:
        raise BadSample(
            f"a TIFF of {bits.pop()} bits, format {kinds.pop()}; bands are integers of 8 to 32 bits or float"
        )
    order = np.dtype(("<" if data[:1] == b"I" else ">") + dtype)
    found = Header(tags[HEIGHT][0], tags[WIDTH][0], (tags.get(SAMPLES) or (1,))[0], order, tags)
    if min(found.height, found.width, found.bands) < 1:
        raise BadSample(f"a TIFF of {found.height} x {found.width} pixels and {found.bands} bands")
    return found


def read(data: bytes, said: Header | None = None) -> np.ndarray:
    """The bands (y, x, c) as stored. Raises BadSample with the reason; ask `header` first how large it will be."""
    said = said or header(data)
    compression = said.one(COMPRESSION, 1)
    if compression not in DEFLATE | BY_PILLOW | {1}:
        name = NAMES.get(compression, f"number {compression}")
        raise BadSample(f"a TIFF of {said.bands} bands compressed by {name}; store it plain or deflated, or as .npy")
    predictor = said.one(PREDICTOR, 1)
    if predictor not in {1, 2} or (predictor == 2 and said.dtype.kind == "f"):
        raise BadSample(f"a TIFF of {said.bands} bands with predictor {predictor}; store it without, or as .npy")
    planar = said.one(PLANAR, 1) == 2
    pixels = np.zeros((said.height, said.width, said.bands), said.dtype.newbyteorder("="))
    for part, place, shape in _chunks(data, said, planar):
        values = _values(part, compression, shape, said.dtype)
        if predictor == 2:
            # sums wrap around as the differences did
            values = np.cumsum(values, axis=1, dtype=values.dtype)
        rows, columns, bands = place
        target = pixels[rows : rows + shape[0], columns : columns + shape[1], bands : bands + shape[2]]
        target[...] = values[: target.shape[0], : target.shape[1]]
    return pixels


def check(data: bytes) -> None:
    """Raises BadSample for directories of which reading the tags would take more than the file has.

    Tags may lie over each other: a file of a megabyte can announce gigabytes, each of which a reader copies.
    """
    waiting, seen = [(_first(data), True)], set[int]()
    while waiting and len(seen) < PAGES:
        start, page = waiting.pop()
        if start in seen or not start:
            continue
        seen.add(start)
        try:
            entries, after = _entries(data, start)
        except struct.error:
            continue  # the reader says what it makes of that
        total = 0
        for tag, kind, length, where, inline in entries:
            total += 0 if inline else length * WIDTHS.get(kind, 1)
            if tag in {STRIPS, TILES} and length > CHUNKS:
                raise BadSample(f"bomb: a TIFF in {length:,} parts, the limit is {CHUNKS:,}")
            if tag in DIRECTORIES and length == 1:
                waiting.append((where, False))
        if total > len(data):
            raise BadSample(f"bomb: a TIFF of {len(data):,} bytes whose tags would take {total:,}")
        if page:
            waiting.append((after, True))


def tags_of(data: bytes) -> dict[int, int]:
    """Tag -> its value, or its first, of the whole-numbered ones in the first directory; 0 for all others."""
    try:
        entries, _ = _entries(data, _first(data))
        order = _order(data)
        found = dict[int, int]()
        for tag, kind, _, where, _ in entries:
            found[tag] = struct.unpack_from(order + SIZES[kind], data, where)[0] if kind in SIZES else 0
        return found
    except struct.error:
        return {}


def raw_tags(data: bytes, wanted: frozenset[int], most: int) -> dict[int, bytes]:
    """Tag -> the bytes of its values, of those `wanted` in the first directory and in the EXIF one that it leads to.

    What has more than `most` bytes or lies outside of the file is left out. Raises BadSample or struct.error.
    """
    found, waiting = dict[int, bytes](), [_first(data)]
    for start in waiting:
        for tag, kind, length, where, _ in _entries(data, start)[0]:
            size = length * WIDTHS.get(kind, 1)
            if tag == EXIF and len(waiting) == 1:
                waiting.append(where)
            elif tag in wanted and tag not in found and size <= min(most, len(data) - where):
                found[tag] = data[where : where + size]
    return found


def inverted(tags: dict[int, int]) -> bool:
    """Whether zero is white, as on a radiograph, by what `tags_of` gives."""
    return tags.get(PHOTOMETRIC) == 0


def without_exif(data: bytes) -> bytes:
    """`data`, or a copy whose first directory leads to no EXIF, which may be broken in a picture that is good."""
    _, big, form, inline = _form(data)
    first = _first(data)
    try:
        entries, _ = _entries(data, first)
    except struct.error:
        return data
    places = [number for number, (tag, *_) in enumerate(entries) if tag in DIRECTORIES]
    if not places:
        return data
    left = bytearray(data)
    for number in places:
        # a private tag of one byte
        struct.pack_into(form, left, first + (8 if big else 2) + number * (struct.calcsize(form) + inline), 65000, 1, 1)
    return bytes(left)


def _order(data: bytes) -> str:
    return "<" if data[:1] == b"I" else ">"


def _form(data: bytes) -> tuple[str, bool, str, int]:
    """Byte order, whether it is a BigTIFF, the form of an entry before its value, and the bytes of that."""
    order, big = _order(data), data[2:4] in {b"+\0", b"\0+"}
    return order, big, order + ("HHQ" if big else "HHI"), 8 if big else 4


def _first(data: bytes) -> int:
    order, big, _, _ = _form(data)
    try:
        return struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    except struct.error:
        return 0


def _entries(data: bytes, at: int) -> tuple[list[tuple[int, int, int, int, bool]], int]:
    """(tag, type, length, where its values are, whether in the entry) of a directory, and where the next one is."""
    order, big, form, inline = _form(data)
    count, offset = order + ("Q" if big else "H"), order + ("Q" if big else "I")
    if not 8 <= at < len(data):
        raise struct.error(f"a directory at byte {at:,}")
    (number,) = struct.unpack_from(count, data, at)
    if number > ENTRIES:
        raise BadSample(f"a TIFF directory of {number:,} entries")
    at += struct.calcsize(count)
    found = list[tuple[int, int, int, int, bool]]()
    for _ in range(number):
        tag, kind, length = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        within = length * WIDTHS.get(kind, 1) <= inline
        where = at if within and tag not in DIRECTORIES else struct.unpack_from(offset, data, at)[0]
        found.append((tag, kind, length, where, within))
        at += inline
    after = struct.unpack_from(offset, data, at)[0] if at + inline <= len(data) else 0
    return found, after


def _tags(data: bytes) -> dict[int, tuple[int, ...]]:
    if data[:4] not in MAGICS:
        raise BadSample(f"not a TIFF: it starts with {data[:4]!r}")
    order = _order(data)
    (start,) = struct.unpack_from(order + ("Q" if _form(data)[1] else "I"), data, 8 if _form(data)[1] else 4)
    return {
        tag: struct.unpack_from(f"{order}{length}{SIZES[kind]}", data, where)
        for tag, kind, length, where, _ in _entries(data, start)[0]
        if tag in WANTED and kind in SIZES and length <= CHUNKS
    }


def _chunks(
    data: bytes, said: Header, planar: bool
) -> Iterator[tuple[bytes, tuple[int, int, int], tuple[int, int, int]]]:
    """(bytes, first row, column and band, shape) of every strip or tile, row-major, plane after plane."""
    tiled = TILES in said.tags
    starts, lengths = (said.tags.get(tag, ()) for tag in ((TILES, TILE_BYTES) if tiled else (STRIPS, STRIP_BYTES)))
    tall = said.one(TILE_HEIGHT, 0) if tiled else min(said.one(ROWS, said.height), said.height)
    wide = said.one(TILE_WIDTH, 0) if tiled else said.width
    if min(tall, wide) < 1 or (tiled and tall * wide > 2**24):
        raise BadSample(f"a TIFF in parts of {tall} x {wide} pixels")
    deep = 1 if planar else said.bands
    places = [
        (row, column, band)
        for band in range(0, said.bands, deep)
        for row in range(0, said.height, tall)
        for column in range(0, said.width, wide)
    ]
    if not len(places) == len(starts) == len(lengths):
        raise BadSample(f"a TIFF of {len(places)} parts with {len(starts)} places and {len(lengths)} lengths")
    for place, start, length in zip(places, starts, lengths, strict=True):
        if start + length > len(data):
            raise BadSample(f"cut TIFF: a part ends at byte {start + length:,} of {len(data):,}")
        rows = tall if tiled else min(tall, said.height - place[0])
        yield data[start : start + length], place, (rows, wide, deep)


def _values(part: bytes, compression: int, shape: tuple[int, int, int], dtype: np.dtype) -> np.ndarray:
    wanted = shape[0] * shape[1] * shape[2] * dtype.itemsize
    if compression in DEFLATE:
        try:
            # never more than the part should hold, whatever the stream says
            part = zlib.decompressobj().decompress(part, wanted)
        except zlib.error as error:
            raise BadSample(f"broken deflate stream in a TIFF: {error}") from error
    elif compression != 1:
        part = _by_pillow(part, compression, shape[0], wanted // shape[0])
    if len(part) < wanted:
        raise BadSample(f"cut TIFF: a part of {shape} holds {len(part):,} bytes of {wanted:,}")
    return np.frombuffer(part, dtype, count=wanted // dtype.itemsize).reshape(shape).astype(dtype.newbyteorder("="))


def _by_pillow(part: bytes, compression: int, rows: int, row: int) -> bytes:
    """The bytes of one part, unpacked as a grey picture of `rows` x `row` pixels."""
    tags = ((WIDTH, row), (HEIGHT, rows), (BITS, 8), (COMPRESSION, compression), (PHOTOMETRIC, 1))
    tags += ((STRIPS, 8 + 2 + 9 * 12 + 4), (SAMPLES, 1), (ROWS, rows), (STRIP_BYTES, len(part)))
    lines = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    file = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + lines + bytes(4) + part
    try:
        with Image.open(io.BytesIO(file), formats=["TIFF"]) as opened:
            return opened.tobytes()
    except Exception as error:
        raise BadSample(f"broken part of a TIFF, or a compression that Pillow was built without: {error}") from error
