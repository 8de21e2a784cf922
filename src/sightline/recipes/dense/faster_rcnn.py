"""Faster R-CNN (Ren et al. 2015, https://arxiv.org/abs/1506.01497): boxes and their classes, on any tower.

`--init image=RUN` starts from an encoder's tower, `--lock image` leaves it as it is, `image=ResNetSpec(...)` takes
another. The heads are torchvision's; `small`, `vit` and `tiny` are all ours.
"""

from dataclasses import replace

from sightline.data.views.placed import PlacedView
from sightline.methods.dense.faster_rcnn import Config, FasterRCNN
from sightline.methods.dense.tower import read
from sightline.probes.heldout.boxed import BoxAP
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import resnet50
from sightline.towers.spec import DetectorSpec, Mean, ResNetSpec, SinCosSpec, SmallStem, ViTSpec
from sightline.train.optim.optimizer import SGD, AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Ren et al. 2015"
LEARNS = "boxes of things and their classes, on any tower"

MEASURED = Evaluation(metric="box_ap", samples=500, probes=(BoxAP(), HeldOutLoss()))
SMALL = DetectorSpec(finest=2, anchor=4.0, out=64, hidden=256, proposals=200, anchors_learnt=128, regions_learnt=64)
"""for pictures of 64 to 96 px on a CPU"""


def build(recipe: Recipe) -> FasterRCNN:
    detector = recipe.parts.detector.build()
    return FasterRCNN(read(recipe.parts.image, detector.blocks), detector, recipe.method)


def small() -> Recipe:
    """Pictures of 64 pixels on a small ResNet. `sightline train faster_rcnn --data SRC --out RUN`"""
    return Recipe(
        name="faster_rcnn.small",
        build=build,
        method=Config(),
        parts=Parts(image=ResNetSpec(depths=(2, 2, 2), width=32, stem=SmallStem(stride=2)), detector=SMALL),
        data=Data(source="scenes?level=1&size=64", size=64, views=PlacedView()),
        optim=AdamW(lr=1e-3, weight_decay=0.05),
        schedule=WarmupCosine(warmup=50),
        batch=8,
        steps=1000,
        clip=3.0,
        evaluation=MEASURED,
    )


def vit() -> Recipe:
    """`small` on a plain ViT and its simple pyramid. `sightline train faster_rcnn.vit --data SRC --out RUN`"""
    image = ViTSpec(size=64, patch=8, dim=128, depth=4, heads=4, pool=Mean(), position=SinCosSpec())
    return replace(small(), name="faster_rcnn.vit", parts=Parts(image=image, detector=SMALL))


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="faster_rcnn.tiny",
        parts=Parts(
            image=ViTSpec(size=32, patch=8, dim=32, depth=1, heads=2, pool=Mean()),
            detector=replace(SMALL, finest=4, out=16, hidden=32, proposals=50, anchors_learnt=64, regions_learnt=16),
        ),
        data=Data(source="scenes?level=1&n=64&size=32", size=32, views=PlacedView(scale=(1.0, 1.0), translate=0.0)),
        batch=8,
        evaluation=replace(MEASURED, samples=8),
    )


def coco() -> Recipe:
    """ResNet-50 with FPN on COCO, 800 px, 12 epochs: torchvision reports box AP 37.0 after 26. No run of ours."""
    return replace(
        small(),
        name="faster_rcnn.coco",
        parts=Parts(image=resnet50(), detector=DetectorSpec()),
        data=Data(source="coco/train.tar", size=800, views=PlacedView(scale=(1.0, 1.0), translate=0.0, jitter=0.0)),
        optim=SGD(lr=0.02, momentum=0.9, weight_decay=1e-4),
        schedule=WarmupCosine(warmup=500),  # ours: torchvision's is steps
        batch=16,
        steps=None,
        epochs=12,
        clip=0.0,
        evaluation=replace(MEASURED, every=7330, samples=5000),
    )
