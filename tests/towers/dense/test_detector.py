"""The detector is torchvision's own, and a picture has its losses and its boxes whatever stands beside it."""

from collections import OrderedDict

import pytest
import torch
from torch import nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.rpn import AnchorGenerator

from sightline.towers.dense.feature_map import maps_of
from sightline.towers.spec import MaskDetectorSpec, Mean, ResNetSpec, SmallStem, ViTSpec, from_json, to_json
from sightline.towers.spec.dense import DetectorSpec, SegmenterSpec

RESNET = ResNetSpec(depths=(1, 1, 1), width=8, stem=SmallStem(stride=2))
VIT = ViTSpec(size=48, patch=8, dim=16, depth=1, heads=2, pool=Mean())
SPEC = MaskDetectorSpec(finest=2, anchor=4.0, out=16, hidden=32, proposals=60, regions_learnt=24, layers=(8, 8))
SIDE = (48, 48)
BOXES = ([[4, 4, 20, 22], [25, 10, 45, 30]], [], [[2, 20, 40, 46]])


def parts(image):
    torch.manual_seed(0)
    spec = SPEC.upon(image, ("ball", "cube"))
    return image.build().eval(), spec.build().eval()


def target(boxes):
    corners = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    masks = torch.zeros(len(corners), *SIDE, dtype=torch.uint8)
    for mask, (left, top, right, bottom) in zip(masks, corners.int().tolist(), strict=True):
        mask[top:bottom, left:right] = 1
    return {"boxes": corners, "labels": torch.arange(len(corners)) % 2 + 1, "masks": masks}


class Backbone(nn.Module):
    """A tower and a neck, as torchvision wants them."""

    def __init__(self, tower, detector):
        super().__init__()
        self.tower, self.detector, self.out_channels = tower, detector, 16

    def forward(self, image):
        return self.detector.neck(maps_of(self.tower, image, self.detector.blocks))


@pytest.mark.parametrize("image", [RESNET, VIT], ids=["resnet", "vit"])
def test_boxes_and_masks_are_those_of_torchvisions_model(image):
    tower, detector = parts(image)
    sides = tuple((4.0 * 2 * 2**number,) for number in range(4))
    whole = FasterRCNN(
        Backbone(tower, detector),
        3,
        min_size=48,
        max_size=48,
        size_divisible=16,
        image_mean=[0.0] * 3,
        image_std=[1.0] * 3,
        rpn_anchor_generator=AnchorGenerator(sides, ((0.5, 1.0, 2.0),) * 4),
        rpn_pre_nms_top_n_test=60,
        rpn_post_nms_top_n_test=60,
    )
    whole.rpn.load_state_dict(detector.rpn.state_dict())
    whole.roi_heads = detector.roi_heads
    whole.eval()
    pictures = torch.rand(2, 3, *SIDE)
    with torch.no_grad():
        theirs = whole(list(pictures))
        mine = detector(maps_of(tower, pictures, detector.blocks), SIDE)
    for one, other in zip(mine, theirs, strict=True):
        assert len(one["boxes"]) and torch.equal(one["labels"], other["labels"])
        torch.testing.assert_close(one["boxes"], other["boxes"])
        torch.testing.assert_close(one["scores"], other["scores"])
        assert other["masks"].shape[-2:] == SIDE and one["masks"].shape[-2:] == (28, 28)


@pytest.mark.parametrize("image", [RESNET, VIT], ids=["resnet", "vit"])
def test_a_batch_of_unequal_numbers_of_boxes_none_included_equals_single_runs(image):
    tower, detector = parts(image)
    pictures, seeds = torch.rand(3, 3, *SIDE), torch.tensor([5, 9, 77])
    maps = maps_of(tower, pictures, detector.blocks)
    whole = detector.learn(maps, SIDE, [target(boxes) for boxes in BOXES], seeds)
    single = [
        detector.learn(
            OrderedDict((name, level[[i]]) for name, level in maps.items()), SIDE, [target(BOXES[i])], seeds[[i]]
        )
        for i in range(3)
    ]
    for name, (mean, count) in whole.losses.items():
        each = [one.losses[name] for one in single]
        assert count == sum(n for _, n in each)
        wanted = sum(float(value.detach()) * n for value, n in each) / max(count, 1)
        assert float(mean.detach()) == pytest.approx(wanted, rel=1e-4, abs=1e-6), name
    outlined, count = single[1].losses["mask"]
    assert outlined == 0 and count == 0 and whole.losses["mask"][1] > 0
    with torch.no_grad():
        found = detector(maps, SIDE)
        for i, one in enumerate(found):
            (alone,) = detector(OrderedDict((name, level[[i]]) for name, level in maps.items()), SIDE)
            torch.testing.assert_close(one["boxes"], alone["boxes"], rtol=1e-4, atol=1e-3)
            assert torch.equal(one["labels"], alone["labels"])


def test_a_step_draws_the_same_for_a_seed_and_leaves_torchs_generator():
    tower, detector = parts(VIT)
    pictures = torch.rand(1, 3, *SIDE)
    maps, state = maps_of(tower, pictures, detector.blocks), torch.random.get_rng_state()
    first, again, other = (
        detector.learn(maps, SIDE, [target(BOXES[0])], torch.tensor([seed])).losses["classifier"][0]
        for seed in (1, 1, 2)
    )
    assert first == again != other and torch.equal(state, torch.random.get_rng_state())


def test_specs_go_to_json_and_back_and_want_a_tower_and_classes():
    for spec in (SPEC.upon(RESNET, ("a", "b")), SegmenterSpec().upon(VIT, ("a", "b"))):
        assert from_json(to_json(spec)) == spec
    with pytest.raises(ValueError, match="DetectorSpec has no names"):
        DetectorSpec().build()
    assert SegmenterSpec(coarsest=4).upon(RESNET, ("a",)).width == 16
