"""What follows a picture is dropped, clipped, exchanged and numbered as its docstrings say."""

import numpy as np
import pytest
import torch

from sightline.data.augment import Affine, AugmentViews, CropResize, Fit, Flip, View, geometry
from sightline.data.augment.targets import boxes_in, followed, keypoints_in
from sightline.data.batch import chunks_of
from sightline.data.decode.target import read_mask

CPU = torch.device("cpu")


def stored(b=3, y=40, x=40, valid=None):
    generator = np.random.default_rng(0)
    mask = generator.integers(0, 50, (b, y, x))
    return {
        "image": torch.from_numpy(generator.integers(0, 256, (b, 3, y, x)).astype(np.uint8)),
        "size": torch.tensor([valid or (y, x)] * b),
        "index": torch.arange(b),
        "mask": torch.from_numpy(mask),
        "depth": torch.from_numpy(mask.astype(np.float32) + 1),
    }


def whole(size=(40, 40), to=40, b=1):
    """The picture fitted into a square, as `Fit` does it."""
    sizes = np.array([size] * b)
    side = sizes.max(1, keepdims=True)
    return geometry.still(sizes).then(geometry.window(np.concatenate([(sizes - side) / 2, side, side], 1), to), sizes)


@pytest.mark.parametrize("side", [40, 20, 16, 13, 80])
def test_a_fitted_mask_is_the_mask_decoded_at_that_size(side):
    batch = stored()
    [view], [transform] = AugmentViews([View([Fit()], side)]).with_transforms(batch, 0, 0)
    made = followed(batch, transform, view.shape[3])
    expected = np.stack([read_mask(mask, (side, side)) for mask in batch["mask"].numpy()])
    assert np.array_equal(made["mask"], expected) and np.array_equal(made["depth"], expected + 1)


def test_outside_of_the_picture_a_mask_is_minus_one_and_depth_unknown():
    batch = stored(y=40, x=50, valid=(20, 30))
    [view], [transform] = AugmentViews([View([Fit()], 30)]).with_transforms(batch, 0, 0)
    made = followed(batch, transform, 30)
    band = made["mask"][:, 5:25]
    assert torch.equal(band, batch["mask"][:, :20, :30]) and (made["mask"][:, :5] == -1).all()
    assert (made["mask"][:, 25:] == -1).all() and (made["depth"][:, 25:] == 0).all()
    assert torch.equal(made["depth"][:, 5:25], band.float() + 1)


def test_what_a_frame_on_the_way_has_cut_off_is_gone_for_good():
    """Moved half out of the picture, then back: the picture's other half is not there any more."""
    size = np.array([[40, 40]])
    away = geometry.window(np.array([[0.0, 20.0, 40.0, 40.0]]), 40)
    back = geometry.window(np.array([[0.0, -20.0, 40.0, 40.0]]), 40)
    transform = geometry.still(size).then(away, size).then(back, size)
    assert np.array_equal(transform.map, geometry.identity(1))
    batch = stored(1)
    batch |= {"boxes": [torch.tensor([[5.0, 5, 30, 10], [0, 0, 18, 18]])]}
    batch |= {"keypoints": [torch.tensor([[10.0, 10, 2], [30, 10, 2]])]}
    made = followed(batch, transform, 40)
    assert (made["mask"][..., :20] == -1).all() and torch.equal(made["mask"][..., 20:], batch["mask"][..., 20:])
    assert made["boxes"][0].tolist() == [[20, 5, 15, 10]] and made["box_ids"][0].tolist() == [0]
    assert made["keypoints"][0].tolist() == [[0, 0, 0], [30, 10, 2]]


def test_boxes_are_clipped_and_dropped_under_a_pixel_and_say_which_they_were():
    boxes = [
        torch.tensor([[-7.0, 3, 10, 10], [8, 8, 3, 30], [10, 10, 4, 4], [38, 0, 9, 9], [50, 0, 9, 9]]),
        torch.zeros(0, 4),
        torch.tensor([[0.0, 0, 40, 40]]),
    ]
    made, ids = boxes_in(boxes, whole(to=10, b=3), 10, CPU)
    assert [one.tolist() for one in ids] == [[2], [], [0]]
    assert made[0].tolist() == [[2.5, 2.5, 1, 1]] and made[1].shape == (0, 4) and made[2].tolist() == [[0, 0, 10, 10]]
    made, ids = boxes_in(boxes, whole(b=3), 40, CPU)
    assert ids[0].tolist() == [0, 1, 2, 3] and made[0][[0, 3]].tolist() == [[0, 3, 3, 10], [38, 0, 2, 9]]
    assert made[0].dtype == torch.float32 and ids[0].dtype == torch.int64


