"""The loss of FCN pixel by pixel, and what Faster and Mask R-CNN ask of torchvision."""

import pytest
import torch

from sightline.methods.dense.faster_rcnn import Config, FasterRCNN
from sightline.methods.dense.fcn import FCN
from sightline.methods.dense.mask_rcnn import MaskRCNN
from sightline.methods.dense.tower import read
from sightline.towers.dense.feature_map import maps_of
from sightline.towers.spec import DetectorSpec, Map, MaskDetectorSpec, Mean, SegmenterSpec, ViTSpec

VIT = ViTSpec(size=16, patch=8, dim=16, depth=1, heads=2, pool=Mean())
SMALL = {"finest": 4, "anchor": 4.0, "out": 8, "hidden": 8, "proposals": 20}
LABELS = [torch.tensor([1, 0, -1]), torch.zeros(0, dtype=torch.int64)]
BOXES = [torch.tensor([[1.0, 2, 5, 6], [4.0, 4, 8, 8]]), torch.zeros(0, 4)]
IDS = [torch.tensor([0, 2]), torch.zeros(0, dtype=torch.int64)]


def segmenting(instances, **given):
    torch.manual_seed(0)
    spec = SegmenterSpec(instances=instances, **given).upon(VIT, ("ground", "ball", "cube"))
    return FCN(VIT.build(), spec.build()).eval()


def naive(method, batch, truth):
    logits = method.segmenter(maps_of(method.image, batch["image"], method.segmenter.blocks), (16, 16))
    total = [-logits[b, :, y, x].log_softmax(0)[k] for b, y, x, k in truth]
    return sum(total) / len(total)


def test_the_loss_is_the_mean_over_pixels_that_have_a_class():
    method = segmenting(False, ignore=(2, 255))
    mask = torch.randint(-1, 5, (2, 16, 16), generator=torch.Generator().manual_seed(0))
    batch = {"image": torch.rand(2, 3, 16, 16), "mask": mask}
    truth = [
        (b, y, x, int(mask[b, y, x])) for b in range(2) for y in range(16) for x in range(16) if mask[b, y, x] in (0, 1)
    ]
    torch.testing.assert_close(method(batch)["pixel"], naive(method, batch, truth))


def test_masks_of_boxes_are_told_as_classes_of_boxes():
    method = segmenting(True)
    mask = torch.tensor([-1, 0, 1, 2, 3, 4] * 2).repeat(2, 22)[:, :256].reshape(2, 16, 16)
    table = [{-1: -1, 0: 0, 1: 2, 2: 1, 3: -1, 4: -1}, {-1: -1, 0: 0}]
    batch = {"image": torch.rand(2, 3, 16, 16), "mask": mask, "box_labels": LABELS}
    wanted = [[[table[b].get(int(k), -1) for k in row] for row in mask[b]] for b in range(2)]
    assert method.truth(batch).tolist() == wanted
    assert method.needs == {"image", "mask", "box_labels"} and method.things.names == ("ball", "cube")


def test_boxes_of_unknown_classes_are_left_out_and_classes_count_from_one():
    torch.manual_seed(0)
    detector = DetectorSpec(**SMALL).upon(VIT, ("ball", "cube")).build()
    batch = {"boxes": BOXES, "box_ids": IDS, "box_labels": LABELS}
    first, none = FasterRCNN(VIT.build(), detector).targets(batch)
    assert first["boxes"].tolist() == [[1, 2, 6, 8]] and first["labels"].tolist() == [2]
    assert none["boxes"].shape == (0, 4) and none["labels"].shape == (0,)


def test_the_mask_of_a_box_is_where_its_number_is():
    torch.manual_seed(0)
    detector = MaskDetectorSpec(**SMALL, layers=(8,)).upon(VIT, ("ball", "cube")).build()
    labels = [torch.tensor([1, 0, 0]), LABELS[1]]
    mask = torch.randint(0, 4, (2, 16, 16), generator=torch.Generator().manual_seed(0))
    batch = {"boxes": BOXES, "box_ids": IDS, "box_labels": labels, "mask": mask}
    first, none = MaskRCNN(VIT.build(), detector).targets(batch)
    assert torch.equal(first["masks"].bool(), torch.stack([mask[0] == 1, mask[0] == 3]))
    assert none["masks"].shape == (0, 16, 16)


def test_a_picture_without_boxes_teaches_that_there_is_nothing():
    torch.manual_seed(0)
    method = MaskRCNN(VIT.build(), MaskDetectorSpec(**SMALL, layers=(8,)).upon(VIT, ("ball",)).build())
    none = {"boxes": BOXES[1:], "box_ids": IDS[1:], "box_labels": LABELS[1:]}
    losses = method({"image": torch.rand(1, 3, 16, 16), "mask": torch.zeros(1, 16, 16, dtype=torch.int64), **none})
    assert losses["objectness"] > 0 and losses["classifier"] > 0
    assert losses["rpn_box_reg"] == losses["box_reg"] == losses["mask"] == 0
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in method.parameters() if p.numel())


def test_a_tower_learns_only_what_is_read_of_it():
    tower = read(ViTSpec(size=16, patch=8, dim=16, depth=2, heads=2, pool=Map()), [1])
    still = {name.partition(".")[0] for name, p in tower.named_parameters() if p.numel() and not p.requires_grad}
    assert still == {"pool"}
    with pytest.raises(ValueError, match="weights of terms are at least 0"):
        Config(tell=-1.0)
