"""CLIP (Radford et al. 2021, https://arxiv.org/abs/2103.00020): pictures and their captions in one space.

Two towers, one matrix of cosines, a softmax over its rows and one over its columns. The papers' sizes keep the paper's
numbers; `small`, `icons` and `tiny` are marked `# ours`.
"""

from dataclasses import replace

from sightline.data.augment import caption_views, drawing_views, icon_views
from sightline.data.feed.caption_choice import any_caption, caption_or_any_term, caption_or_term, with_terms
from sightline.data.prepare.preprocess import Preprocess
from sightline.methods.image_text.clip import CLIP, Config
from sightline.methods.parts import terms
from sightline.text.load import BPE, Subwords
from sightline.towers.sizes import clip_image, clip_text, vit_b16, vit_b32, vit_l14, vit_small
from sightline.towers.spec import (
    BagSpec,
    BertTextSpec,
    Causal,
    FlatMapSpec,
    ResNetSpec,
    StandardStem,
    TransformerTextSpec,
)
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Radford et al. 2021"
LEARNS = "one space for pictures and captions: zero-shot labels, search by words"
MINUTES = {"tiny": 0.1, "icons": 4.0, "small": 5.0}

OPENAI = Preprocess(
    resize="crop",
    interpolation="bicubic",
    mean=(0.48145466, 0.4578275, 0.40821073),
    std=(0.26862954, 0.26130258, 0.27577711),
)


def build(recipe: Recipe) -> CLIP:
    return CLIP(recipe.parts.image.build(), recipe.parts.text.build(), recipe.dim, recipe.method)


def build_on_a_reader(recipe: Recipe) -> CLIP:
    """On a text tower that has read before (`--init text=NAME`) and learns a tenth as fast."""
    return CLIP(recipe.parts.image.build(), recipe.parts.text.build(), recipe.dim, recipe.method, text_rate=0.1)


def pair(recipe: Recipe) -> CLIP:
    """The pair that a method with more terms is made around: `method.pair`."""
    return build(replace(recipe, method=recipe.method.pair))


def build_with_terms(recipe: Recipe) -> terms.WithTerms:
    return terms.WithTerms(pair(recipe), recipe.method)


def icons() -> Recipe:
    """Real icons (Font Awesome Free), found by words. `sightline train clip.icons --out runs/icons`

    Expect, over three splits: unseen icons R@10 0.60 and R@1 0.33, the library R@10 1.00 and R@1 0.89, after four
    minutes on two cores (`python benchmarks/demo_seeds.py`).
    """
    return Recipe(
        name="clip.icons",
        build=build_with_terms,
        method=terms.Config(pair=Config()),  # ours: search terms as labels beside the captions
        parts=Parts(
            image=ResNetSpec(depths=(2, 2, 2), width=64, stem=StandardStem()),  # ours, 2.8 M
            text=BagSpec(vocab=8192, length=256, dim=256, hidden=512),  # ours
        ),
        dim=256,
        data=Data(
            source="icons:train",
            held="icons:test",
            size=48,
            views=drawing_views,
            caption=with_terms,
            tokenizer=Subwords(),
        ),
        optim=AdamW(lr=2e-3, eps=1e-8, weight_decay=0.1),
        schedule=WarmupCosine(warmup=40),
        batch=256,
        steps=700,
        clip=5.0,
        ema=0.99,
    )


def iconify() -> Recipe:
    """Icons of a hundred open sets, by words none of them bears. `sightline train clip.iconify --init text=runs/words`

    The first half of how `builtin:icons` is made, on a text tower that has read before (tools/icons_encoder).
    """
    return Recipe(
        name="clip.iconify",
        build=build_on_a_reader,
        method=Config(positives="caption"),  # ours: the same name stands in many sets
        parts=Parts(
            image=ResNetSpec(depths=(2, 2, 2), width=64, stem=StandardStem()),  # ours, 2.8 M
            text=BertTextSpec(vocab=8192, length=32, dim=256, depth=2, heads=4, mlp=1024, embed=128),  # ours
        ),
        dim=256,
        data=Data(
            source="iconify:node_modules/@iconify/json?licence=permissive",
            size=32,
            views=icon_views,
            caption=caption_or_term,
            tokenizer=BPE(vocab=8192, length=32),
        ),
        optim=AdamW(lr=2e-3, eps=1e-8, weight_decay=0.1),
        schedule=WarmupCosine(warmup=200, floor=0.3),
        batch=512,
        steps=2400,
        clip=5.0,
        ema=0.998,
        evaluation=Evaluation(every=800),
    )


