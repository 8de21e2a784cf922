"""Whatever a codec raises is one bad sample with its reason, and only Ctrl-C and the like pass."""

import io
import os
import random
import socket
import struct
import warnings

import numpy as np
import pytest
from PIL import AvifImagePlugin, Image, ImageFile

from sightline.data.decode import picture as module
from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import decode, measure, own_bands, preview
from sightline.data.decode.record import Bad, attempt, fetch
from sightline.data.decode.target import read_mask
from sightline.data.sample import BadSample, Sample
from sightline.data.show.report import report
from sightline.data.sources.subset import hold_out
from sightline.data.views.kinds import smallest_side
from sightline.search.fill.picture import content_of

CASES = 6
"""damaged copies of each file"""


class PanicException(BaseException):
    """As the one of libraries in Rust."""


def encoded(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def seeds():
    """A small picture in each format, and in most of the ways that its writer has."""
    picture = Image.new("RGB", (40, 30), "red")
    picture.paste("blue", (3, 3, 20, 20))
    clear, grey = picture.convert("RGBA"), picture.convert("L")
    clear.putpixel((5, 5), (1, 2, 3, 9))
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [picture, picture.rotate(90)]}
    for format in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        yield f"{format} with EXIF", encoded(picture, format, exif=exif)
    for format in ("GIF", "BMP", "ICO", "PPM", "DIB", "JPEG2000", "TGA", "DDS", "QOI", "PCX"):
        yield format, encoded(picture, format)
    for format in ("PNG", "WEBP", "TIFF", "GIF", "ICO", "TGA", "AVIF"):
        yield f"{format} RGBA", encoded(clear, format)
    for format in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        yield f"{format} frames", encoded(Image.new("RGB", (40, 30)), format, **frames)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma"):
        yield f"TIFF {compression}", encoded(picture, "TIFF", compression=compression)
    for mode in ("1", "LA", "P", "I;16", "I", "F", "CMYK", "YCbCr"):
        yield f"TIFF {mode}", encoded(grey.convert(mode) if mode[0] in "IF" else picture.convert(mode), "TIFF")
    yield "progressive", encoded(picture, "JPEG", progressive=True)
    inner = encoded(picture)
    yield "ICNS", b"icns" + struct.pack(">I4sI", 16 + len(inner), b"ic07", 8 + len(inner)) + inner
    file = io.BytesIO()
    np.save(file, np.asarray(picture, np.float32))
    yield "npy", file.getvalue()


def damaged(whole, draw):
    """Bytes changed, cut off, put in or left out."""
    data, kind = bytearray(whole), draw.random()
    if kind < 0.6:
        for _ in range(draw.choice((1, 2, 8))):
            data[draw.randrange(draw.choice((len(data), min(len(data), 200))))] = draw.choice((0, 255, 127, 1))
    elif kind < 0.8:
        del data[draw.randrange(len(data)) :]
    elif kind < 0.9:
        at = draw.randrange(len(data))
        data[at:at] = draw.randbytes(20)
    else:
        at = draw.randrange(len(data))
        del data[at : at + 20]
    return bytes(data)


def test_of_damaged_files_only_bad_samples_come():
    refused = 0
    for name, whole in seeds():
        draw = random.Random(name)
        for look in (lambda data: decode(data, 16), measure, lambda data: preview(data, 16), own_bands):
            if not (name == "npy" and look is own_bands):
                look(whole)
        for number in range(CASES):
            data = damaged(whole, draw)
            for look in (
                lambda data: decode(data, 16),
                (measure, own_bands, lambda data: preview(data, 8))[number % 3],
            ):
                try:
                    look(data)
                except BadSample as error:
                    refused += 1
                    assert str(error).strip() and "\n" not in str(error), name
    assert refused > 150


@pytest.mark.parametrize(
    "raised",
    [
        RuntimeError("Failed to decode frame 0"),
        AttributeError("'NoneType' object has no attribute 'read'"),
        MemoryError(),
        RecursionError("too deep"),
        AssertionError(),
        StopIteration(),
        ZeroDivisionError("division by zero"),
        UserWarning("a warning made an error"),
        Image.DecompressionBombError("far too large"),
        PanicException("index out of bounds"),
    ],
)
def test_whatever_is_raised_is_named_everywhere(raised, monkeypatch):
    def load(self):
        raise raised

    data = encoded(Image.new("RGB", (4, 4), "red"))
    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    for look in (decode, lambda data: preview(data, 8), own_bands, lambda data: read_mask(data, (2, 2))):
        with pytest.raises(BadSample, match=r"."):
            look(data)
    assert isinstance(attempt(Sample("a", data), 8), Bad)
    content = content_of(data, decode)
    assert content.bad and content.pixels is None


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_a_program_is_no_bad_sample(raised):
    with pytest.raises(raised), guarded():
        raise raised


