"""The things levels are made of: each name one drawing, each drawing its own."""

import numpy as np
import pytest

from sightline.data.scenes import glyphs, parts, vocabulary
from sightline.data.scenes.drawings import COMMON, drawing
from sightline.data.scenes.widgets import WIDGETS


def test_level_1_is_40_icons_and_8_shapes_and_no_name_stands_for_two_drawings():
    pool = vocabulary.pool(1)
    assert len(COMMON) == 40 and len(pool) == 48
    assert len({thing.name for thing in pool}) == len({thing.filled for thing in pool}) == 48
    assert not any(thing.outlined for thing in pool)
    assert all(len(thing.name.split()) == 1 for thing in pool)


def test_level_1_drawings_can_be_told_apart():
    def square(key: str) -> np.ndarray:
        _, _, w, h = drawing(key).view
        longer = 34
        cover = parts.part(key, max(2, round(longer * min(1, w / h))), max(2, round(longer * min(1, h / w)))).solid
        canvas = np.zeros((longer, longer), bool)
        y, x = (longer - cover.shape[0]) // 2, (longer - cover.shape[1]) // 2
        canvas[y : y + cover.shape[0], x : x + cover.shape[1]] = cover
        return canvas

    drawn = [(thing.name, square(thing.filled)) for thing in vocabulary.pool(1)]
    for k, (name, one) in enumerate(drawn):
        for other_name, other in drawn[k + 1 :]:
            assert (one & other).sum() / (one | other).sum() < 0.9, (name, other_name)


@pytest.mark.parametrize("level", (2, 3))
def test_names_are_unique_at_every_level(level):
    pool = vocabulary.pool(level)
    assert len({thing.name for thing in pool}) == len(pool)
    assert len(set(vocabulary.classes(level))) == len(vocabulary.classes(level))


def test_level_2_has_300_icons_and_level_3_the_training_icons():
    assert sum(thing.kind == "icon" for thing in vocabulary.pool(2)) == 300
    third = {thing.filled.split("/")[1] for thing in vocabulary.pool(3) if thing.kind == "icon"}
    training = {name for name, icon in glyphs.icons().items() if icon.training}
    assert third <= training
    left_out = [name for name in training - third if len(name) > 1]
    assert len(left_out) <= 8, left_out  # drawn as shapes or written as text


@pytest.mark.parametrize("kind", WIDGETS)
def test_every_value_of_a_widget_is_another_drawing(kind):
    values = WIDGETS[kind].values
    assert len(set(values)) == len(values)
    pictures = {parts.part(f"{kind}/{value}", 40, 30).cover.tobytes() for value in values}
    assert len(pictures) == len(values)


def test_the_highest_bar_is_the_one_that_is_named():
    for value in WIDGETS["chart"].values:
        name, heights = value.split("/")
        bars = [int(h) for h in heights.split("-")]
        assert "ABCD"[bars.index(max(bars))] == name and sorted(bars)[-2] <= 0.8 * max(bars)


def test_every_word_has_letters_to_be_written_with():
    for words in vocabulary.WORDS:
        assert all(glyphs.letter(c) in glyphs.icons() for c in words)
        _, _, w, h = drawing(f"text/{words}").view
        assert w > 0 and h > 0
