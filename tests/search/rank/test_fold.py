import shutil

import numpy as np
import pytest
from PIL import Image

from sightline.search.index import Index


@pytest.fixture
def index(tmp_path, folder, listed, encoder, painted):
    """Five squares, and of the red one: the same bytes, the same pixels, and one of nearly its colour."""
    shutil.copy(folder / "red-square.png", folder / "red-copy.png")
    pixels = Image.open(folder / "red-square.png").convert("RGB")
    pixels.save(folder / "red-other.bmp")
    Image.fromarray(np.asarray(pixels) + np.uint8(3)).save(folder / "red-paler.png")
    with Index(tmp_path / "a.db") as index:
        index.add(listed(folder), encoder)
        yield index


def told(hits):
    return {hit.name: {one.name: one.same for one in hit.folded} for hit in hits}


def test_equal_bytes_equal_pixels_and_what_looks_alike_stand_behind_the_best_with_the_reason(index, encoder):
    hits = index.answer("red square", encoder, fold=0.9999).hits
    assert hits[0].name == "red-square" and [hit.rank for hit in hits] == list(range(1, 6))
    assert told(hits)["red-square"] == {"red-copy": "bytes", "red-other": "pixels", "red-paler": "look"}
    assert sum(map(len, told(hits).values())) == 3
    assert all(not hit.folded for hit in index.answer("red square", encoder).hits)


def test_folding_leaves_as_many_results_as_are_asked_for_and_loses_none(index, encoder):
    for k in (1, 2, 5):
        assert len(index.answer("red square", encoder, k, fold=0.9999).hits) == k
    whole = index.answer("red square", encoder, 8).hits
    hits = index.answer("red square", encoder, 8, fold=0.9999).hits
    assert {hit.id for hit in hits} | {one.id for hit in hits for one in hit.folded} == {hit.id for hit in whole}
    first = whole[0].id
    assert [hit.name for hit in index.similar(first, 4, fold=0.9999)][0] in ("red-copy", "red-other", "red-paler")


def test_hits_are_compared_with_those_kept_alone(tmp_path, listed, encoder):
    """Each of a row of shades is like the next, the ends are not: a chain would make one picture of all."""
    (tmp_path / "row").mkdir()
    for number in range(6):
        picture = Image.new("RGB", (16, 12), (200, 40 * number, 20))
        picture.save(tmp_path / "row" / f"shade-{number}.png")
    with Index(tmp_path / "b.db") as index:
        index.add(listed(tmp_path / "row"), encoder)
        first = index.browse(9)[0]
        hits = index.answer(f"id:{first.id}", encoder, 9, fold=0.97).hits
        assert 1 < len(hits) < 6 and sum(1 + len(hit.folded) for hit in hits) == 6
        vectors = {hit.id: index.vector(hit.id) for hit in index.browse(9)}
        for hit in hits:
            assert all(vectors[hit.id] @ vectors[one.id] >= 0.97 - 1e-6 for one in hit.folded)


def test_a_jpeg_of_it_is_folded_by_its_mean_colours_whatever_the_encoder_says(tmp_path, listed, encoder):
    (tmp_path / "three").mkdir()
    wave = np.sin(np.linspace(0, 9, 96))[:, None, None] * np.cos(np.linspace(0, 5, 128))[None, :, None]
    picture = Image.fromarray((127 + 120 * wave * (1, -1, 0.5)).astype(np.uint8))
    picture.save(tmp_path / "three" / "first.png")
    picture.save(tmp_path / "three" / "second.jpg", quality=60)
    picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "three" / "turned.png")
    with Index(tmp_path / "c.db") as index:
        index.add(listed(tmp_path / "three"), encoder)
        hits = index.answer("", encoder, image=picture, fold=2.0).hits
        assert [len(hit.folded) for hit in hits] == [1, 0] and hits[0].folded[0].same == "look"
