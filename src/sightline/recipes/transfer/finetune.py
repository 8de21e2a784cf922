"""Going on from any encoder with labels (`--init`), so that what it knew is not lost."""

from dataclasses import replace

from sightline.data.views.kinds import MaeView
from sightline.data.views.moved import MovedView
from sightline.methods.transfer.finetune import Config, FineTuned
from sightline.methods.transfer.supervised import HeadAlone
from sightline.recipes.shrunk import shrunk
from sightline.recipes.transfer.supervised import PROBES, head_of
from sightline.towers.sizes import common_vit, vit_small
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.evaluation import Guard
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.phase import Phase
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Kumar et al. 2022"
LEARNS = "one's own classes on top of any encoder, whose knowledge is watched while it learns"


def build(recipe: Recipe) -> FineTuned:
    tower = recipe.parts.image.build()
    return FineTuned(tower, head_of(recipe, tower.dim), recipe.method)


def build_head(recipe: Recipe) -> HeadAlone:
    tower = recipe.parts.image.build()
    return HeadAlone(tower, head_of(recipe, tower.dim))


def small() -> Recipe:
    """The whole tower, rates falling towards the pixels. `sightline train finetune --init image=ENCODER --data SRC`"""
    return Recipe(
        name="finetune.small",
        build=build,
        method=Config(layer_decay=0.75, head_rate=10.0),  # decay of MAE's ViT-L; the head's rate is ours
        parts=Parts(image=common_vit()),  # --init brings another
        data=Data(source="icons", size=32, views=MaeView(scale=(0.3, 1.0))),  # ours
        optim=AdamW(lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),  # rate ours
        schedule=WarmupCosine(warmup=50),
        batch=64,
        steps=1000,
        clip=1.0,
        evaluation=Evaluation(every=100, metric="accuracy", keep="best", probes=PROBES, guard=Guard()),
    )


def head_first() -> Recipe:
    """LP-FT: the head alone for a third of the run, then all. `sightline train finetune.head_first --init ...`"""
    return replace(
        small(),
        name="finetune.head_first",
        method=Config(layer_decay=0.75),
        phases=(
            Phase(steps=0.3, build=build_head, optim={"lr": 1e-3}, schedule=WarmupCosine(warmup=20)),  # ours
            Phase(schedule=WarmupCosine(warmup=50)),
        ),
    )


def last_blocks() -> Recipe:
    """The first two blocks or stages stay as they are. `sightline train finetune.last_blocks method.freeze=2`"""
    return replace(small(), name="finetune.last_blocks", method=Config(freeze=2, head_rate=10.0))


def adapters() -> Recipe:
    """Low-rank adapters (Hu et al. 2021) and the head learn, nothing else. `sightline train finetune.adapters`"""
    return replace(
        small(),
        name="finetune.adapters",
        method=Config(rank=4, scale=2.0),  # ours
        optim=AdamW(lr=1e-3, betas=(0.9, 0.999), weight_decay=0.0),  # ours
    )


def l2sp() -> Recipe:
    """L2-SP: weights are pulled to where they began (Li et al. 2018). `sightline train finetune.l2sp --init ...`"""
    return replace(
        small(),
        name="finetune.l2sp",
        method=Config(pull=0.1, head_pull=0.01, head_rate=10.0),  # ours
        optim=AdamW(lr=1e-4, betas=(0.9, 0.999), weight_decay=0.0),
    )


def tiny() -> Recipe:
    """All parts at once, in seconds: what the tests run. Without `--init` it goes on from weights just drawn."""
    return shrunk(
        small(),
        name="finetune.tiny",
        method=Config(freeze=1, layer_decay=0.75, head_rate=2.0, pull=1e-4, head_pull=1e-4),
        parts=Parts(image=vit_small(32, 8, 2)),
        data=Data(source="icons?n=64", size=32, views=MovedView()),
        batch=8,
        evaluation=Evaluation(metric="accuracy", probes=PROBES, guard=Guard()),
    )
