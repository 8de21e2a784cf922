import numpy as np
import pytest
from PIL import Image
from some_tasks import save_table

from sightline.data.decode.target import known_depth
from sightline.data.feed.loader import Loader
from sightline.data.numbers import Column, column_of_numbers, mixed
from sightline.data.sample import BadSample
from sightline.data.sources.source import hold_out, open_source


def test_a_column_is_known_by_the_numbers_that_are_there():
    found = column_of_numbers("price", ["1", "", None, 3, " 5 ", float("nan")], "t.csv")
    assert found == Column("price", 3.0, float(np.std([1, 3, 5])))
    assert column_of_numbers("flat", [2, 2], "t.csv").deviation == 1.0


@pytest.mark.parametrize("value", ["cheap", True, "inf", [1]])
def test_what_is_no_number_is_named_by_its_row(value):
    with pytest.raises(ValueError, match="t.csv: row 2 of column 'price' holds"):
        column_of_numbers("price", [1, value], "t.csv")


def test_a_column_without_a_number_is_refused():
    with pytest.raises(ValueError, match="no row of column 'price' holds a number"):
        column_of_numbers("price", ["", None], "t.csv")


def test_numbers_and_words_in_one_column_of_labels_are_said():
    (note,) = mixed("label", ["3", "cat", 3, None, "dog"])
    assert "2 numbers (row 1: '3') and 2 words (row 2: 'cat')" in note
    assert not mixed("label", ["3", 4]) and not mixed("label", ["cat", ""])


def test_values_of_a_table_reach_the_batch_with_nan_where_nothing_is_told(tmp_path):
    source = open_source(save_table(tmp_path, 12))
    assert "values" in source.has and [column.name for column in source.columns] == ["price", "weight"]
    batch = Loader(source, batch=12, size=32, fields={"image", "label", "values", "depth"}).batch(0)
    values = batch["values"].numpy()[np.argsort(batch["index"].numpy())]
    assert values.shape == (12, 2) and values.dtype == np.float32
    rows = [line.split(",") for line in (tmp_path / "some.csv").read_text().splitlines()[1:]]
    expected = np.array([[float(v) if v else np.nan for v in row[3:]] for row in rows], np.float32)
    np.testing.assert_array_equal(values, expected)
    assert np.isnan(values).any()
    assert hold_out(source, 0.3)[0].columns == source.columns


def test_a_column_that_is_not_there_is_refused(tmp_path):
    src = save_table(tmp_path, 3).partition("?")[0]
    with pytest.raises(ValueError, match="no column 'size' for values; it has image, label, depth, price, weight"):
        open_source(f"{src}?values=size")


def test_depth_that_is_nan_is_refused_by_the_name_of_its_file(tmp_path):
    path = tmp_path / "far.tiff"
    plane = np.ones((4, 4), np.float32)
    plane[0, :2] = np.nan
    Image.fromarray(plane).save(path)
    with pytest.raises(BadSample, match="far.tiff: depth is NaN or infinite at 2 of 16 pixels; write 0"):
        known_depth(path, (4, 4))
    np.testing.assert_array_equal(known_depth(np.full((2, 2), 1500, np.uint16), (2, 2)), 1.5)
