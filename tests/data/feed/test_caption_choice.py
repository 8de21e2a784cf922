"""Choosers say something about every sample and use all of its words."""

import numpy as np

from sightline.data.draw import uniform
from sightline.data.feed.caption_choice import DRAWS, any_caption, caption_or_term, first, with_terms
from sightline.data.sample import Sample

SAMPLE = Sample("key", b"", captions=("credit card", "bank card"), terms=("pay", "money", "visa", "credit card"))


def said(chooser, sample, n=2000):
    return [chooser(sample, u) for u in uniform(0, 0, np.arange(n), "caption", DRAWS)]


def test_first_is_the_main_caption():
    assert set(said(first, SAMPLE, 10)) == {"credit card"}


def test_any_caption_is_even():
    share = said(any_caption, SAMPLE).count("bank card") / 2000
    assert abs(share - 0.5) < 0.05


def test_with_terms_uses_every_word_in_every_place_and_repeats_none():
    texts = said(with_terms, SAMPLE)
    for term in ("pay", "money", "visa"):
        assert any(text.startswith(term) for text in texts) and any(text.endswith(term) for text in texts)
        assert all(text.split().count(term) <= 1 for text in texts)
    alone = sum(text in SAMPLE.captions for text in texts) / 2000
    assert abs(alone - 0.25) < 0.05
    assert all(texts)


def test_caption_or_term_says_one_of_either_and_terms_a_third_of_the_time():
    texts = said(caption_or_term, SAMPLE)
    assert set(texts) == {"credit card", "bank card", "pay", "money", "visa"}
    assert abs(sum(text not in SAMPLE.captions for text in texts) / 2000 - 1 / 3) < 0.05
    assert set(said(caption_or_term, Sample("key", b"", captions=("cup",)), 20)) == {"cup"}


def test_samples_with_less_to_say():
    nothing, only = Sample("a", b""), Sample("b", b"", terms=("x", "y"))
    for chooser in (first, any_caption, caption_or_term, with_terms):
        assert set(said(chooser, nothing, 20)) == {""}
    assert {frozenset(text.split()) for text in said(with_terms, only, 100)} == {
        frozenset("x"),
        frozenset("y"),
        frozenset("xy"),
    }
