"""What is measured on: shelves of samples, squares, and how a SRC becomes a suite."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.data.sample import BadSample, Sample
from sightline.measure.suite.opened import open_suite
from sightline.measure.suite.shelf import IGNORED, Shelf


def strip() -> Sample:
    """40 x 20 pixels: left half red."""
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20, 0] = 255
    mask = np.zeros((20, 40), np.uint8)
    mask[:, :20] = 1
    depth = np.full((20, 40), 2.0, np.float32)
    depth[0, 0] = np.nan
    return Sample("strip", image, mask=mask, depth=depth, boxes=np.array([[0, 0, 20, 20]], np.float32))


def test_what_belongs_to_pixels_moves_into_the_square_with_them() -> None:
    shelf = Shelf([strip()], "made")
    picture = np.asarray(shelf.squares(40).items[0])
    mask, depth, boxes = shelf.masks(40)[0], shelf.depths(40)[0], shelf.boxes(40)[0]
    assert mask is not None and depth is not None and boxes is not None
    assert (picture[:8] == 255).all() and (mask[:10] == IGNORED).all() and (depth[:10] == 0).all()
    assert (picture[12:28, 2:18, 0] == 255).all() and (picture[12:28, 2:18, 1] == 0).all()
    assert (mask[10:30, :20] == 1).all() and (mask[10:30, 20:] == 0).all()
    assert depth[10, 0] == 0 and depth[20, 20] == 2
    assert boxes.tolist() == [[0, 10, 20, 20]]


def test_a_picture_that_cannot_be_read_is_left_aside_by_name(tmp_path: Path) -> None:
    for number in range(6):
        Image.new("RGB", (20, 20), (number * 40, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "6.png").write_bytes(b"no picture")
    suite = open_suite(str(tmp_path))
    assert suite.memory is not None
    assert len(suite.test) + len(suite.memory) == 6
    assert len(suite.test.bad | suite.memory.bad) == 1


def test_a_file_that_changes_later_changes_nothing_for_the_second_encoder(tmp_path: Path) -> None:
    for number in range(6):
        Image.new("RGB", (20, 20), (number * 40, 0, 0)).save(tmp_path / f"{number}.png")
    suite = open_suite(str(tmp_path))
    before = [bytes(item) for item in suite.test.pictures.items]  # type: ignore[arg-type]
    for number in range(6):
        Image.new("RGB", (20, 20), (0, 255, 0)).save(tmp_path / f"{number}.png")
    assert [bytes(item) for item in suite.test.pictures.items] == before  # type: ignore[arg-type]


def test_the_same_question_gives_the_same_scenes_and_only_scenes_draw_them(tmp_path: Path) -> None:
    suite = open_suite("scenes", quick=True)
    assert suite.drawn(1, 5) is suite.drawn(1, 5)
    assert suite.drawn(1, 5).pictures.digest != suite.drawn(1, 5, "train").pictures.digest
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="draws no scenes"):
        open_suite(str(tmp_path)).drawn(1, 5)


def test_names_that_are_no_source_are_refused() -> None:
    with pytest.raises(ValueError):
        open_suite("no/such/folder")


def test_what_is_measured_on_is_not_remembered(tmp_path: Path) -> None:
    for number in range(6):
        Image.new("RGB", (20, 20), (number * 40, 0, 0)).save(tmp_path / f"{number}.png")
    suite = open_suite(str(tmp_path), memory=str(tmp_path))
    assert len(suite.test) == 6 and suite.memory is None
    assert suite.notes == ["6 pictures to fit on are also measured on, or of their names: left out"]
    with pytest.raises(ValueError, match="leave --memory out"):
        open_suite("scenes", memory=str(tmp_path))


def test_a_domain_that_no_picture_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    Image.new("RGB", (20, 20), "red").save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="has 'style'"):
        open_suite(str(tmp_path), domain="style")


def test_a_mask_of_another_shape_than_its_picture_is_no_mask_of_it() -> None:
    sample = replace(strip(), mask=np.zeros((20, 20), np.uint8))
    with pytest.raises(BadSample, match="20 x 20 pixels, the picture 40 x 20"):
        Shelf([sample], "made").masks(40)
