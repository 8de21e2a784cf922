"""DINOv2 (Oquab et al. 2023, https://arxiv.org/abs/2304.07193): DINO and iBOT with a head each, balanced and spread.

The paper's sizes keep the paper's numbers; those of the others are all ours.
"""

from dataclasses import replace
from math import sqrt

from sightline.data.masks import StrataMask
from sightline.data.prepare.preprocess import IMAGENET
from sightline.data.views.kinds import MultiCrop
from sightline.methods.parts import gram as anchoring
from sightline.methods.parts.gram import WithGram
from sightline.methods.parts.targets import Centering, Sinkhorn
from sightline.methods.pictures.dinov2 import Config, DINOv2
from sightline.recipes.pictures import dino
from sightline.towers.sizes import dinov2
from sightline.towers.spec import ViTSpec
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Oquab et al. 2023"
LEARNS = "vectors of pictures and of their patches, spread over the sphere, from pictures alone"
MINUTES = {"tiny": 0.1, "small": 9.0}


def build(recipe: Recipe) -> DINOv2:
    assert isinstance(recipe.parts.image, ViTSpec)
    return DINOv2(recipe.parts.image.build(), recipe.method)


def build_with_gram(recipe: Recipe) -> WithGram:
    return WithGram(build(replace(recipe, method=recipe.method.base)), recipe.method)


def small() -> Recipe:
    """A few ten thousand small pictures, on a laptop. `sightline train dinov2 --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.527, linear 0.516 (pixels 0.462, 0.414; its tower untrained 0.319, 0.406);
    9 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods dinov2`
    """
    base = dino.small()
    head = replace(base.method.head, norms="trained")
    return replace(
        base,
        name="dinov2.small",
        build=build,
        method=Config(head=head, patch_head=head, teaching=base.method.teaching),  # ours
        data=replace(base.data, masks=StrataMask(ratio=(0.1, 0.5), share=0.5, views=2)),
        steps=2600,
    )


def centered() -> Recipe:
    """`small` with DINO's centers for Sinkhorn: for batches below an eighth of the prototypes."""
    return replace(small(), name="dinov2.centered", method=replace(small().method, targets=Centering()))


def gram() -> Recipe:
    """`small` with Gram anchoring from 40 % of the run on (DINOv3). `sightline train dinov2.gram --data SRC`"""
    base = small()
    return replace(
        base,
        name="dinov2.gram",
        build=build_with_gram,
        method=anchoring.Config(base=base.method, weight=1.0, refreshes=0),  # ours
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    base = dino.tiny()
    head = replace(base.method.head, norms="trained")
    return replace(
        base,
        name="dinov2.tiny",
        build=build,
        method=Config(head=head, patch_head=head, teaching=base.method.teaching),
        parts=Parts(image=replace(base.parts.image, patch=4)),
        data=replace(base.data, masks=small().data.masks),
    )


def l14() -> Recipe:
    """ViT-L/14, paper table 4: ImageNet kNN 83.5, linear 86.3 (distilled from g, on LVD-142M; not this run).

    Numbers of the released L/14 recipe on ImageNet-22k: 500 epochs of 1,250 steps. Left out of it: the patch
    embedding's learning rate of a fifth, and clipping part by part (tower and each head apart) where the whole gradient
    is clipped here.
    """
    return Recipe(
        name="dinov2.l14",
        build=build,
        method=Config(targets=Sinkhorn(balanced=43)),  # 131,072 / 3,072 prototypes a picture
        # the recipe's MLP is gated, where the published L/14, distilled from g, has GELU; 2/3 of 4,096, in eights
        parts=Parts(image=replace(dinov2("l", size=224), act="swiglu", mlp=2736, drop_path=(0.4,) * 24)),
        data=Data(
            source="shards/{00000..14196}.tar",
            size=224,
            views=MultiCrop(count=8, size=98, global_scale=(0.32, 1.0), local_scale=(0.05, 0.32)),
            masks=StrataMask(ratio=(0.1, 0.5), share=0.5, views=2),
            preprocess=IMAGENET,
        ),
        optim=AdamW(
            lr=2e-4 * sqrt(3072 / 1024),
            betas=(0.9, 0.999),
            eps=1e-8,
            weight_decay=0.04,
            final_weight_decay=0.2,
        ),
        schedule=WarmupCosine(warmup=100_000, most=0.16, floor=3e-3),  # 80 epochs
        batch=3072,
        steps=625_000,
        clip=3.0,
        evaluation=Evaluation(every=12_500, metric="knn"),
    )
