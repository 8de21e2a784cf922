"""Colours come out in sRGB, whatever profile a picture brings, and a profile costs nothing where it changes nothing."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from sightline.data.decode import profile
from sightline.data.decode.picture import colours, decode, own_bands

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


def fixed(*values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def icc(space, tags):
    """A version 2 profile of a display."""
    tags = {
        b"desc": b"desc\0\0\0\0\0\0\0\5test\0" + bytes(78),
        b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1, 0.8249),
        **tags,
    }
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x02100000, b"mntr", space, b"XYZ ") + bytes(12)
    return head + b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249) + bytes(48) + table + body


def gamma(value):
    return b"curv\0\0\0\0\0\0\0\1" + struct.pack(">H", round(value * 256)) + b"\0\0"


def rgb(primaries, power=2.2):
    tags = {
        name + b"XYZ": b"XYZ \0\0\0\0" + fixed(*column)
        for name, column in zip((b"r", b"g", b"b"), primaries, strict=True)
    }
    return icc(b"RGB ", tags | {name + b"TRC": gamma(power) for name in (b"r", b"g", b"b")})


def encoded(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def by_pillow(image, given):
    made = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(given)), SRGB, outputMode="RGB")
    return np.asarray(made).astype(int)


@pytest.mark.parametrize("primaries", [ADOBE, P3])
@pytest.mark.parametrize(
    ("format", "options"),
    [("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"lossless": True})],
)
def test_wide_colours_come_out_as_the_colour_library_says(primaries, format, options):
    given = rgb(primaries)
    wanted = by_pillow(PICTURE, given)
    assert np.abs(wanted - PIXELS).max() > 20
    assert (decode(encoded(PICTURE, format, icc_profile=given, **options)) == wanted).all()


def test_a_jpeg_in_several_pieces_of_profile_is_converted():
    given = rgb(ADOBE)
    given = struct.pack(">I", len(given) + 70_000) + given[4:] + bytes(70_000)
    data = encoded(PICTURE, "JPEG", icc_profile=given, quality=95)
    assert data.count(b"ICC_PROFILE") == 2
    plain = Image.fromarray(decode(encoded(PICTURE, "JPEG", quality=95)))
    assert (decode(data) == by_pillow(plain, given)).all()


def test_transparency_and_palettes_keep_theirs():
    given, alpha = rgb(P3), Image.fromarray(PIXELS[:, :, 0])
    clear = PICTURE.convert("RGBA")
    clear.putalpha(alpha)
    pixels = decode(encoded(clear, icc_profile=given))
    assert (pixels[..., :3] == by_pillow(PICTURE, given)).all() and (pixels[..., 3] == PIXELS[:, :, 0]).all()
    few = PICTURE.quantize(16)
    assert (decode(encoded(few, icc_profile=given)) == by_pillow(few.convert("RGB"), given)).all()


def test_grey_with_a_grey_profile_and_with_one_of_colours():
    grey = PICTURE.convert("L")
    linear = icc(b"GRAY", {b"kTRC": gamma(1.0)})
    wanted = np.asarray(
        ImageCms.applyTransform(
            grey, ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(linear)), SRGB, "L", "RGB")
        )
    )
    assert (decode(encoded(grey, icc_profile=linear)) == wanted).all() and wanted.mean() > np.asarray(grey).mean() + 20
    alpha = Image.merge("LA", (grey, grey))
    assert (decode(encoded(alpha, icc_profile=linear))[..., :3] == wanted).all()
    given = rgb(ADOBE, 1.0)
    assert (decode(encoded(grey, icc_profile=given)) == by_pillow(grey.convert("RGB"), given)).all()


def test_a_profile_that_changes_nothing_costs_nothing(monkeypatch):
    data = encoded(PICTURE, icc_profile=SRGB.tobytes())
    decode(data)

    def never(*arguments):
        raise AssertionError("a transform was applied")

    monkeypatch.setattr(profile, "_applied", never)
    assert (decode(data) == PIXELS).all()


def test_a_transform_is_made_once():
    profile._transform.cache_clear()
    for _ in range(3):
        decode(encoded(PICTURE, icc_profile=rgb(P3)))
    assert profile._transform.cache_info().misses == 1


@pytest.mark.parametrize(
    "given", [b"x", b"x" * 500, rgb(ADOBE)[:300], rgb(ADOBE)[:128] + b"\xff" * 400, icc(b"CMYK", {}), icc(b"GRAY", {})]
)
def test_a_broken_or_unfitting_profile_is_as_none(given):
    assert (decode(encoded(PICTURE, icc_profile=given)) == PIXELS).all()
    assert (decode(encoded(PICTURE, "TIFF", icc_profile=given)) == PIXELS).all()
    assert (decode(encoded(PICTURE, "WEBP", icc_profile=given, lossless=True)) == PIXELS).all()


def test_cielab_becomes_rgb():
    to_lab = ImageCms.buildTransform(SRGB, ImageCms.createProfile("LAB"), "RGB", "LAB")
    grey = Image.merge("RGB", [PICTURE.convert("L")] * 3)
    lab = ImageCms.applyTransform(grey, to_lab)
    pixels = decode(encoded(lab, "TIFF")).astype(int)
    assert np.abs(pixels - np.asarray(grey)).max() <= 4
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):
        flat = ImageCms.applyTransform(Image.new("RGB", (4, 4), colour), to_lab)
        # 8 bits are coarse at the edge of what can be shown
        assert np.abs(decode(encoded(flat, "TIFF"))[1, 1].astype(int) - colour).max() <= 24


def test_cmyk_without_a_profile_and_with_one_of_another_space():
    for ink, colour in (((0, 255, 255, 0), (255, 0, 0)), ((0, 0, 0, 255), (0, 0, 0)), ((0, 0, 0, 0), (255, 255, 255))):
        image = Image.new("CMYK", (16, 16), ink)
        for data in (
            encoded(image, "JPEG", quality=95),
            encoded(image, "TIFF"),
            encoded(image, "JPEG", icc_profile=rgb(P3)),
        ):
            assert np.abs(decode(data)[8, 8].astype(int) - colour).max() <= 4


def test_a_picture_opened_by_the_caller_is_the_same():
    data = encoded(PICTURE, icc_profile=rgb(P3))
    with Image.open(io.BytesIO(data)) as opened:
        assert (np.asarray(colours(opened)) == decode(data)).all()


def test_bands_are_not_converted():
    data = encoded(PICTURE, icc_profile=rgb(P3))
    assert (np.asarray(own_bands(data)) == PIXELS).all()
