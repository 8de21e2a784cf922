import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sightline.data.decode.picture import preview
from sightline.search.look.about import drawing_size, kind_by_name, kind_of
from sightline.search.look.measure import LEAST, seen
from sightline.search.rank.fold import LEVELS


def drawn(draw, side=96, mode="RGBA", ground=(0, 0, 0, 0)):
    image = Image.new(mode, (side, side), ground)
    draw(ImageDraw.Draw(image), side / 24)
    return np.asarray(image)


def ring(colour, width=2):
    return lambda pen, u: pen.ellipse((2 * u, 2 * u, 22 * u, 22 * u), outline=colour, width=round(width * u))


def disc(colour):
    return lambda pen, u: pen.ellipse((2 * u, 2 * u, 22 * u, 22 * u), fill=colour)


def levels(picture):
    return np.frombuffer(seen(picture).alike, np.uint8).astype(int)


def shares(picture):
    told = {}
    for one in seen(picture).colours:
        told[one.name] = told.get(one.name, 0) + one.share
    return told


def test_the_colours_are_those_of_the_ink_by_their_share():
    halves = np.full((60, 60, 3), 255, np.uint8)
    halves[10:50, 10:40], halves[10:50, 40:50] = (220, 30, 30), (30, 40, 220)
    ink = {"red": pytest.approx(0.75, abs=0.02), "blue": pytest.approx(0.25, abs=0.02)}
    assert shares(halves) == ink | {"white": pytest.approx(1 - 1600 / 3600, abs=0.02)}  # the ground, of the picture
    first = seen(halves).colours[0]
    assert first.rgb == (220, 30, 30) and first.lab == pytest.approx((47.29, 68.44, 50.29), abs=0.02)


def test_transparency_is_a_share_and_its_colour_is_none():
    disc_ = drawn(disc((0, 0, 0, 255)))
    assert seen(disc_).clear == pytest.approx((disc_[..., 3] < 255).mean()) and shares(disc_) == {"black": 1.0}
    assert seen(disc_[..., :3]).clear == 0
    hidden = np.zeros((20, 20, 4), np.uint8)
    hidden[..., 0] = 255
    assert seen(hidden).clear == 1 and seen(hidden).drawn is None


@pytest.mark.parametrize("ground", [(0, 0, 0, 0), (255, 255, 255, 255), (20, 40, 90, 255)])
def test_a_ring_is_an_outline_and_a_disc_is_filled_on_any_ground(ground):
    assert seen(drawn(ring((240, 60, 60, 255)), ground=ground)).drawn == "outline"
    assert seen(drawn(disc((240, 60, 60, 255)), ground=ground)).drawn == "filled"


def test_a_picture_without_a_ground_is_neither():
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    slope = np.linspace(0, 255, 120)[None, :, None].repeat(90, 0).repeat(3, 2).astype(np.uint8)
    assert seen(noise).drawn is seen(slope).drawn is None
    assert sum(one.share for one in seen(noise).colours) == pytest.approx(1, abs=6 * LEAST)


def test_a_speck_is_no_ink_and_a_picture_of_one_colour_has_that():
    plain = np.full((90, 90, 3), (220, 30, 30), np.uint8)
    plain[0, 0] = 0
    assert shares(plain) == {"red": pytest.approx(1, abs=0.01)} and seen(plain).drawn is None


@pytest.mark.parametrize("height", [1, 2, 3, 5, 97, 400])
@pytest.mark.parametrize("width", [1, 2, 4, 96, 300])
@pytest.mark.parametrize("bands", [3, 4])
def test_every_size_and_content_is_measured(height, width, bands):
    rng = np.random.default_rng(height * 1000 + width)
    for picture in (
        rng.integers(0, 256, (height, width, bands)),
        np.zeros((height, width, bands)),
        np.full((height, width, bands), 255),
        np.eye(height, width)[..., None].repeat(bands, 2) * 255,
    ):
        found = seen(picture.astype(np.uint8))
        assert 0 <= found.clear <= 1 and sum(one.share for one in found.colours) <= 2


def test_copies_in_other_sizes_and_formats_look_alike_and_other_pictures_do_not():
    star = drawn(
        lambda pen, u: pen.polygon([(12 * u, 2 * u), (22 * u, 21 * u), (2 * u, 9 * u)], fill=(30, 40, 220)),
        256,
        "RGB",
        (255,) * 3,
    )
    saved = io.BytesIO()
    Image.fromarray(star).save(saved, "JPEG", quality=70)
    small = np.asarray(Image.fromarray(star).resize((180, 180), Image.Resampling.LANCZOS))
    first, *copies = (levels(one) for one in (star, preview(saved.getvalue(), 256), small))
    assert all(np.abs(first - copy).max() <= LEVELS for copy in copies)
    others = (star[:, ::-1], star[::-1], 255 - star, star[:, :128], np.roll(star, 60, 1))
    assert all(np.abs(first - levels(np.ascontiguousarray(other))).max() > LEVELS for other in others)
    clear = drawn(disc((255, 255, 255, 255)))
    assert (
        np.abs(levels(clear) - levels(drawn(ring((255, 255, 255, 255))))).max() > LEVELS
    )  # white on nothing shows too


def test_equal_pixels_have_one_mark_and_a_shape_counts():
    flat = np.zeros((20, 30, 3), np.uint8)
    assert seen(flat).pixels == seen(flat.copy()).pixels != seen(flat.reshape(30, 20, 3)).pixels


def test_bytes_say_what_kind_they_are_and_a_drawing_its_size():
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        saved = io.BytesIO()
        Image.new("RGB", (4, 3)).save(saved, kind)
        assert kind_of(saved.getvalue()) == kind.lower() and drawing_size(saved.getvalue()) is None
    for said, size in (
        ('width="24" height="12"', (24, 12)),
        ('viewBox="0 0 16 32"', (16, 32)),
        ('width="1in" height="2in" viewBox="0 0 5 10"', (96, 192)),
        ('width="100%" height="100%"', None),
    ):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {said}><path d="M0 0h9v9z"/></svg>'.encode()
        assert kind_of(svg) == "svg" and drawing_size(svg) == size
    assert (kind_by_name("/a/b.JPG"), kind_by_name("x.svgz"), kind_by_name("x/solid")) == ("jpeg", "svg", None)
    assert kind_of(np.zeros((2, 2, 3), np.uint8)) == "npy"
