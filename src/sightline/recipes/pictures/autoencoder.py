"""Autoencoder, plain and denoising (Hinton & Salakhutdinov 2006; Vincent et al. 2008): a picture through few numbers.

No paper trained these sizes: all numbers are ours.
"""

from dataclasses import replace

from sightline.data.augment import Background, CropResize
from sightline.data.augment.pictures import Op
from sightline.methods.pictures.autoencoder import Autoencoder, Config
from sightline.nn.conv.decoder import ConvDecoder
from sightline.recipes.shrunk import shrunk
from sightline.towers.spec import FlatMapSpec, ResNetSpec, SmallStem
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Hinton & Salakhutdinov 2006"
LEARNS = "what pixels can be rebuilt from: a baseline beside PCA, and what denoising adds to it"
MINUTES = {"small": 3.3, "denoising": 3.4}

GRID = 4
"""of the last map, under the bottleneck"""


def build(recipe: Recipe) -> Autoencoder:
    """A decoder whose widths mirror the tower's stages. ValueError where the size is not `GRID` doubled a few times."""
    size, widths = recipe.data.size, []
    while size > GRID and size % 2 == 0:
        size, widths = size // 2, [*widths, 32 * 2 ** min(len(widths), 2)]
    if size != GRID:
        raise ValueError(
            f"{recipe.name}: the decoder doubles a map of {GRID} x {GRID}, and {recipe.data.size} px is not {GRID} "
            f"times a power of two; take data.size=32 or 64"
        )
    decoder = ConvDecoder(recipe.method.code, GRID, tuple(reversed(widths)))
    return Autoencoder(recipe.parts.image.build(), decoder, recipe.method)


def whole(size: int) -> list[Op]:
    """Nearly the whole picture, mirrored one time in two: what is left out cannot be rebuilt."""
    return [CropResize(scale=(0.8, 1.0), flip=0.5), Background()]


def small() -> Recipe:
    """Photos of 32 pixels through 64 numbers. `sightline train autoencoder --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.527, linear 0.547 (pixels 0.462, 0.414; its tower untrained 0.389, 0.453);
    3 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods autoencoder`
    """
    return Recipe(
        name="autoencoder.small",
        build=build,
        method=Config(code=64),
        parts=Parts(
            image=ResNetSpec(depths=(1, 1, 1), width=32, stem=SmallStem(stride=2), pool=FlatMapSpec(grid=GRID))
        ),
        data=Data(source="icons", size=32, views=whole),
        optim=AdamW(lr=2e-3, betas=(0.9, 0.999), weight_decay=0.0),
        schedule=WarmupCosine(warmup=50),
        batch=64,
        steps=3000,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def denoising() -> Recipe:
    """The same, rebuilt from a noisy picture. `sightline train autoencoder.denoising --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.525, linear 0.549 (pixels 0.462, 0.414; its tower untrained 0.389, 0.453);
    3 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods autoencoder.denoising`
    """
    return replace(small(), name="autoencoder.denoising", method=Config(code=64, noise=0.4))  # 0.2 of the range [0, 1]


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        denoising(),
        name="autoencoder.tiny",
        method=Config(code=32, noise=0.1),
        parts=Parts(image=ResNetSpec(depths=(1,), width=16, stem=SmallStem(stride=2), pool=FlatMapSpec(grid=GRID))),
        data=Data(source="icons?n=64", size=16, views=whole),
        optim=AdamW(lr=1e-2, betas=(0.9, 0.999), weight_decay=0.0),
    )
