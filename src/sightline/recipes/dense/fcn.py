"""Fully convolutional network (Long et al. 2015, https://arxiv.org/abs/1411.4038): a class a pixel, on any tower.

`--init image=RUN` starts from an encoder's tower, `--lock image` leaves it as it is. The head is torchvision's;
`small`, `vit` and `tiny` are all ours.
"""

from dataclasses import replace

from sightline.data.views.placed import PlacedView
from sightline.methods.dense.fcn import FCN
from sightline.methods.dense.tower import read
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.probes.heldout.pixels import PixelIoU
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import resnet50
from sightline.towers.spec import Mean, ResNetSpec, SegmenterSpec, SinCosSpec, SmallStem, ViTSpec
from sightline.train.optim.optimizer import SGD, AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Long et al. 2015"
LEARNS = "a class for every pixel, on any tower"

MEASURED = Evaluation(metric="miou", samples=500, probes=(PixelIoU(), HeldOutLoss()))


def build(recipe: Recipe) -> FCN:
    segmenter = recipe.parts.segmenter.build()
    return FCN(read(recipe.parts.image, segmenter.blocks), segmenter)


def small() -> Recipe:
    """Pictures of 64 pixels on a small ResNet. `sightline train fcn --data SRC --out RUN`"""
    return Recipe(
        name="fcn.small",
        build=build,
        method=None,
        parts=Parts(
            image=ResNetSpec(depths=(2, 2, 2), width=32, stem=SmallStem(stride=2)), segmenter=SegmenterSpec(coarsest=8)
        ),
        data=Data(source="scenes?level=1&size=64", size=64, views=PlacedView()),
        optim=AdamW(lr=2e-3, weight_decay=0.05),
        schedule=WarmupCosine(warmup=50),
        batch=16,
        steps=1000,
        clip=3.0,
        evaluation=MEASURED,
    )


def vit() -> Recipe:
    """`small` on a plain ViT. `sightline train fcn.vit --data SRC --out RUN`"""
    image = ViTSpec(size=64, patch=8, dim=128, depth=4, heads=4, pool=Mean(), position=SinCosSpec())
    return replace(small(), name="fcn.vit", parts=Parts(image=image, segmenter=SegmenterSpec(coarsest=8)))


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="fcn.tiny",
        parts=Parts(image=ViTSpec(size=32, patch=8, dim=32, depth=1, heads=2, pool=Mean()), segmenter=SegmenterSpec()),
        data=Data(source="scenes?level=1&n=64&size=32", size=32, views=PlacedView(scale=(1.0, 1.0), translate=0.0)),
        batch=8,
        evaluation=replace(MEASURED, samples=8),
    )


def voc() -> Recipe:
    """ResNet-50 at 480 px on PASCAL VOC; the paper's FCN-8s reaches 62.2 mIoU. No run of ours."""
    return replace(
        small(),
        name="fcn.voc",
        parts=Parts(image=resnet50(), segmenter=SegmenterSpec()),
        data=Data(source="voc/train.tar", size=480, views=PlacedView(scale=(0.5, 2.0))),
        optim=SGD(lr=0.01, momentum=0.9, weight_decay=1e-4),
        batch=32,
        steps=None,
        epochs=30,
        clip=0.0,
        evaluation=replace(MEASURED, every=1000, samples=1449),
    )
