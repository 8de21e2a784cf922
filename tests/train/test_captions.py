"""Words to learn from: none are refused, few are said, and a bound of the loss is that of the loss itself."""

from collections import Counter
from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch

from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.losses.contrastive import info_nce
from sightline.losses.sigmoid import sigmoid_contrastive
from sightline.recipes.find import find
from sightline.recipes.image_text import cappa, clip
from sightline.text.tokenizer import Tokenizer
from sightline.train.captions import Words, cut, lowest_loss, notes, why_unlearnable, words_of


class Said:
    """Pictures with these captions."""

    name, has, classes = "said", frozenset({"image", "text"}), ()

    def __init__(self, captions):
        self.captions = captions

    def __len__(self):
        return len(self.captions)

    def __getitem__(self, index):
        words = self.captions[index]
        return Sample(f"IMG_{1001 + index}.png", np.zeros((4, 4, 3), np.uint8), (words,) if words else ())


def asked(captions, recipe="clip.small", **changes):
    made, source = replace(find(recipe), **changes), Said(captions)
    words = words_of(made, source)
    return why_unlearnable(made, source, words), notes(made, source, words, sigmoid="siglip" in recipe, world=1)


@pytest.mark.parametrize("recipe", ["clip.small", "clip.icons", "siglip.small", "clip_shared.small"])
def test_pictures_without_a_single_caption_are_refused_with_the_way_out(recipe):
    for nothing in ([""] * 40, ["  "] * 3):
        reason, _ = asked(nothing, recipe)
        assert f"none of the {len(nothing)} pictures looked at in said has one (the first is IMG_1001.png)" in reason
        assert ".txt file of the same name, a caption column" in reason and "simclr" in reason


def test_one_caption_for_all_is_refused_and_two_are_not():
    assert "all of the 3 pictures looked at in said that have one have the same, 'cat'" in asked(["cat"] * 3 + [""])[0]
    assert asked(["cat", "dog", "", ""])[0] == ""


def test_file_names_that_say_nothing_are_no_captions(tmp_path):
    from PIL import Image

    for number in range(3):
        Image.new("RGB", (8, 8), (number * 40, 0, 0)).save(tmp_path / f"IMG_{number + 1001}.png")
    source = open_source(str(tmp_path))
    words = words_of(clip.small(), source)
    assert (words.silent, words.looked, words.first) == (3, 3, "IMG_1001.png")
    (tmp_path / "IMG_1002.txt").write_text("a red square")
    assert words_of(clip.small(), open_source(str(tmp_path))).counts == {"a red square": 1}


def test_some_pictures_without_words_are_counted():
    said = asked(["cat", "", "dog", ""], batch=2)[1]
    assert said == [
        "2 of the 4 pictures looked at in said have no caption (the first is IMG_1002.png): they are trained with "
        "empty words. Give them some, or leave them out"
    ]


def test_empty_words_are_equal_words():
    words = Words(Counter(cat=1, dog=1), 8, "a")
    assert lowest_loss(10, words, sigmoid=False) == pytest.approx(0.8 * log(8))


def test_search_terms_are_words_where_the_recipe_reads_them():
    class Terms(Said):
        def __getitem__(self, index):
            return replace(super().__getitem__(index), terms=("pet",))

    assert words_of(clip.icons(), Terms(["", "cat"])).silent == 0
    assert words_of(clip.small(), Terms(["", "cat"])).silent == 1


def test_a_batch_larger_than_the_set_is_said_with_the_floor_and_what_mends_it():
    [said] = asked([f"thing {i}" for i in range(12)], batch=256)[1]
    assert "batch=256 is more than the 12 pictures" in said and "each stands 21.3 times" in said
    assert "the contrastive loss cannot fall below about ln(256/12) = 3.06" in said
    assert "Set batch=12 or less, or method.positives=caption" in said
    made = clip.small()
    right = replace(made.method, positives="caption")
    assert asked([f"thing {i}" for i in range(12)], batch=256, method=right)[1] == []
    assert asked([f"thing {i}" for i in range(12)], batch=12)[1] == []


def test_few_captions_for_many_pictures_are_said_too():
    [said] = asked([f"kind {i % 4}" for i in range(400)], batch=64)[1]
    assert "4 different captions stand on 400 pictures" in said and "below about 2.77" in said  # ln(64 / 4)
    assert "method.positives=caption" in said
    [said] = asked([f"kind {i % 4}" for i in range(400)], "siglip.small", batch=64)[1]
    assert "the sigmoid loss cannot fall below about 3.74" in said


@pytest.mark.parametrize("sigmoid", [False, True])
def test_the_floor_is_what_the_best_vectors_reach(sigmoid):
    """Four captions three times each in a batch of twelve: vectors as far apart as can be, the best scale and bias."""
    same = torch.eye(4).repeat_interleave(3, 0)
    words = Words(Counter({str(i): 3 for i in range(4)}), 0, "")
    if sigmoid:
        losses = [
            float(sigmoid_contrastive(same, same, torch.tensor(s), torch.tensor(-s - log(2)))) for s in (10.0, 60.0)
        ]
    else:
        losses = [float(info_nce(same, same, torch.tensor(s))) for s in (10.0, 100.0)]
    assert min(losses) == pytest.approx(lowest_loss(12, words, sigmoid=sigmoid), abs=1e-3)
    assert all(loss >= lowest_loss(12, words, sigmoid=sigmoid) - 1e-5 for loss in losses)


def test_captions_that_do_not_fit_what_writes_them_are_counted():
    tokenizer = Tokenizer.train(["a red heart"] * 2, vocab=300, length=8)
    words = Words(Counter({"a red heart": 3, "long " * 30: 2}), 0, "")
    (said,) = cut(cappa.small(), open_source("icons?n=5"), words, tokenizer)
    assert said.startswith("2 of the 5 pictures") and "more than 8 tokens" in said and "length to more" in said
    assert cut(clip.small(), open_source("icons?n=5"), words, tokenizer) == []
    assert cut(cappa.small(), open_source("icons?n=5"), Words(Counter({"a red heart": 3}), 0, ""), tokenizer) == []
