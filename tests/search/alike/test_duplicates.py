import shutil

import numpy as np
import pytest
from PIL import Image

from sightline.search.alike.duplicates import duplicates
from sightline.search.blind import Blind
from sightline.search.index import Index


@pytest.fixture
def library(tmp_path, listed, colours):
    """Planted: two files of the same bytes, the same pixels as BMP and PNG, and one that only looks like them."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name, colour in {"red": (220, 30, 30), "blue": (30, 40, 220), "green": (30, 200, 40)}.items():
        noise = random.integers(0, 20, (40, 60, 3)) + np.array(colour) // 2
        Image.fromarray(noise.astype(np.uint8)).save(folder / f"{name}.png")
    shutil.copy(folder / "red.png", folder / "red-again.png")
    Image.open(folder / "red.png").save(folder / "red-bitmap.bmp")
    other = np.array(Image.open(folder / "red.png"))
    other[0, 0] = 255
    Image.fromarray(other).save(folder / "red-spot.png")
    index = Index(tmp_path / "library.db")
    index.add(listed(folder), colours())
    yield index
    index.close()


def names(groups):
    return [(group.kind, [one.name for one in group.pictures]) for group in groups]


def test_the_same_bytes_and_pixels_are_apart_from_what_looks_alike(library):
    found = duplicates(library, 0.98)
    assert names(found.same) == [("pixels", ["red-again", "red-bitmap", "red"])]
    assert names(found.alike) == [("look", ["red-again", "red-spot"])]
    assert found.alike[0].pictures[0].cosine == 1 and 0.98 <= found.alike[0].pictures[1].cosine <= 1
    assert found.spare == sum(one.bytes for one in found.same[0].pictures[1:])


def test_bytes_alone_are_a_kind_of_their_own(library, tmp_path, listed, colours):
    (tmp_path / "pictures" / "red-bitmap.bmp").unlink()
    library.add(listed(tmp_path / "pictures"), colours())
    assert names(duplicates(library).same) == [("bytes", ["red-again", "red"])]


def test_small_pictures_whose_thumbnails_lose_something_are_compared_by_all_their_pixels(
    library, tmp_path, listed, colours
):
    pixels = np.array(Image.open(tmp_path / "pictures" / "red.png"))
    pixels[9, 9, 1] ^= 1
    Image.fromarray(pixels).save(tmp_path / "pictures" / "red-level.png")
    library.add(listed(tmp_path / "pictures"), colours())
    level = next(hit.id for hit in library.browse(9) if hit.name == "red-level")
    assert library.thumb(level)[0] == library.thumb(next(h.id for h in library.browse(9) if h.name == "red"))[0]
    found = duplicates(library, 0.98)
    assert names(found.same) == [("pixels", ["red-again", "red-bitmap", "red"])]
    assert names(found.alike) == [("look", ["red-again", "red-spot", "red-level"])]


def test_large_pictures_are_compared_by_all_their_pixels(tmp_path, listed, colours):
    folder = tmp_path / "large"
    folder.mkdir()
    pixels = np.full((600, 900, 3), 90, np.uint8)
    Image.fromarray(pixels).save(folder / "a.png")
    Image.fromarray(pixels).save(folder / "b.bmp")
    pixels[300, 450] = 91  # no thumbnail shows it
    Image.fromarray(pixels).save(folder / "c.png")
    with Index(tmp_path / "large.db") as index:
        index.add(listed(folder), colours())
        found = duplicates(index)
    assert names(found.same) == [("pixels", ["a", "b"])] and names(found.alike) == [("look", ["a", "c"])]


def test_an_index_of_names_alone_knows_bytes(tmp_path, listed):
    folder = tmp_path / "blind"
    folder.mkdir()
    Image.new("RGB", (9, 9), (1, 2, 3)).save(folder / "a.png")
    shutil.copy(folder / "a.png", folder / "b.png")
    with Index(tmp_path / "blind.db") as index:
        index.add(listed(folder), Blind())
        found = duplicates(index)
    assert names(found.same) == [("bytes", ["a", "b"])] and not found.alike and found.look is None


@pytest.mark.parametrize("look", [0.2, 1.5, 97])
def test_a_threshold_that_is_no_cosine_is_refused(library, look):
    with pytest.raises(ValueError, match="between 0.5 and 1"):
        duplicates(library, look)
