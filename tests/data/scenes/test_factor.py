"""Every factor of every scene is listed with its domain, agrees with the picture, and reaches the sample."""

import dataclasses

import numpy as np
import pytest

from sightline.data.scenes import Scenes, factor, factors, given, known, record
from sightline.data.scenes.record import FONT
from sightline.data.scenes.widgets import WIDGETS

LEVELS = (1, 2, 3, 4)


@pytest.mark.parametrize("level", LEVELS)
def test_every_factor_of_a_scene_is_listed_and_its_value_in_the_domain(level):
    source = Scenes(level, n=80, seed=6)
    met = set()
    for k in range(80):
        for name, value in factors(source.scene(k)).items():
            row = factor(level, name)
            assert type(value) in (str, int, float, bool)
            met.add(row.name if name in known(level) else "*" + name[-6:])
            if row.domain:
                assert value in row.domain, (name, value)
            else:
                assert row.order == "measured" or name == "style.words"
    assert {"level", "background", "palette", "style", "layout", "count", "style.ink", "style.words"} <= met
    if level == 4:
        assert {*(f"widget.{kind}" for kind in WIDGETS), "text"} <= met


@pytest.mark.parametrize("level", LEVELS)
def test_a_record_agrees_with_mask_boxes_and_text(level):
    for sample in Scenes(level, n=40, seed=8):
        found = record(sample.extra["scene"])
        assert found.level == level and found.side == 96
        assert [list(o.box) for o in found.objects] == sample.boxes.tolist()
        assert [o.text.words for o in found.objects if o.text] == sample.extra["text"]
        assert [o.depth for o in found.objects] == list(range(len(found.objects)))[::-1]
        for thing in found.objects:
            rows, columns = np.nonzero(sample.mask == thing.number)
            x, y, w, h = thing.box
            assert x <= columns.min() and columns.max() < x + w and y <= rows.min() and rows.max() < y + h
            if thing.text:
                assert thing.text.box == thing.box and thing.text.font == FONT
                assert f'"{thing.text.words}"' in sample.captions[0]
            if thing.widget:
                assert str(thing.value) in sample.captions[0]


def test_records_are_frozen():
    found = record(Scenes(4).scene(0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.palette = "warm"  # type: ignore[misc]
    assert hash(found) == hash(record(Scenes(4).scene(0)))


@pytest.mark.parametrize("level", LEVELS)
def test_a_sample_carries_the_given_factors(level):
    for sample in Scenes(level, n=10):
        scene = sample.extra["scene"]
        assert sample.extra["design"] == given(scene)
        whole = factors(scene)
        assert {k: v for k, v in whole.items() if k in given(scene)} == given(scene)
        assert all(name.startswith("style.") for name in whole.keys() - given(scene).keys())


def test_orders_are_stated():
    orders = {name: row.order for name, row in known(4).items()}
    assert orders["widget.stars"] == orders["widget.battery"] == orders["widget.progress"] == "ordinal"
    assert orders["widget.toggle"] == orders["palette"] == orders["style"] == orders["text"] == "nominal"
    assert orders["widget.clock"] == "circular" and orders["style.ink"] == "measured"
    assert known(4)["widget.stars"].domain == (0, 1, 2, 3, 4, 5)
    assert known(4)["widget.battery"].domain == (0, 25, 50, 75, 100)


def test_an_unknown_factor_names_the_known_ones():
    with pytest.raises(ValueError, match=r"level 1 have no factor 'widget.stars'; known: .*object\.\*\.colour"):
        factor(1, "widget.stars")
