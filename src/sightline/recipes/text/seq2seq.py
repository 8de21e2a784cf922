"""The Transformer of 2017 whole (Vaswani et al., https://arxiv.org/abs/1706.03762): an encoder reads, a decoder writes.

`base` keeps the paper's numbers; `small` and `tiny` are all ours, but for dropout, smoothing and the schedule's form.
"""

from dataclasses import replace

from sightline.methods.text.seq2seq import Config, Seq2Seq
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.probes.heldout.translated import Translated
from sightline.recipes.text.mlm import unseen
from sightline.text.load import BPE
from sightline.towers.spec import EncoderDecoderSpec
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import InverseRoot
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Vaswani et al. 2017"
LEARNS = "to say in one language what is said in another: attention from one text to the other"
MINUTES = {"tiny": 0.1}

MEASURED = Evaluation(metric="exact", probes=(Translated(), HeldOutLoss()))


def build(recipe: Recipe) -> Seq2Seq:
    return Seq2Seq(recipe.parts.translator.build(), recipe.method)


def small() -> Recipe:
    """English captions of scenes into a made-up language. `sightline train seq2seq --out RUN`

    Expect of 500 held-out sentences 0.99 translated to the last letter (chance 0.004), after 100 seconds of one core.
    """
    return Recipe(
        name="seq2seq.small",
        build=build,
        method=Config(),
        parts=Parts(translator=EncoderDecoderSpec(vocab=1024, length=16, dim=128, depth=2, heads=4)),
        data=Data(
            source="grammars?n=10000",
            held="grammars:test?n=500",
            views=unseen,
            tokenizer=BPE(vocab=1024, length=16),
        ),
        optim=AdamW(lr=2e-3, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0),
        schedule=InverseRoot(warmup=200, most=0.5),
        batch=32,
        steps=400,
        evaluation=MEASURED,
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return replace(
        small(),
        name="seq2seq.tiny",
        parts=Parts(translator=EncoderDecoderSpec(vocab=512, length=24, dim=64, depth=1, heads=2)),
        data=replace(
            small().data,
            source="grammars?n=64",
            held="grammars:test?n=16",
            tokenizer=BPE(vocab=512, length=24),
        ),
        optim=replace(small().optim, lr=3e-3),
        schedule=InverseRoot(warmup=5),
        batch=16,
        steps=20,
        precision="float32",
    )


def base() -> Recipe:
    """Base, table 3: 65 M, BLEU 27.3 from English to German after 100,000 steps (the paper's run, not ours)."""
    return Recipe(
        name="seq2seq.base",
        build=build,
        method=Config(),
        parts=Parts(translator=EncoderDecoderSpec(vocab=37_000, length=128, dim=512, depth=6, heads=8)),
        data=Data(
            source="pairs.parquet",
            views=unseen,
            tokenizer=BPE(vocab=37_000, length=128),  # ours: the paper has no bound but that of a batch
        ),
        optim=AdamW(lr=(512 * 4000) ** -0.5, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0),
        schedule=InverseRoot(warmup=4000),
        batch=896,  # about 25,000 tokens of each language, at 28 a sentence
        steps=100_000,
        clip=0.0,
        evaluation=replace(MEASURED, every=5000),
    )
