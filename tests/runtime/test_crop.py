import numpy as np
import pytest

from sightline.runtime.crop import crop_of


def test_a_bag_drops_the_columns_that_are_padding_in_every_row():
    crop = crop_of({"kind": "padding", "id": 0})
    ids = np.array([[1, 5, 0, 0, 0], [1, 0, 7, 0, 0]])
    assert crop(ids).tolist() == [[1, 5, 0], [1, 0, 7]]
    assert crop(np.zeros((2, 5), np.int64)).shape == (2, 1)
    assert crop(ids[:, :3]).shape == (2, 3)


def test_a_causal_reading_drops_what_follows_the_first_end_tokens():
    crop = crop_of({"kind": "end", "id": 1})
    assert crop(np.array([[5, 1, 0, 0], [5, 6, 1, 1]])).tolist() == [[5, 1, 0], [5, 6, 1]]
    with pytest.raises(ValueError, match="a caption without the end token 1"):
        crop(np.array([[5, 1, 0], [5, 6, 7]]))


def test_a_full_reading_drops_nothing():
    ids = np.array([[5, 1, 0, 0]])
    assert crop_of(None)(ids).tolist() == ids.tolist()


@pytest.mark.parametrize("described", [{"kind": "middle", "id": 0}, {"kind": "end"}, {"id": 0}, "end", ["end", 1]])
def test_another_description_is_refused(described):
    with pytest.raises(ValueError, match="a crop of token ids is null or has"):
        crop_of(described)