def iconify_fine() -> Recipe:
    """The second half, at 48 px. `sightline train clip.iconify_fine --init runs/iconify --data iconify:PATH`

    Half of the words are tags: of names that nobody tagged, those of names that mean nearly the same
    (tools/icons_encoder/spread.py).
    """
    base = iconify()
    return replace(
        base,
        name="clip.iconify_fine",
        data=replace(base.data, size=48, caption=caption_or_any_term),
        optim=replace(base.optim, lr=8e-4),
        schedule=WarmupCosine(warmup=20),
        steps=300,
        ema=0.98,
        evaluation=Evaluation(every=150),
    )


def small() -> Recipe:
    """A few thousand pictures with captions, on a laptop. `sightline train clip --data SRC --out RUN`

    Expect on 1,000 fresh scenes: caption to image R@1 0.90 (chance 0.001; an identical caption is right), swapped sides
    told 0.98 and swapped colours 1.00 of the time, after five minutes on two cores:
    `sightline train clip.small --data "scenes?level=1" --out runs/scenes`, then
    `python benchmarks/scenes_clip.py runs/scenes`.
    """
    return Recipe(
        name="clip.small",
        build=build,
        method=Config(),
        # ours: a flat map, because captions say "left of"; 2.8 M, and 4,096 numbers a picture for the projection
        parts=Parts(
            image=ResNetSpec(depths=(2, 2, 2), width=64, stem=StandardStem(), pool=FlatMapSpec(grid=4)),
            text=TransformerTextSpec(vocab=4096, length=32, dim=128, depth=2, heads=2, reading=Causal()),  # ours
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
    return replace(
        small(),
        name="clip.tiny",
        parts=Parts(
            image=vit_small(32, 8, 1),
            text=TransformerTextSpec(vocab=512, length=16, dim=32, depth=1, heads=1, reading=Causal()),
        ),
        dim=32,
        data=Data(source="icons?n=64", size=32, views=caption_views, tokenizer=BPE(vocab=512, length=16)),
        optim=AdamW(lr=3e-3, weight_decay=0.1),
        batch=16,
        steps=20,
        precision="float32",
    )


def b32() -> Recipe:
    """ViT-B/32, paper table 20: ImageNet zero-shot 63.2 after 32 epochs of 400 M pairs (the paper's run, not ours)."""
    return Recipe(
        name="clip.b32",
        build=build,
        method=Config(),
        parts=Parts(
            image=clip_image(vit_b32()),
            text=clip_text(512),
        ),
        dim=512,
        data=Data(
            source="shards/{00000..41407}.tar",
            size=224,
            views=caption_views,
            caption=any_caption,
            preprocess=OPENAI,
            tokenizer=BPE(vocab=49408, length=77),
        ),
        optim=AdamW(lr=5e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2),
        schedule=WarmupCosine(warmup=2000),
        batch=32_768,
        epochs=32,
        clip=0.0,
        evaluation=Evaluation(every=2000),
    )


def b16() -> Recipe:
    """ViT-B/16, paper table 20: ImageNet zero-shot 68.3."""
    base = b32()
    return replace(base, name="clip.b16", parts=base.parts | Parts(image=clip_image(vit_b16())))


def l14() -> Recipe:
    """ViT-L/14, paper table 20: ImageNet zero-shot 75.5."""
    return replace(
        b32(),
        name="clip.l14",
        parts=Parts(
            image=clip_image(vit_l14()),
            text=clip_text(768),
        ),
        dim=768,
        optim=AdamW(lr=4e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2),
    )
