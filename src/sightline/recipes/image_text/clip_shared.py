"""One Transformer for pictures and words (MS-CLIP, You et al. 2022, https://arxiv.org/abs/2207.12661).

Both towers must have one width, depth, heads, MLP, activation and norm: their blocks are the same weights.
"""

from dataclasses import replace

from sightline.data.augment import caption_views
from sightline.data.feed.caption_choice import any_caption
from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.clip_shared import Config, clip_shared
from sightline.text.load import BPE
from sightline.towers.sizes import vit_small
from sightline.towers.spec import Causal, Cls, TransformerTextSpec, ViTSpec
from sightline.towers.text import TransformerText
from sightline.towers.vit import ViT
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Recipe

PAPER = "You et al. 2022"
LEARNS = "one space for pictures and captions with one Transformer for both"
MINUTES = {"tiny": 0.1, "small": 5.5}  # small: what --dry-run measured, 523 ms a step


def build(recipe: Recipe) -> CLIP:
    image, text = recipe.parts.image.build(), recipe.parts.text.build()
    if not isinstance(image, ViT) or not isinstance(text, TransformerText):
        kinds = f"{type(image).__name__} and {type(text).__name__}"
        raise ValueError(f"clip_shared shares the blocks of a ViT and a text transformer; image and text are {kinds}")
    return clip_shared(image, text, recipe.dim, recipe.method)


def small() -> Recipe:
    """A few thousand pictures with captions, on a laptop; no figure yet. `sightline train clip_shared --data SRC`"""
    return Recipe(
        name="clip_shared.small",
        build=build,
        method=Config(),
        parts=Parts(
            image=vit_small(64, 8, 4),  # ours
            text=_like(vit_small(64, 8, 4), vocab=4096, length=32),
        ),
        dim=128,
        data=Data(source="icons", size=64, views=caption_views, caption=any_caption),
        optim=AdamW(lr=1e-3, weight_decay=0.1),
        schedule=WarmupCosine(warmup=100),
        batch=256,
        steps=600,
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    image = ViTSpec(size=32, patch=8, dim=32, depth=1, heads=1, pool=Cls())
    return replace(
        small(),
        name="clip_shared.tiny",
        parts=Parts(
            image=image,
            text=_like(image, vocab=512, length=16),
        ),
        dim=32,
        data=Data(source="icons?n=64", size=32, views=caption_views, tokenizer=BPE(vocab=512, length=16)),
        optim=AdamW(lr=3e-3, weight_decay=0.1),
        batch=16,
        steps=20,
        precision="float32",
    )


def _like(image: ViTSpec, *, vocab: int, length: int) -> TransformerTextSpec:
    """A text tower whose blocks are those of `image`, read causally."""
    return TransformerTextSpec(
        vocab=vocab,
        length=length,
        dim=image.dim,
        depth=image.depth,
        heads=image.heads,
        mlp=image.mlp,
        reading=Causal(),
        norm=image.norm,
        act=image.act,
    )
