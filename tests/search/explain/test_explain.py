import numpy as np
import pytest
from PIL import Image

from sightline.data.prepare.preprocess import Preprocess
from sightline.search.explain.explain import explain, way_of
from sightline.search.explain.occlusion import covered, edges

UNIT = lambda rows: rows / np.linalg.norm(rows, axis=-1, keepdims=True)  # noqa: E731


class Sums:
    """An encoder in which every part of the view has its own numbers: a fixed random map of all pixels."""

    name, identity, dim, reads_text = "sums", "sums", 16, False

    def __init__(self, size=12, resize="pad"):
        self.rule = Preprocess(size=size, resize=resize)
        self.weights = np.random.default_rng(0).standard_normal((3 * size * size, self.dim)).astype(np.float32)
        self.batches = []

    def preprocess(self, picture):
        return self.rule(picture)

    def encode_image(self, images, normalize=False):
        self.batches.append(len(images))
        return images.reshape(len(images), -1) @ self.weights


@pytest.fixture
def picture():
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (12, 12, 3), dtype=np.uint8))


@pytest.mark.parametrize("squares", [3, 5])
def test_heat_is_what_the_cosine_loses_with_each_square(picture, squares):
    encoder, query = Sums(), np.random.default_rng(2).standard_normal(16).astype(np.float32)
    told = explain(encoder, picture, query, squares=squares)
    ready, naive = encoder.preprocess(picture), np.zeros((squares, squares))
    cosine = lambda one: float(UNIT(one.ravel() @ encoder.weights) @ UNIT(query))  # noqa: E731
    at = [round(12 * number / squares) for number in range(squares + 1)]
    for y in range(squares):
        for x in range(squares):
            grey = ready.copy()
            grey[:, at[y] : at[y + 1], at[x] : at[x + 1]] = 0
            naive[y, x] = cosine(ready) - cosine(grey)
    np.testing.assert_allclose(told.heat, naive, atol=1e-6)
    assert told.by == "occlusion" and told.passes == 1 + squares**2
    assert told.score == pytest.approx(cosine(ready), abs=1e-6)
    row, column = np.unravel_index(naive.argmax(), naive.shape)
    x, y, w, h = told.best
    assert (x, y, w, h) == pytest.approx((column / squares, row / squares, 1 / squares, 1 / squares))


def test_every_pixel_is_covered_once_and_the_picture_stays_as_it_was():
    picture = np.ones((3, 13, 7), np.float32)
    found = np.concatenate(list(covered(picture, squares=4, together=5)))
    assert len(found) == 16 and ((found == 0).sum(axis=0) == 1).all() and (picture == 1).all()
    assert [size for size, _ in enumerate(edges(7, 7))] == list(range(7))


def test_a_part_that_the_query_is_of_stands_out_wherever_it_lies():
    encoder = Sums()
    for place in (0, 7, 14, 21, 28, 35):
        row, column = divmod(place, 6)
        pixels = np.full((12, 12, 3), 128, np.uint8)
        pixels[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 255, 0, 40
        query = encoder.encode_image(encoder.preprocess(Image.fromarray(pixels))[None])[0]
        told = explain(encoder, Image.fromarray(pixels), query)
        assert np.unravel_index(told.scaled.argmax(), (6, 6)) == (row, column)
        assert told.scaled.max() == 1 and np.median(told.scaled) < 1e-4


def test_padding_never_stands_out_and_boxes_lie_on_the_picture():
    wide = Image.fromarray(np.random.default_rng(3).integers(0, 256, (60, 240, 3), dtype=np.uint8))
    for seed in range(8):
        query = np.random.default_rng(seed).standard_normal(16).astype(np.float32)
        told = explain(Sums(), wide, query, shape=(60, 240))
        assert told.part == pytest.approx((0, -4 / 3, 1, 4), abs=0.2)
        assert not told.scaled[:2].any() and not told.scaled[4:].any()
        if told.best:
            x, y, w, h = told.best
            assert 0 <= x and 0 <= y and x + w <= 1 + 1e-9 and y + h <= 1 + 1e-9 and w > 0 and h > 0


def test_nothing_stands_out_where_no_part_matters(picture):
    encoder = Sums()
    encoder.encode_image = lambda images, normalize=False: np.ones((len(images), 16), np.float32)
    told = explain(encoder, picture, np.ones(16, np.float32))
    assert told.best is None and not told.scaled.any()


def test_others_get_their_turn_between_the_passes(picture):
    class Turn:
        taken = 0

        def __enter__(self):
            self.taken += 1

        def __exit__(self, *error):
            return None

    turn, encoder = Turn(), Sums()
    explain(encoder, picture, np.ones(16, np.float32), turn=turn)
    assert turn.taken == 4 and encoder.batches == [1, 12, 12, 12]


def test_ways_that_an_encoder_lacks_are_refused_by_name():
    encoder = Sums()
    assert way_of(encoder) == "occlusion"
    with pytest.raises(ValueError, match="none of their patches.*by occlusion"):
        way_of(encoder, "patches")
    with pytest.raises(ValueError, match="occlusion or patches; got 'guess'"):
        way_of(encoder, "guess")
    encoder.dim = 0
    with pytest.raises(ValueError, match="by names alone"):
        explain(encoder, None, np.ones(16))
