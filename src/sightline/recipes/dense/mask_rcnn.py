"""Mask R-CNN (He et al. 2017, https://arxiv.org/abs/1703.06870): boxes, classes and outlines, on any tower.

As `faster_rcnn`. The masks of the source number its boxes, as those of scenes do.
"""

from dataclasses import fields, replace
from typing import Any

from sightline.methods.dense.mask_rcnn import Config, MaskRCNN
from sightline.methods.dense.tower import read
from sightline.probes.heldout.boxed import BoxAP
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.recipes.dense import faster_rcnn
from sightline.towers.spec import DetectorSpec, MaskDetectorSpec
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Evaluation, Recipe

PAPER = "He et al. 2017"
LEARNS = "boxes of things, their classes and outlines, on any tower"

MEASURED = Evaluation(metric="box_ap", samples=500, probes=(BoxAP(masks=True), HeldOutLoss()))


def build(recipe: Recipe) -> MaskRCNN:
    detector = recipe.parts.detector.build()
    return MaskRCNN(read(recipe.parts.image, detector.blocks), detector, recipe.method)


def small() -> Recipe:
    """Pictures of 64 pixels on a small ResNet. `sightline train mask_rcnn --data SRC --out RUN`"""
    return _outlining(faster_rcnn.small(), "mask_rcnn.small", layers=(64, 64))


def vit() -> Recipe:
    """`small` on a plain ViT and its simple pyramid. `sightline train mask_rcnn.vit --data SRC --out RUN`"""
    return _outlining(faster_rcnn.vit(), "mask_rcnn.vit", layers=(64, 64))


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    made = _outlining(faster_rcnn.tiny(), "mask_rcnn.tiny", layers=(16,))
    return replace(made, evaluation=replace(MEASURED, samples=8))


def coco() -> Recipe:
    """ResNet-50 with FPN on COCO, 800 px, 12 epochs: torchvision reports mask AP 34.6 after 26. No run of ours."""
    made = _outlining(faster_rcnn.coco(), "mask_rcnn.coco", layers=(256, 256, 256, 256))
    return replace(made, evaluation=replace(MEASURED, every=7330, samples=5000))


def _outlining(recipe: Recipe, name: str, layers: tuple[int, ...]) -> Recipe:
    """A recipe of Faster R-CNN with a mask head of convolutions `layers` wide."""
    base: DetectorSpec = recipe.parts.detector
    same: Any = {field.name: getattr(base, field.name) for field in fields(base)}
    parts = recipe.parts | Parts(detector=MaskDetectorSpec(layers=layers, **same))
    return replace(recipe, name=name, build=build, method=Config(), parts=parts, evaluation=MEASURED)
