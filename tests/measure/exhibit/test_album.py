"""Each picture is in the page once; what moves and what does not."""

import base64
import io

import numpy as np
import pytest
from made_report import Fake
from PIL import Image

from sightline.data.sample import Sample
from sightline.measure.exhibit.album import SIDE, Album
from sightline.measure.exhibit.moved import moves
from sightline.measure.pictures import Pictures


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (20, 30, 3)).astype(np.uint8)


def test_equal_pictures_have_one_number_and_a_small_address() -> None:
    album = Album()
    first, other = Sample("a", picture(0)), Sample("b", picture(1))
    assert [album.add(first), album.add(other), album.add(Sample("c", picture(0)))] == [0, 1, 0]
    assert len(album.addresses) == len(album.names) == 2
    kind, data = album.addresses[0].split(",")
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert kind == "data:image/webp;base64" and image.size == (SIDE, SIDE)


def test_a_map_is_kept_without_loss() -> None:
    album = Album()
    drawn = picture(2)[:6, :6]
    data = album.addresses[album.drawn(drawn, "map")].split(",")[1]
    assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) == drawn).all()


class Mean(Fake):
    """The mean colour alone: it never moves when a picture is turned."""

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return np.array([item.mean((0, 1)) - 128 for item in pictures.items], np.float32)  # type: ignore[union-attr]


def test_an_unchanged_picture_does_not_move_and_another_picture_is_one_away() -> None:
    rng = np.random.default_rng(0)
    shades = [np.broadcast_to(rng.integers(0, 256, 3), (8, 8, 3)).astype(np.uint8) for _ in range(2)]
    transforms = [("same", 1.0, shade, shade[::-1].copy()) for shade in shades]
    swapped = [("swapped", 1.0, shades[0], shades[1]), ("swapped", 1.0, shades[1], shades[0])]
    found = moves(Mean("mean"), transforms + swapped)
    assert found == pytest.approx([0, 0, 1, 1], abs=1e-5)


def test_of_pictures_that_are_all_alike_no_distance_is_told() -> None:
    one = picture(3)
    assert np.isnan(moves(Mean("mean"), [("same", 1.0, one, one)])).all()
