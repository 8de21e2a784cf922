"""Quarter turns as classes of their own."""

import numpy as np
import pytest
from PIL import Image

from sightline.data.sources.derived.turned import Turned
from sightline.data.sources.labels import labels_of
from sightline.data.sources.source import open_source
from sightline.data.sources.subset import Subset, hold_out


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        for i in range(3):
            Image.fromarray(rng.integers(0, 255, (6, 9, 3), np.uint8)).save(tmp_path / name / f"{i}.png")
    return tmp_path


def test_every_picture_stands_there_four_times_in_four_classes(folder):
    plain, turned = open_source(str(folder)), open_source(f"{folder}?turns=4")
    assert len(turned) == 4 * len(plain) and len(turned.classes) == 12
    assert turned.classes[:3] == plain.classes and turned.classes[3:5] == ("a, turned by 90", "b, turned by 90")
    assert len({turned[i].key for i in range(len(turned))}) == len(turned)
    for i in range(len(plain)):
        upright = np.asarray(Image.open(plain[i].image))
        for q in range(4):
            sample = turned[q * len(plain) + i]
            assert sample.label == plain[i].label + 3 * q
            pixels = np.asarray(Image.open(sample.image)) if q == 0 else sample.image
            assert np.array_equal(pixels, np.rot90(upright, q))


def test_labels_are_told_without_decoding_and_are_those_of_the_samples(folder, monkeypatch):
    turned = open_source(f"{folder}?turns=4")
    truth = [turned[i].label for i in range(len(turned))]
    monkeypatch.setattr("sightline.data.sources.derived.turned.decode", None)
    assert labels_of(turned).tolist() == truth
    assert labels_of(Subset(turned, [30, 2])).tolist() == [truth[30], truth[2]]


def test_the_turns_of_a_picture_stay_on_one_side_of_a_split(folder):
    kept, held = hold_out(open_source(f"{folder}?turns=4"), share=0.3)
    names = [{part[i].name for i in range(len(part))} for part in (kept, held)]
    assert not names[0] & names[1] and len(names[0] | names[1]) == 9


def test_a_first_few_are_chosen_before_they_are_turned(folder):
    assert len(open_source(f"{folder}?n=2&turns=4")) == 8


def test_other_numbers_and_sources_without_labels_are_refused(folder):
    with pytest.raises(ValueError, match="turns=3 .*a picture has 4; write turns=4"):
        open_source(f"{folder}?turns=3")
    with pytest.raises(ValueError, match="a class of each turn of a class, and .* has no labels: leave it out"):
        open_source(f"{folder / 'a'}?turns=4")
    with pytest.raises(IndexError):
        Turned(open_source(str(folder)))[36]
