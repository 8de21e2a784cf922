"""What the translator is taught: label smoothing, padding left out, nothing of a picture."""

import math
import re
from dataclasses import replace

import pytest
import torch

from sightline.data.sources.source import open_source
from sightline.losses.caption import caption_loss, up_to_end
from sightline.methods.text.seq2seq import Config, Seq2Seq
from sightline.recipes.find import find, train
from sightline.towers.spec import EncoderDecoderSpec
from sightline.train import captions
from sightline.train.feed import Feed
from sightline.train.optim.schedule import InverseRoot
from sightline.train.options import Options
from sightline.train.vocabulary import tokenizer_of

END, PAD, VOCAB = 1, 0, 9
TARGET = torch.tensor([[4, 7, END, PAD], [3, 3, 8, END]])


def test_the_smoothed_loss_is_a_double_loop_over_places_and_words():
    logits = torch.randn(2, 4, VOCAB, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = caption_loss(logits, TARGET, up_to_end(TARGET, END), smoothing=0.1)
    for i, length in enumerate((3, 4)):
        total = 0.0
        for k in range(length):
            for v in range(VOCAB):
                q = (0.9 if v == TARGET[i, k] else 0.0) + 0.1 / VOCAB
                total -= q * (logits[i, k, v] - logits[i, k].logsumexp(0))
        torch.testing.assert_close(found[i], total / length, rtol=1e-12, atol=1e-12)


def test_padding_is_neither_learnt_nor_looked_at():
    torch.manual_seed(0)
    spec = EncoderDecoderSpec(vocab=VOCAB, length=5, dim=8, depth=1, heads=2, dropout=0.0)
    method = Seq2Seq(spec.build())
    source = torch.tensor([[5, 2, END, PAD, PAD]])
    long = method({"tokens": source, "translation": torch.tensor([[4, END, PAD, PAD]])})["translation"]
    short = method({"tokens": source[:, :3], "translation": torch.tensor([[4, END]])})["translation"]
    torch.testing.assert_close(long, short)


def test_the_rate_is_the_papers():
    width, warmup, total = 512, 4000, 100_000
    schedule, rate = InverseRoot(warmup=warmup), find("seq2seq.base").optim.lr
    for step in (1, 100, 3999, 4000, 4001, 99_999):
        expected = width**-0.5 * min(step**-0.5, step * warmup**-1.5)
        assert math.isclose(rate * schedule.factor(step - 1, total), expected, rel_tol=1e-12)
    assert InverseRoot(warmup=4000).factor(24, 100) == 1.0  # a run cut short
    with pytest.raises(ValueError, match="0 to 1; got 2"):
        InverseRoot(most=2)


def test_no_picture_is_decoded_for_a_method_of_words():
    class Broken:
        name, classes, has = "broken", (), frozenset({"image", "text", "translation"})

        def __init__(self):
            self.inner = open_source("grammars?n=8")

        def __len__(self):
            return 8

        def __getitem__(self, index):
            sample = self.inner[index]
            object.__setattr__(sample, "image", b"no picture")
            return sample

    recipe = find("seq2seq.tiny")
    tokenizer = tokenizer_of(recipe.data.tokenizer, Broken(), 0, print)
    feed = Feed(recipe, Broken(), tokenizer, Seq2Seq, Options(quiet=True))
    batch = feed.augment(next(iter(feed.batches(0, 1))), 0, torch.device("cpu"))
    assert not feed.bad and "image" not in batch
    assert [tokenizer.decode(row) for row in batch["translation"]] == [
        Broken()[int(i)].translation[0] for i in batch["index"]
    ]
    assert [tokenizer.decode(row) for row in batch["tokens"]] == batch["text"]


def test_a_source_of_one_language_is_refused_with_what_would_do(tmp_path):
    with pytest.raises(ValueError, match=r"has no translation.*a column translation, grammars"):
        train("seq2seq.tiny", out=tmp_path, data="icons?n=24", quiet=True, device="cpu", export=False)


def test_smoothing_is_a_share():
    with pytest.raises(ValueError, match="smoothing=1"):
        Config(smoothing=1.0)


def test_sentences_that_do_not_fit_are_counted_in_both_languages():
    recipe, source = find("seq2seq.tiny"), open_source("grammars?n=20")
    tokenizer = replace(recipe.data.tokenizer, length=4).train(
        s.captions[0] for s in map(source.__getitem__, range(20))
    )
    said = captions.cut(recipe, source, captions.words_of(recipe, source), tokenizer)
    assert [re.search(r"^20 of the 20 .* have (\w+) of more than 4 tokens", one)[1] for one in said] == [
        "captions",
        "translations",
    ]
