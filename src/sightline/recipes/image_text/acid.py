"""ACID (Udandarao et al. 2024, https://arxiv.org/abs/2411.18674), by which SigLIP 2's small models end: a larger model
says which examples a smaller one learns from.

The student comes by `--init`, the teacher by `method.teacher`. `batch` is the super-batch, of which half is learnt
from. The numbers of the small recipes are ours, but for the rate (a hundredth), no decay, and a tenth of the run.
"""

from dataclasses import replace

import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.methods.image_text.acid import Acid, Config, Reference
from sightline.recipes.image_text import siglip, siglip2
from sightline.towers.spec import Causal, Map, TransformerTextSpec, ViTSpec
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import Constant
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe
from sightline.weights.encoder import TorchEncoder
from sightline.weights.load import load
from sightline.weights.run_folder.joint import joint_of

PAPER = "Udandarao et al. 2024"
LEARNS = "what a larger model has learnt of pictures and captions, by its choice of examples"
MINUTES = {"tiny": 0.1}


def build(recipe: Recipe) -> Acid:
    """ValueError where no teacher is named, or one that cannot teach."""
    name = recipe.method.teacher
    if not name:
        raise ValueError(
            f"{recipe.name} learns from what a teacher chooses: name one, method.teacher=RUN, a finished run of siglip "
            "or siglip2, or published SigLIP weights; and with --init the student it goes on from"
        )
    return _taught(recipe, load(name, device="cpu"))


def build_by_chance(recipe: Recipe) -> Acid:
    """Where no teacher is named, with one that has learnt nothing: random towers as the student's, which read its
    tokens."""
    if recipe.method.teacher:
        return build(recipe)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed + 1)
        kept = siglip.pair(recipe).kept()
    view = recipe.data.evaluation_view()
    return _taught(recipe, TorchEncoder(joint_of(kept), preprocess=view, tokenizer=None, dim=recipe.dim))


def _taught(recipe: Recipe, teacher: TorchEncoder) -> Acid:
    view = recipe.data.evaluation_view()
    if not isinstance(view, Preprocess):
        raise ValueError(f"{recipe.name}: pictures have one size, and data.preprocess is a {type(view).__name__}")
    return Acid(siglip.pair(recipe), Reference(teacher, view), recipe.method)


def student() -> Recipe:
    """The small model before: SigLIP in a quarter of `siglip2.small`'s weights. `sightline train acid.student`"""
    base = siglip2.control()
    return replace(
        base,
        name="acid.student",
        parts=Parts(
            image=ViTSpec(size=64, patch=8, dim=64, depth=3, heads=2, pool=Map()),
            text=TransformerTextSpec(vocab=1024, length=40, dim=64, depth=2, heads=2, reading=Causal()),
        ),
        dim=64,
    )


def small() -> Recipe:
    """From `acid.student`, taught by `siglip2`. `sightline train acid --init STUDENT_RUN method.teacher=RUN`"""
    base = student()
    return replace(
        base,
        name="acid.small",
        build=build,
        method=Config(),
        optim=AdamW(lr=1e-5, betas=(0.9, 0.95), weight_decay=0.0),
        schedule=Constant(),
        batch=128,
        steps=70,
    )


def tiny() -> Recipe:
    """The same code path in seconds, with a teacher that knows nothing: what the tests run."""
    return replace(
        siglip.tiny(),
        name="acid.tiny",
        build=build_by_chance,
        method=Config(chunks=4),
        optim=AdamW(lr=1e-3, weight_decay=0.0),
    )


def b32() -> Recipe:
    """ViT-B/32, 256 px, taught by So400m: a quarter of 131,072 pairs learnt from (the paper's run, not ours)."""
    base = siglip.b32()
    return replace(
        base,
        name="acid.b32",
        build=build,
        method=Config(filter_ratio=0.75),
        optim=AdamW(lr=1e-5, betas=(0.9, 0.95), weight_decay=0.0),
        schedule=Constant(),
        batch=131_072,
        steps=122_000,  # 4 G examples learnt from
    )
