import numpy as np
import pytest
import torch

from sightline.measure.localization.pointing import box_iou
from sightline.nn.box_tokens import BoxTokens


def boxes(count=2000, seed=0):
    """x, y, width, height in shares, anywhere in the picture, a sixteenth to all of it wide and high."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(1 / 16, 1, (count, 2))
    return np.concatenate([rng.uniform(0, 1, (count, 2)) * (1 - size), size], 1)


@pytest.mark.parametrize("order", ["yxyx", "xyxy"])
@pytest.mark.parametrize("bins", [16, 64, 500])
def test_a_round_trip_keeps_the_iou_that_the_bins_allow(bins, order):
    tokens, given = BoxTokens(bins=bins, order=order), boxes()
    back, valid = tokens.boxes(tokens.ids(torch.from_numpy(given)))
    assert valid.all()
    bound = (1 - 1 / (bins * given[:, 2])) * (1 - 1 / (bins * given[:, 3]))
    assert (box_iou(back.numpy(), given) >= bound - 1e-6).all()


def test_the_four_ids_are_top_left_bottom_right_and_xyxy_is_left_top_right_bottom():
    box = torch.tensor([[0.25, 0.5, 0.5, 0.25]])  # x, y, width, height
    assert (BoxTokens(bins=8, first=10).ids(box) - 13).tolist() == [[4, 2, 6, 6]]
    assert (BoxTokens(bins=8, first=10, order="xyxy").ids(box) - 13).tolist() == [[2, 4, 6, 6]]


def test_what_lies_outside_is_cut_off_and_a_box_within_a_bin_is_that_bin():
    tokens = BoxTokens(bins=4)
    assert (tokens.ids(torch.tensor([[-0.5, 0.0, 2.0, 1.0]])) - tokens.edge).tolist() == [[0, 0, 3, 3]]
    back, valid = tokens.boxes(tokens.ids(torch.tensor([[0.3, 0.8, 0.01, 0.01]])))
    assert valid.all() and back.tolist() == [[0.25, 0.75, 0.25, 0.25]]


def test_ids_that_are_no_box_are_said_to_be_none_and_overlap_nothing():
    tokens = BoxTokens(bins=8)
    e = tokens.edge
    rows = torch.tensor(
        [[e, e, e + 7, e + 7], [e + 5, e, e + 4, e + 7], [e, e, 1, e + 7], [e, e, e + 8, e + 7], [0, 0, 0, 0]]
    )
    back, valid = tokens.boxes(rows)
    assert valid.tolist() == [True, False, False, False, False]
    assert box_iou(back[1:].numpy(), np.array([[0.0, 0.0, 1.0, 1.0]])).tolist() == [0, 0, 0, 0]


def test_boxes_without_bins_are_refused():
    with pytest.raises(ValueError, match="at least 2 bins"):
        BoxTokens(bins=1)
