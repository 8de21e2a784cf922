"""DINO (Caron et al. 2021, https://arxiv.org/abs/2104.14294): a student says of every crop what its teacher says of
large ones.

The papers' sizes keep the paper's numbers; those of the others are all ours.
"""

from dataclasses import replace

from sightline.data.prepare.preprocess import IMAGENET
from sightline.data.views.kinds import MultiCrop
from sightline.methods.parts.targets import Sinkhorn
from sightline.methods.parts.teaching import Head, Teaching
from sightline.methods.pictures.dino import DINO, Config
from sightline.towers.sizes import common_vit, vit
from sightline.towers.sizes_conv import common_resnet
from sightline.towers.spec import Mean
from sightline.train.optim.clipping import EachTensor
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Caron et al. 2021"
LEARNS = "vectors of pictures alone: what a crop shows of the whole"
MINUTES = {"tiny": 0.1, "resnet": 8.0, "small": 11.0}

CROPS = MultiCrop(count=2, local_scale=(0.15, 0.4), blur=(0.0, 0.0, 0.0))
"""Ours, for 32 px: a local crop of 16 px is then enlarged by a third at most, and nothing is blurred besides."""
WHOLE = replace(CROPS, kind="graphics", count=0)
"""Ours, for drawings."""
TEACHING = Teaching(momentum=0.9, temperature=(0.01, 0.01), freeze=0.01)
"""Ours: a teacher that lags teaches less in a short run (kNN of the ViT after 500 steps: 0.335, and 0.311 at 0.97); at
a temperature of 0.04 a small tower's targets stay near uniform for hundreds of steps."""


def build(recipe: Recipe) -> DINO:
    return DINO(recipe.parts.image.build(), recipe.method)


def small() -> Recipe:
    """A few ten thousand small pictures, on a laptop. `sightline train dino --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.536, linear 0.558 (pixels 0.462, 0.414; its tower untrained 0.319, 0.406);
    11 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods dino`
    """
    return Recipe(
        name="dino.small",
        build=build,
        # 256 prototypes behind 32 numbers teach less (0.319 after 500 steps, 0.335 here); Sinkhorn balances more only
        # in larger batches
        method=Config(
            head=Head(prototypes=1024, hidden=256, bottleneck=64),
            teaching=TEACHING,
            targets=Sinkhorn(),  # ours: balanced from the first step, where a center takes some to find its place
        ),
        # ours: the mean of the patches is a useful vector from the first step, a class token must learn to look
        parts=Parts(image=replace(common_vit(32), patch=8, pool=Mean())),
        data=Data(source="icons", size=32, views=CROPS),
        optim=AdamW(lr=5e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.04),  # ours
        schedule=WarmupCosine(warmup=100),
        batch=128,
        steps=3500,
        clip=EachTensor(3.0),
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def resnet() -> Recipe:
    """The same on the common ResNet, as SimCLR and BYOL have it. `sightline train dino.resnet --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.556, linear 0.600 (pixels 0.462, 0.414; its tower untrained 0.301, 0.356);
    8 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods dino.resnet`
    """
    base = small()
    return replace(
        base,
        name="dino.resnet",
        method=Config(
            # ours: few prototypes and a narrow bottleneck spread cosines wide, so that targets are sharp from the start
            head=Head(prototypes=256, hidden=256, bottleneck=32),
            teaching=TEACHING,
            targets=Sinkhorn(),
        ),
        parts=Parts(image=common_resnet()),
        optim=replace(base.optim, lr=3e-3),  # ours: what BatchNorms bear and the ViT does not
        batch=64,
        steps=4500,
    )


def graphics() -> Recipe:
    """Drawings on the common ResNet, whole in both views: what a crop of one tells of the rest is colour and texture.
    `sightline train dino.graphics --data SRC --out RUN`

    figure: emoji, the same concept in another style R@1 0.144 (pixels 0.056; with crops 0.081); 16 minutes on
    one core. `SIGHTLINE_DATA=... python benchmarks/atlas_emoji.py --methods dino.graphics --views graphics`
    """
    base = resnet()
    return replace(base, name="dino.graphics", data=replace(base.data, views=WHOLE))


def tiny() -> Recipe:
    """In seconds, with the paper's centers and class token: what the tests run."""
    return replace(
        small(),
        name="dino.tiny",
        method=Config(head=Head(prototypes=64, hidden=32, bottleneck=16), teaching=Teaching(momentum=0.9, freeze=0.0)),
        parts=Parts(image=replace(common_vit(32), patch=8, dim=64, depth=2, heads=2)),
        data=Data(source="icons?n=64", size=32, views=MultiCrop(count=2)),
        optim=replace(small().optim, lr=1e-3),
        batch=16,
        steps=20,
        precision="float32",
    )


def s16() -> Recipe:
    """ViT-S/16, paper table 2: ImageNet kNN 74.5, linear 77.0 after 800 epochs (the paper's run, not ours)."""
    return Recipe(
        name="dino.s16",
        build=build,
        method=Config(
            head=Head(norms="trained"),
            # 30 and 1 of 800 epochs
            teaching=Teaching(warmup=30 / 800, freeze=1 / 800),
        ),
        parts=Parts(image=replace(vit("s", 16), drop_path=0.1)),
        data=Data(
            source="shards/{00000..01281}.tar",
            size=224,
            views=MultiCrop(count=10, size=96, global_scale=(0.25, 1.0), local_scale=(0.05, 0.25)),
            preprocess=IMAGENET,
        ),
        # 5e-4 * 1024 / 256
        optim=AdamW(lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.04, final_weight_decay=0.4),
        schedule=WarmupCosine(warmup=12_511, floor=5e-4),  # 10 epochs; down to 1e-6
        batch=1024,
        epochs=800,
        clip=EachTensor(3.0),
        evaluation=Evaluation(every=12_511, metric="knn"),
    )


def s8() -> Recipe:
    """ViT-S/8, paper table 2: ImageNet kNN 78.3, linear 79.7."""
    return replace(s16(), name="dino.s8", parts=Parts(image=replace(vit("s", 8), drop_path=0.1)))


def b16() -> Recipe:
    """ViT-B/16, paper table 2: ImageNet kNN 76.1, linear 78.2; 400 epochs, prototypes of fixed norm."""
    return replace(
        s16(),
        name="dino.b16",
        method=Config(head=Head(), teaching=Teaching(warmup=50 / 400, freeze=3 / 400)),
        parts=Parts(image=replace(vit("b", 16), drop_path=0.1)),
        optim=replace(s16().optim, lr=3e-3),  # 7.5e-4 * 1024 / 256
        schedule=replace(s16().schedule, floor=1e-6 / 3e-3),  # ours: as for the small one
        epochs=400,
    )