def test_a_reason_is_one_line_and_says_what_failed():
    for raised, said in (
        (KeyError("tile"), "thing: KeyError: 'tile'"),
        (ValueError("one\ntwo"), "thing: one two"),
        (FileNotFoundError(2, "No such file", "a.png"), "thing: No such file: a.png"),
        (MemoryError(), "thing: it takes more memory than there is"),
        (AssertionError(), "thing: AssertionError"),
    ):
        with pytest.raises(BadSample) as caught, guarded("thing"):
            raise raised
        assert str(caught.value) == said


def test_a_bad_sample_keeps_its_own_words():
    with pytest.raises(BadSample, match="^blank$"), guarded("outer"), guarded("inner"):
        raise BadSample("blank")


def test_a_damaged_avif_is_named(monkeypatch):
    data = encoded(Image.new("RGB", (64, 64), "red"), "AVIF")

    class Decoder:
        def __init__(self, *arguments):
            pass

        def get_info(self):
            return (64, 64), 1, "RGB", None, None, 1, None

        def get_frame(self, number):
            raise RuntimeError("Failed to decode frame 0: Decoding of color planes failed")

    monkeypatch.setattr(AvifImagePlugin._avif, "AvifDecoder", Decoder)
    with pytest.raises(BadSample, match="broken or cut AVIF .* Decoding of color planes failed"):
        decode(data)


def test_a_record_that_cannot_be_read_is_named():
    class Locked:
        name, has, classes = "a table", frozenset({"image"}), ()

        def __len__(self):
            return 9

        def __getitem__(self, index):
            raise RuntimeError("the table is locked")

    assert fetch(Locked(), 3) == Bad("sample 3", "unreadable record: the table is locked")


def test_warnings_made_errors_do_not_leak():
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x0f\0\2\xff\xff\xff\xff\0\0\0\0" * 3
    data = encoded(Image.new("RGB", (8, 8), "red"), "JPEG", exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(data).shape == (8, 8, 3)


def test_only_plain_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.bind(str(tmp_path / "socket.png"))
        except OSError:
            pytest.skip("the path is too long for a socket")
        for name, said in (("pipe.png", "pipe"), ("socket.png", "socket"), (".", "folder")):
            with pytest.raises(BadSample, match=said):
                module.unpacked(tmp_path / name)
            with pytest.raises(OSError):
                Sample("a", tmp_path / name).content()
    (tmp_path / "link.png").symlink_to("/dev/zero")
    with pytest.raises(BadSample, match="device"):
        decode(tmp_path / "link.png")


class Odd:
    """A source of which one sample fails in a way that nobody foresaw, as one of somebody else's may."""

    name, has, classes = "odd", frozenset({"image", "text"}), ()

    def __len__(self):
        return 6

    def __getitem__(self, index):
        if index == 2:
            raise ZeroDivisionError("a field of no length")
        colour = (40 * index, 0, 0)
        return Sample(f"s{index}", encoded(Image.new("RGB", (9 + index, 20), colour)), (f"red {index}",))


def test_whatever_looks_over_a_source_passes_over_a_sample_that_fails():
    found = report(Odd())
    assert len(found.sizes) == 5 and "a field of no length" in str(found.bad)
    assert smallest_side(Odd()) == 9
    kept, held = hold_out(Odd())
    assert len(kept) + len(held) == 6 and len(held) > 0


def scans(number):
    """A progressive JPEG whose last scan comes again and again."""
    whole = encoded(Image.new("RGB", (16, 16), "red"), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * number + b"\xff\xd9"


def test_jpegs_of_endless_scans_are_refused():
    assert decode(scans(1)).shape == (16, 16, 3)
    with pytest.raises(BadSample, match="bomb: a JPEG of .* scans"):
        decode(scans(10_000))


def test_what_follows_a_jpeg_of_one_scan_is_no_scan_of_it():
    """Phones put a film behind a photograph."""
    photo = encoded(Image.new("RGB", (16, 16), "red"), "JPEG")
    assert (decode(photo + b"\xff\xda\0\x0c" * 10_000) == decode(photo)).all()


@pytest.mark.parametrize("passed", [b"\xff\0", b"\xff\xd9"])
def test_endless_scans_do_not_hide_behind_a_head_of_one_scan(passed):
    """What begins like a segment, and is none to a reader, would be passed over with the true head inside."""
    bomb = scans(10_000)[2:]
    head = encoded(Image.new("RGB", (16, 16)), "JPEG")[2:]
    inside = bomb[:30_000]
    with pytest.raises(BadSample, match="bomb: a JPEG of .* scans"):
        decode(b"\xff\xd8" + passed + (2 + len(inside)).to_bytes(2) + inside + head + bomb)


def test_tags_that_lie_over_each_other_are_refused():
    """30 kilobytes that announce 60 megabytes of tags, which a reader would copy one by one."""
    entries = b"".join(struct.pack("<HHII", 40_000 + number, 1, 30_000, 8) for number in range(2000))
    data = struct.pack("<2sHIH", b"II", 42, 8, 2000) + entries + bytes(4)
    with pytest.raises(BadSample, match="bomb: a TIFF of .* bytes whose tags would take 60,000,000"):
        decode(data)
