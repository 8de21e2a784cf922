import numpy as np
import pytest
from PIL import Image

from sightline.probes.tasks.parts import open_parts


@pytest.fixture
def folder(tmp_path):
    for split, count in (("train", 6), ("test", 4)):
        for number in range(count):
            kind = tmp_path / "split" / split / "ab"[number % 2]
            kind.mkdir(parents=True, exist_ok=True)
            picture = np.full((4, 4, 3), 40 * number + (split == "test"), np.uint8)
            Image.fromarray(picture).save(kind / f"{number}.png")
    return tmp_path


def keys(source):
    return {source[number].key for number in range(len(source))}


def test_a_source_with_both_splits_is_fitted_on_one_and_judged_on_the_other(folder):
    parts = open_parts(str(folder / "split"), n=100)
    assert (len(parts.train), len(parts.test)) == (6, 4) and parts.how.endswith("split:test")
    assert (len(open_parts(str(folder / "split"), n=3).train), len(open_parts(str(folder / "split"), n=3).test)) == (
        3,
        3,
    )


def test_a_source_without_splits_is_parted_by_content_and_the_same_each_time(folder):
    whole = str(folder / "split" / "train")
    parts, again = open_parts(whole, n=100), open_parts(whole, n=100)
    assert keys(parts.train) == keys(again.train) and not keys(parts.train) & keys(parts.test)
    assert len(keys(parts.train) | keys(parts.test)) == 6
    named = open_parts(f"{folder / 'split'}:train", n=100)
    assert keys(named.train) == keys(parts.train)


def test_what_is_judged_on_may_be_named(folder):
    parts = open_parts(str(folder / "split:train"), str(folder / "split:test"), n=100)
    assert (len(parts.train), len(parts.test)) == (6, 4)


def test_what_is_not_there_is_refused_in_the_words_of_the_source(folder):
    with pytest.raises(ValueError, match="nothing of that name"):
        open_parts(str(folder / "nowhere"), n=10)
    with pytest.raises(ValueError, match="expected a number of pictures"):
        open_parts(str(folder / "split"), n=0)
