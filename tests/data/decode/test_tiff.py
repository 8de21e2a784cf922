"""Multi-band TIFF: every layout that is read, against an independent writer where there is one, and every refusal."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sightline.data.decode import tiff
from sightline.data.sample import BadSample


def entries(order, tags, big):
    """A directory and the values that do not fit into it; it starts at byte 8 or 16."""
    first, wide = (16, 8) if big else (8, 4)
    count, entry, number = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    at = first + struct.calcsize("=" + count) + len(tags) * (12 if wide == 4 else 20) + wide
    lines, extra = b"", b""
    for tag, values in sorted(tags.items()):
        kind = "Q" if big else "I"
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        line = struct.pack(order + entry, tag, 16 if big else 4, len(values))
        if len(packed) <= wide:
            line += packed.ljust(wide, b"\0")
        else:
            line += struct.pack(order + number, at + len(extra))
            extra += packed
        lines += line
    return struct.pack(order + count, len(tags)) + lines + bytes(wide) + extra


def written(
    array, *, order="<", planar=False, tile=0, rows=0, deflate=False, lzw=False, predictor=1, big=False, **changed
):
    """An (y, x, band) array as TIFF, in strips of `rows` or square tiles."""
    y, x, c = array.shape
    planes = [array[:, :, i : i + 1] for i in range(c)] if planar else [array]
    tall, wide = (tile, tile) if tile else (rows or y, x)
    parts = []
    for plane in planes:
        for top in range(0, y, tall):
            for left in range(0, x, wide):
                part = plane[top : top + tall, left : left + wide]
                if tile:
                    short = ((0, tall - part.shape[0]), (0, wide - part.shape[1]), (0, 0))
                    part = np.pad(part, short)
                if predictor == 2:
                    part = np.concatenate([part[:, :1], np.diff(part, axis=1)], axis=1)
                data = part.astype(part.dtype.newbyteorder(order)).tobytes()
                parts.append(zlib.compress(data) if deflate else packed(data, len(part)) if lzw else data)
    kind = {"u": 1, "i": 2, "f": 3, "c": 6}[array.dtype.kind]
    tags = {
        tiff.WIDTH: [x],
        tiff.HEIGHT: [y],
        tiff.BITS: [array.dtype.itemsize * 8] * c,
        tiff.COMPRESSION: [8 if deflate else 5 if lzw else 1],
        tiff.PHOTOMETRIC: [1],
        tiff.SAMPLES: [c],
        tiff.PLANAR: [2 if planar else 1],
        tiff.PREDICTOR: [predictor],
        tiff.FORMAT: [kind] * c,
    }
    tags |= {tiff.TILE_WIDTH: [wide], tiff.TILE_HEIGHT: [tall]} if tile else {tiff.ROWS: [tall]}
    starts, lengths = (tiff.TILES, tiff.TILE_BYTES) if tile else (tiff.STRIPS, tiff.STRIP_BYTES)
    tags |= {starts: [0] * len(parts), lengths: [len(part) for part in parts]}
    tags |= {getattr(tiff, name): value for name, value in changed.items()}
    head = (
        struct.pack(order + "2sHHHQ", b"II" if order == "<" else b"MM", 43, 8, 0, 16)
        if big
        else struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8)
    )
    offset = len(head) + len(entries(order, tags, big))
    tags[starts] = list(offset + np.cumsum([0, *map(len, parts)])[:-1])
    return head + entries(order, tags, big) + b"".join(parts)


def packed(data, rows):
    """The bytes as libtiff packs them by LZW, taken from a grey picture of them that Pillow wrote."""
    file = io.BytesIO()
    Image.fromarray(np.frombuffer(data, np.uint8).reshape(rows, -1)).save(file, "TIFF", compression="tiff_lzw")
    said = tiff.header(file.getvalue())
    start, length = said.one(tiff.STRIPS, 0), said.one(tiff.STRIP_BYTES, 0)
    return file.getvalue()[start : start + length]


def noise(shape=(9, 11, 5), dtype="u1"):
    values = np.random.default_rng(0).integers(0, 250, shape)
    return (values * 257).astype(dtype) if dtype == "u2" else values.astype(dtype)


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
@pytest.mark.parametrize(
    "layout",
    [{}, {"rows": 4}, {"planar": True, "rows": 2}, {"tile": 4}, {"tile": 16, "planar": True}, {"big": True, "rows": 2}],
    ids=str,
)
@pytest.mark.parametrize("deflate", [False, True])
def test_every_layout_gives_the_array(order, dtype, layout, deflate):
    array = noise(dtype=dtype)
    read = tiff.read(written(array, order=order, deflate=deflate, **layout))
    assert read.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("layout", [{"rows": 4}, {"tile": 4}, {"planar": True}], ids=str)
def test_horizontal_differences_are_summed(dtype, layout):
    array = noise(dtype=dtype)
    np.testing.assert_array_equal(tiff.read(written(array, predictor=2, deflate=True, **layout)), array)


@pytest.mark.parametrize("compression", [None, "tiff_adobe_deflate", "tiff_deflate", "tiff_lzw", "packbits"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16", "F"])
def test_what_pillow_writes_is_read_as_pillow_reads_it(mode, compression):
    bands = {"RGB": 3, "RGBA": 4}.get(mode, 1)
    dtype = {"I;16": np.uint16, "F": np.float32}.get(mode, np.uint8)
    array = np.random.default_rng(0).integers(0, 250, (40, 30, bands)).astype(dtype)
    file = io.BytesIO()
    Image.fromarray(array if bands > 1 else array[:, :, 0]).save(file, "TIFF", compression=compression)
    np.testing.assert_array_equal(tiff.read(file.getvalue()), array)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"COMPRESSION": [34887]}, "5 bands compressed by LERC; store it plain or deflated"),
        ({"COMPRESSION": [9]}, "compressed by number 9"),
        ({"COMPRESSION": [5]}, "broken part of a TIFF|cut TIFF"),
        ({"PREDICTOR": [3]}, "predictor 3"),
        ({"BITS": [12] * 5}, "12 bits, format 1; bands are integers of 8 to 32 bits or float"),
        ({"BITS": [8, 8, 8, 8, 16]}, "bands differ in type"),
        ({"FORMAT": [6] * 5}, "8 bits, format 6"),
        ({"WIDTH": [0]}, "9 x 0 pixels"),
        ({"HEIGHT": []}, "without height"),
        ({"SAMPLES": [6]}, "cut TIFF"),
        ({"HEIGHT": [90]}, "cut TIFF|parts"),
        ({"ROWS": [3]}, "3 parts with 1 places"),
        ({"STRIP_BYTES": [10**9]}, "cut TIFF: a part ends at byte"),
    ],
)
def test_what_cannot_be_read_is_named(changed, said):
    with pytest.raises(BadSample, match=said):
        tiff.read(written(noise(), **changed))


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("layout", [{"rows": 4}, {"planar": True}, {"tile": 4}, {"predictor": 2}], ids=str)
def test_lzw_of_many_bands_is_unpacked(order, layout):
    array = noise(dtype="u2")
    np.testing.assert_array_equal(tiff.read(written(array, order=order, lzw=True, **layout)), array)


def test_a_deflate_stream_never_grows_past_its_part():
    bomb = zlib.compress(bytes(10**7))
    data = written(noise())
    header = data[: data.index(noise().tobytes())]
    start = len(header)
    forged = written(noise(), COMPRESSION=[8], STRIP_BYTES=[len(bomb)])[:start] + bomb
    assert tiff.read(forged).sum() == 0
    with pytest.raises(BadSample, match="broken deflate"):
        tiff.read(written(noise(), COMPRESSION=[8]))


def test_broken_bytes_never_raise_anything_but_bad_sample():
    rng = np.random.default_rng(0)
    for layout in ({"rows": 3}, {"tile": 4, "deflate": True}, {"big": True}, {"lzw": True}):
        whole = np.frombuffer(written(noise(), **layout), np.uint8)
        for _ in range(300):
            broken = whole.copy()
            broken[rng.integers(0, min(len(whole), 260), 3)] = rng.integers(0, 256, 3)
            for data in (broken.tobytes(), broken[: rng.integers(4, len(whole))].tobytes()):
                try:
                    said = tiff.header(data)
                    if said.height * said.width * said.bands < 10**6:
                        tiff.read(data, said)
                except BadSample:
                    pass
