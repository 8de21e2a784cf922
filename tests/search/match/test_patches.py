"""Where patches lie in the picture that was given, whatever a view does to it."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.prepare.tile import Box
from sightline.search.match.crops import crops, of_pixels
from sightline.search.match.patches import Patches, own


class Means:
    """An encoder whose patch tokens are the mean colours of the patches, 4 pixels of a side."""

    name, patch = "means", 4

    def __init__(self, rule, grid=None):
        self.rule, self.grid = rule, grid

    def features(self, pictures):
        g = self.rule.size // self.patch
        views = np.stack([self.rule(picture) for picture in pictures]) * 0.5 + 0.5  # 0..1
        cut = views.reshape(len(views), 3, g, self.patch, g, self.patch).mean(axis=(3, 5))
        return SimpleNamespace(tokens=cut.transpose(0, 2, 3, 1).reshape(len(views), g * g, 3), grid=self.grid or (g, g))


def ramp(width, height):
    """Red says how far to the right, green how far down; blue is 1: what is where can be read from any colour."""
    x, y = (np.arange(n) + 0.5 for n in (width, height))
    red, green = np.meshgrid(255 * x / width, 255 * y / height)
    return Image.fromarray(np.stack([red, green, np.full_like(red, 255)], -1).round().astype(np.uint8))


RULES = {
    "pad": Preprocess(size=24),
    "squash": Preprocess(size=24, resize="squash"),
    "crop": Preprocess(size=24, resize="crop"),
    "crop of a shorter side": Preprocess(size=24, resize="crop", short=30),
}


@pytest.mark.parametrize("count", [20, 36, 150, 600])
@pytest.mark.parametrize("size", [(240, 180), (90, 143), (64, 64)])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_patch_is_said_to_be_where_its_content_is(rule, size, count):
    found = Patches(Means(rule), count)(ramp(*size))
    seen = found.vectors[:, :2] / found.vectors[:, 2:] * size
    # a patch that is half padding has the colour of its half
    edge = np.minimum(found.points, np.array(size) - found.points).min(axis=1)
    inner = edge > found.pitch / 2 + 1e-6 if rule.resize == "pad" else np.ones(len(found), bool)
    step = found.pitch / rule.size + 0.02 * max(size)  # bytes of colour, and sides rounded to pixels
    assert inner.sum() > 3 and np.abs(seen - found.points)[inner].max() < step


@pytest.mark.parametrize("count", [150, 600, 2000])
def test_about_as_many_places_as_asked_for_cover_the_picture(count):
    found = Patches(Means(RULES["squash"]), count)(ramp(240, 180))
    assert 0.75 * count < len(found) < 1.35 * count
    away = [
        np.abs(found.points - place).max(axis=1).min()
        for place in np.random.default_rng(0).random((200, 2)) * (240, 180)
    ]
    assert max(away) <= 1.01 * found.pitch, "nothing lies further from a place than neighbours from each other"


def test_a_place_stays_with_the_view_whose_middle_is_nearest():
    rng = np.random.default_rng(0)
    views = [Box(0, 0, 40, 40), Box(30, 0, 40, 40), Box(0, 30, 40, 40), Box(30, 30, 40, 40)]
    places = np.stack([rng.uniform((v.x, v.y), (v.x + 40, v.y + 40), (25, 2)) for v in views])
    kept = own(places, views)
    for v, i in np.ndindex(kept.shape):
        away = [max(abs(places[v, i, 0] - w.x - 20), abs(places[v, i, 1] - w.y - 20)) for w in views]
        assert kept[v, i] == (away.index(min(away)) == v)


def test_an_encoder_of_one_vector_a_picture_has_no_patches():
    with pytest.raises(ValueError, match="means has no patch tokens"):
        Patches(Means(RULES["pad"], grid=(1, 1)), 100)


@pytest.mark.parametrize("size", [(240, 180), (33, 200), (16, 16)])
def test_crops_lie_inside_the_picture_evenly_and_are_about_as_many_as_asked_for(size):
    boxes, pitch = crops(size, 300)
    assert all(b.x >= 0 and b.y >= 0 and b.x + b.w <= size[0] and b.y + b.h <= size[1] and b.w == b.h for b in boxes)
    assert len(set(boxes)) == len(boxes) and 0 < len(boxes) <= 330
    steps = [np.diff(sorted({b[axis] for b in boxes})) for axis in (0, 1)]
    assert max(step.max(initial=0) for step in steps) == pitch or len(boxes) == 1
    assert all(step.max(initial=1) - step.min(initial=step.max(initial=1)) <= 1 for step in steps)


def test_pixels_do_not_see_how_bright_or_how_contrasted_a_crop_is():
    noise = np.random.default_rng(0).integers(0, 100, (60, 80, 3))
    one, other = (of_pixels(50)(Image.fromarray(p.astype(np.uint8))) for p in (noise, 2 * noise + 40))
    assert np.abs((one.vectors * other.vectors).sum(axis=1) - 1).max() < 1e-2


def test_a_flat_place_is_none():
    assert len(of_pixels(50)(Image.new("RGB", (60, 80), (90, 90, 90)))) == 0
