"""BERT's masked language model (Devlin et al. 2018, https://arxiv.org/abs/1810.04805): a text tower that has read
before it meets a picture.

`base` keeps the paper's numbers; `small` and `tiny` are all ours.
"""

from dataclasses import replace
from typing import Any

from sightline.data.feed.caption_choice import any_caption
from sightline.methods.text.mlm import MLM, Config
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.text.load import BPE
from sightline.towers.spec import BertTextSpec, WordHeadSpec
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Devlin et al. 2018"
LEARNS = "the words of captions from those around them: vectors of texts, a text tower for clip to start from"
MINUTES = {"tiny": 0.1}

MEASURED = Evaluation(metric="heldout_loss", probes=(HeldOutLoss(),))


def unseen(size: int) -> list[Any]:
    """No operation on pictures: none is looked at."""
    return []


def build(recipe: Recipe) -> MLM:
    text = recipe.parts.text.build()
    # the head's widths are the tower's, which may come from an encoder (--init)
    head = replace(recipe.parts.head, dim=text.dim, words=text.embed.embedding_dim)
    return MLM(text, head.build(), recipe.method)


def small() -> Recipe:
    """A few thousand captions, on a laptop. `sightline train mlm --data SRC --out RUN`"""
    return Recipe(
        name="mlm.small",
        build=build,
        method=Config(),
        parts=Parts(
            text=BertTextSpec(vocab=1024, length=40, dim=128, depth=3, heads=4),
            head=WordHeadSpec(vocab=1024, dim=128),
        ),
        data=Data(
            source="grammars?level=2&n=20000",
            held="grammars:test?level=2&n=1000",
            views=unseen,
            caption=any_caption,
            tokenizer=BPE(vocab=1024, length=40),
        ),
        optim=AdamW(lr=1e-3, weight_decay=0.01),
        schedule=WarmupCosine(warmup=100),
        batch=64,
        steps=1000,
        evaluation=MEASURED,
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return replace(
        small(),
        name="mlm.tiny",
        parts=Parts(
            text=BertTextSpec(vocab=512, length=24, dim=64, depth=1, heads=2),
            head=WordHeadSpec(vocab=512, dim=64),
        ),
        data=replace(
            small().data,
            source="grammars?n=64",
            held="grammars:test?n=16",
            tokenizer=BPE(vocab=512, length=24),
        ),
        optim=AdamW(lr=3e-3, weight_decay=0.01),
        schedule=WarmupCosine(warmup=5),
        batch=16,
        steps=20,
        precision="float32",
    )


def base() -> Recipe:
    """BERT base, 110 M: books and Wikipedia, 1 M steps of 256 texts (the paper's run, not ours)."""
    return Recipe(
        name="mlm.base",
        build=build,
        method=Config(),
        parts=Parts(
            text=BertTextSpec(vocab=30_000, length=512, dim=768, depth=12, heads=12),
            head=WordHeadSpec(vocab=30_000, dim=768),
        ),
        data=Data(
            source="shards/{00000..99999}.tar",
            views=unseen,
            caption=any_caption,
            tokenizer=BPE(vocab=30_000, length=512),  # ours: the paper's is WordPiece
        ),
        optim=AdamW(lr=1e-4, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01),
        schedule=WarmupCosine(warmup=10_000),  # ours: the paper's falls linearly
        batch=256,
        steps=1_000_000,
        evaluation=replace(MEASURED, every=10_000),
    )
