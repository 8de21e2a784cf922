"""The source `scenes`: what a sample carries, and that it agrees with itself."""

import numpy as np
import pytest

from sightline.data.sample import Source, words
from sightline.data.scenes import Scenes
from sightline.data.scenes.caption import caption
from sightline.data.sources.mixture import Mixture
from sightline.data.sources.subset import Subset

LEVELS = (1, 2, 3, 4)


def same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("renderer", ("parts", "svg"))
def test_a_sample_is_the_same_every_time_and_whatever_n_is(level, renderer):
    one, other = Scenes(level, n=6, renderer=renderer), Scenes(level, n=999, renderer=renderer)
    for k in (5, 0, 3):
        a, b = one[k], other[k]
        for name in ("key", "image", "captions", "mask", "boxes", "extra"):
            assert same(getattr(a, name), getattr(b, name)), name


def test_it_is_a_source():
    source = Scenes(2, n=7)
    assert isinstance(source, Source)
    assert len(source) == 7 and len(list(source)) == 7
    assert len({sample.key for sample in source}) == 7


@pytest.mark.parametrize("level", LEVELS)
def test_everything_a_sample_says_agrees(level):
    source = Scenes(level, n=40, seed=9)
    for sample in source:
        extra, count = sample.extra, len(sample.extra["scene"].elements)
        assert sample.image.shape == (96, 96, 3) and sample.image.dtype == np.uint8
        assert sample.mask.shape == (96, 96) and sample.mask.max() <= count
        assert sample.boxes.shape == (count, 4)
        assert sorted(extra["depth_order"]) == list(range(1, count + 1))
        assert len(extra["phrases"]) == len(extra["factors"]) == len(extra["visible"]) == count
        for k, ((_, box), factors) in enumerate(zip(extra["phrases"], extra["factors"], strict=True)):
            assert list(box) == sample.boxes[k].tolist()
            owned = extra["class_mask"][sample.mask == k + 1]
            assert all(extra["classes"][c] == factors["what"] for c in np.unique(owned))
            rows, columns = np.nonzero(sample.mask == k + 1)
            x, y, w, h = box
            assert x <= columns.min() and columns.max() < x + w and y <= rows.min() and rows.max() < y + h
        assert (extra["class_mask"] == 0).sum() == (sample.mask == 0).sum()
        assert extra["text"] == [f["value"] for f in extra["factors"] if f["kind"] == "text"]
        for text in extra["text"]:
            assert f'"{text}"' in sample.captions[0]
        for factors in extra["factors"]:
            assert {"what", "colour", "size", "place", "background", "stroke"} <= factors.keys()
            assert factors["colour"] in sample.captions[0] and factors["what"] in sample.captions[0]
            assert f"on a {factors['background']} background" in sample.captions[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"level": 5}, "levels 1, 2, 3 and 4"),
        ({"split": "val"}, "known: train, test"),
        ({"renderer": "cairo"}, "known: parts, svg"),
        ({"n": 0}, "at least 1"),
        ({"size": 8}, "at least 32"),
    ],
)
def test_wrong_options_say_what_is_known(options, words):
    with pytest.raises(ValueError, match=words):
        Scenes(**options)


@pytest.mark.parametrize("index", (-1, 5))
def test_an_index_outside_is_an_index_error(index):
    with pytest.raises(IndexError):
        Scenes(1, n=5)[index]


def test_alt_text_is_half_the_words_and_for_its_share_of_the_scenes_anothers():
    plain, source = Scenes(2, n=300), Scenes(2, n=300, alt=0.3)
    assert "alt" in source.has and "alt" not in plain.has and source.name == f"{plain.name}&alt=0.3"
    kept, words, foreign = 0, 0, 0
    for index in range(300):
        whole = caption(source.scene(index))
        said = source._alt(index, whole).split()
        assert said
        if is_part(said, whole.split()):
            kept, words = kept + len(said), words + len(whole.split())
        else:
            foreign += 1
    assert 0.45 < kept / words < 0.55 and 60 < foreign < 115  # a few words of another's may be its own
    assert source[7].alt == Scenes(2, n=9, alt=0.3)[7].alt and plain[7].alt == ()
    assert all(same(getattr(source[7], name), getattr(plain[7], name)) for name in ("image", "captions", "mask"))
    assert all(is_part(s.alt[0].split(), s.captions[0].split()) for s in Scenes(1, n=20, alt=0.0))


def is_part(some, every):
    """Whether the words stand in the others in this order."""
    rest = iter(every)
    return all(word in rest for word in some)


def test_a_share_of_alt_text_is_a_share():
    with pytest.raises(ValueError, match="alt=30.0: expected the share of scenes whose alt text is another's"):
        Scenes(1, alt=30.0)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_the_words_of_a_scene_are_those_of_the_drawn_one(level):
    source = Scenes(level=level, n=6, size=64, alt=0.3)
    for place in range(len(source)):
        drawn, undrawn = source[place], source.words(place)
        assert undrawn.image == b""
        for field in ("key", "name", "captions", "terms", "alt"):
            assert getattr(undrawn, field) == getattr(drawn, field)
        assert (undrawn.boxes == drawn.boxes).all() and undrawn.extra["phrases"] == drawn.extra["phrases"]


def test_parts_and_mixtures_hand_words_on_undrawn():
    source = Scenes(n=6, size=64)
    mixed = Mixture([Subset(source, [4, 2]), Scenes(level=2, n=3, size=64)])
    for place in range(len(mixed)):
        found = words(mixed, place)
        assert found.image == b"" and found.captions == mixed[place].captions and found.key == mixed[place].key