def test_a_turned_box_is_the_upright_box_around_its_corners():
    size = np.array([[40, 40]])
    turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])  # a quarter, clockwise as seen
    transform = geometry.still(size).then(geometry.about(turn, (40, 40), 20), size // 2)
    [box], _ = boxes_in([torch.tensor([[0.0, 0, 10, 20]])], transform, 20, CPU)
    assert np.allclose(box, [[10, 0, 10, 5]])  # from the upper left to the upper right


def test_keypoints_out_of_sight_are_not_labelled_and_objects_keep_their_places():
    given = torch.tensor([[[10.0, 10, 2], [-1, 5, 2]], [[20, 40, 1], [0, 0, 0]]])
    [made] = keypoints_in([given], whole(to=20), CPU)
    assert made.tolist() == [[[5, 5, 2], [0, 0, 0]], [[10, 20, 1], [0, 0, 0]]]


def test_a_mirror_exchanges_the_sides_that_the_source_names():
    given = torch.tensor([[20.0, 5, 2], [10, 8, 2], [28, 9, 1]])  # nose, left eye, right eye
    flip = geometry.mirror(np.array([True]), 40)
    transform = geometry.still(np.array([[40, 40]])).then(flip, np.array([[40, 40]]))
    [plain] = keypoints_in([given], transform, CPU)
    assert plain.tolist() == [[20, 5, 2], [30, 8, 2], [12, 9, 1]]
    [named] = keypoints_in([given], transform, CPU, (0, 2, 1))
    assert named.tolist() == [[20, 5, 2], [12, 9, 1], [30, 8, 2]]
    [still] = keypoints_in([given], whole(), CPU, (0, 2, 1))
    assert torch.equal(still, given)
    with pytest.raises(ValueError, match=r"keypoint_flip is \(0, 1\), and a sample has 3 keypoints"):
        keypoints_in([given], transform, CPU, (0, 1))
    [none] = keypoints_in([torch.zeros(0, 3)], transform, CPU, (0, 2, 1))
    assert none.shape == (0, 3)


def test_a_batch_with_nothing_to_follow_costs_and_gives_nothing():
    batch = {name: value for name, value in stored().items() if name not in ("mask", "depth")}
    assert followed(batch, whole(b=3), 40) == {}


def test_parts_of_a_batch_that_took_ways_of_different_lengths_are_joined():
    """Pictures that have the view's size already are not fitted; those of another part of the batch are."""
    batch = stored(80)
    batch["size"][:70] = torch.tensor([30, 40])
    [view], [transform] = AugmentViews([View([], 40)]).with_transforms(batch, 0, 0)
    made = followed(batch, transform, 40)
    assert torch.equal(made["mask"][70:], batch["mask"][70:]) and (made["mask"][:70, :5] == -1).all()
    assert torch.equal(made["mask"][:70, 5:35], batch["mask"][:70, :30])


def test_targets_of_views_are_split_with_the_rows_of_a_batch():
    batch = stored(6)
    batch |= {"boxes": [torch.tensor([[4.0, 4, 20, 20]])] * 6}
    ops = [Affine(translate=0.1), CropResize((0.5, 1.0)), Flip()]
    _, transforms = AugmentViews([View(ops, 24)] * 3).with_transforms(batch, 0, 0)
    first, *others = (followed(batch, one, 24) for one in transforms)
    chunks = [chunk for chunk, _ in chunks_of(batch | first | {"view_targets": others}, 4)]
    assert [len(chunk["boxes"]) for chunk in chunks] == [4, 2]
    for number, view in enumerate(others):
        parts = [chunk["view_targets"][number] for chunk in chunks]
        assert torch.equal(torch.cat([part["mask"] for part in parts]), view["mask"])
        assert [box.tolist() for part in parts for box in part["boxes"]] == [box.tolist() for box in view["boxes"]]
