"""A mirrored picture is told with the other sides: caption, alt text, false caption, terms, before they are tokens."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sightline.data.feed.loader import Loader
from sightline.data.feed.mirror import PAIRS, other_side
from sightline.data.sample import Sample


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a red heart left of a blue gear", "a red heart right of a blue gear"),
        ("Left", "Right"),
        ("ARROW-RIGHT, the leftmost one", "ARROW-LEFT, the rightmost one"),
        ("on the left, in his left hand, left-handed", "on the right, in his right hand, right-handed"),
        ("arrows left right", "arrows right left"),
        ("Clockwise open circle", "Counterclockwise open circle"),
        ("leftwards arrow over rightward one", "rightwards arrow over leftward one"),
        ("left/right (left)", "right/left (right)"),
    ],
)
def test_sides_are_exchanged_and_twice_is_the_identity(text, other):
    assert other_side(text) == other and other_side(other) == text


@pytest.mark.parametrize(
    "text",
    ["", "copyright, bright, upright, cleft", "a right triangle", "all right", "left over", "lEFT", "above a star"],
)
def test_what_names_no_side_stays(text):
    assert other_side(text) == text


@given(st.lists(st.sampled_from([*sum(PAIRS, ()), "a", "of", "-", ",", "LEFT", "Right", "é", "over", "all", "3"])))
def test_any_text_of_these_words_comes_back(words):
    for joint in (" ", "", "-"):
        text = joint.join(words)
        assert other_side(other_side(text)) == text


def test_other_spellings_of_turning_back_come_back_as_counterclockwise():
    for word in ("anticlockwise", "anti-clockwise", "Counter-Clockwise", "counter clockwise"):
        assert other_side(word).lower() == "clockwise"


class Arrows:
    """Two kinds of pictures, each called by its side."""

    name, classes, has = "arrows", (), frozenset({"image", "text", "negatives", "alt"})

    def __len__(self):
        return 12

    def __getitem__(self, index):
        side, other = ("left", "right") if index % 2 else ("right", "left")
        image = np.full((8, 8, 3), index, np.uint8)
        return Sample(
            f"k{index}", image, (f"arrow {side}",), (side, "arrow"), (f"arrow {other}",), alt=(f"{side} page",)
        )


def tokenize(texts):
    return np.array([[ord(letter) for letter in text.ljust(12)] for text in texts], np.int64).reshape(-1, 12)


def words(rows):
    return ["".join(map(chr, row)).strip() for row in rows.tolist()]


def mirrored(step, indices):
    return (indices + step) % 3 == 0


def loader(**changes):
    fields = ("image", "tokens", "negatives", "terms", "alt")
    given = {"batch": 6, "size": 8, "tokenize": tokenize, "fields": fields, "terms": ("left", "right", "arrow")}
    return Loader(Arrows(), **(given | changes))


def test_words_of_mirrored_samples_name_the_other_side():
    for step in range(4):
        plain, batch = loader().batch(step), loader(mirrored=mirrored).batch(step)
        turned = mirrored(step, batch["index"].numpy())
        assert turned.any() and not turned.all()
        assert batch["text"] == [other_side(t) if m else t for t, m in zip(plain["text"], turned, strict=True)]
        assert words(batch["tokens"]) == batch["text"]
        assert words(batch["alt"]) == [f"{text.removeprefix('arrow ')} page" for text in batch["text"]]
        assert words(batch["negatives"]) == [other_side(text) for text in batch["text"]]
        named = words(batch["terms"])
        assert named == ["arrow", "left", "right"]
        for row, text in zip(batch["has_term"].tolist(), batch["text"], strict=True):
            assert {term for term, has in zip(named, row, strict=True) if has} == set(text.split())
        assert torch.equal(plain["image"], batch["image"])


def test_nothing_mirrored_is_nothing_changed_and_workers_are_told_too():
    plain, none = loader().batch(2), loader(mirrored=lambda step, indices: np.zeros(len(indices), bool)).batch(2)
    assert plain["text"] == none["text"] and torch.equal(plain["tokens"], none["tokens"])
    helped = list(loader(mirrored=mirrored, memory="never", workers=1).iterate(0, 3))
    assert [batch["text"] for batch in helped] == [loader(mirrored=mirrored).batch(step)["text"] for step in range(3)]
