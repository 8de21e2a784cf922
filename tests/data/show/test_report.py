"""What `sightline data` counts, and the sheet it draws."""

import numpy as np
import pytest
from PIL import Image

from sightline.data.show.report import report
from sightline.data.show.sheet import rows_sheet, sheet
from sightline.data.sources.source import open_source


@pytest.fixture
def folder(tmp_path):
    for i in range(6):
        Image.new("RGB", (20 + 100 * i, 40), (40 * i, 0, 0)).save(tmp_path / f"red-star-{'abcdef'[i]}.png")
    (tmp_path / "copy-of-star.png").write_bytes((tmp_path / "red-star-a.png").read_bytes())
    (tmp_path / "empty.png").touch()
    (tmp_path / "cut.png").write_bytes((tmp_path / "red-star-b.png").read_bytes()[:60])
    (tmp_path / "fake.jpg").write_text("words")
    (tmp_path / "IMG_0001.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v4z"/></svg>'
    )
    return tmp_path


def test_counts_bad_files_duplicates_and_words(folder):
    seen = []
    found = report(open_source(str(folder)), progress=lambda done, total: seen.append((done, total)))
    said = found.to_json()
    assert (said["samples"], said["good"], said["rasters"], said["vectors"], said["alpha"]) == (11, 8, 7, 1, 1)
    assert set(said["bad"]) == {"empty.png", "cut.png", "fake.jpg"} and "0 bytes" in said["bad"]["empty.png"]
    assert said["duplicates"] == [["copy-of-star.png", "red-star-a.png"]]
    assert said["width"] == {"min": 20, "median": 220, "max": 520} and said["height"]["max"] == 40
    assert said["shorter_side"] == {"<= 32": 2, "<= 64": 5}
    words = said["captions"]
    assert words["count"] == 7 and words["empty"] == 1 and words["words"] == {"min": 2, "median": 3, "max": 3}
    assert words["common"][0] == ("star", 7) and "of" not in dict(words["common"])
    assert seen[-1] == (11, 11) and len(found.pictures) == 8


def test_classes_are_counted():
    said = report(open_source("icons:test?set=solid&n=50"), pictures=10).to_json()
    assert sum(said["classes"].values()) <= 50 and said["vectors"] == 50


def test_a_sheet_has_a_cell_for_each_picture():
    pictures = [np.full((10, 10, 3), 50 * i, np.uint8) for i in range(5)]
    plain, titled = sheet(pictures, columns=3, cell=40), sheet(pictures, ["a", "bb " * 40, "é", "", "x" * 500], 3, 40)
    assert plain.width == titled.width == 8 + 3 * 48 and titled.height > plain.height == 8 + 2 * 48
    assert plain.getpixel((28, 28)) == (0, 0, 0) and plain.getpixel((28 + 48, 28)) == (50, 50, 50)


def test_rows_have_headings_and_may_be_short():
    picture = np.zeros((5, 5, 4), np.uint8)
    drawn = rows_sheet([("a red star", [picture] * 3, ["x"]), ("a heading " * 50, [], [])], cell=40)
    assert drawn.width == 8 + 3 * 48
    for nothing in (lambda: sheet([]), lambda: rows_sheet([])):
        with pytest.raises(ValueError, match="at least one"):
            nothing()
