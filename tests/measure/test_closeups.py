"""What a suite of scenes asks of things is told by their shape alone, and what it asks of grounds by their pattern."""

from collections import Counter

import numpy as np
import pytest

from sightline.data.scenes.parts import owners, picture, shared, visible
from sightline.measure.suite.closeup import ALONE, COMMON, KINDS, SEEN, closeup, exchanged, pair
from sightline.measure.suite.grounds import CLASSES, ground
from sightline.measure.suite.opened import open_suite
from sightline.measure.suite.suite import SCENE_SIDE, SEED
from sightline.probes.segmentation import SegmentationProbe


def test_a_closeup_is_one_thing_of_few_kinds_at_least_half_its_side_long() -> None:
    samples = [closeup(SCENE_SIDE, "test", SEED, index) for index in range(120)]
    things = [sample.extra["scene"].elements for sample in samples]
    assert {len(some) for some in things} == {1}
    assert min(max(some[0].box[2:]) for some in things) >= round(ALONE[0] * SCENE_SIDE)
    assert set(Counter(some[0].name for some in things)) == set(KINDS)
    for sample in samples[:10]:
        assert sample.boxes is not None and isinstance(sample.mask, np.ndarray)
        ys, xs = np.nonzero(sample.mask)
        x, y, w, h = sample.boxes[0]
        assert np.abs([xs.min() - x, ys.min() - y, xs.max() + 1 - x - w, ys.max() + 1 - y - h]).max() <= 1


def test_closeups_are_a_function_of_split_and_number_and_only_of_scenes() -> None:
    suite = open_suite("scenes", quick=True)
    assert suite.whole is suite.closeups(100) and suite.whole is not suite.test
    assert suite.closeups(100).pictures.digest == suite.closeups(120).part(range(100)).pictures.digest
    assert suite.closeups(100).pictures.digest != suite.closeups(100, "train").pictures.digest
    with pytest.raises(ValueError, match="draws no scenes"):
        open_suite("icons", quick=True).closeups(5)


@pytest.mark.parametrize("key", range(8))
def test_of_two_things_the_order_alone_decides_who_owns_what_they_share(key: int) -> None:
    before, after = (make(pair(SCENE_SIDE, key)) for make in (lambda scene: scene, exchanged))
    assert shared(*before.elements) >= COMMON
    assert min(*visible(before, owners(before)), *visible(after, owners(after))) >= SEEN
    differs = (picture(before) != picture(after)).any(axis=-1)
    one, other = owners(before), owners(after)
    common = (one == 2) & (other == 2)
    assert common.any() and (one[~common] % 2 == (3 - other[~common].astype(int)) % 2)[one[~common] > 0].all()
    rim = np.pad(common, 1)
    near = np.any([rim[y : y + SCENE_SIDE, x : x + SCENE_SIDE] for y in range(3) for x in range(3)], axis=0)
    assert (differs & ~near).mean() < 0.01  # edges that touch


def test_every_pixel_of_grounds_has_a_class_and_the_mean_colour_of_a_patch_does_not_tell_which_pattern() -> None:
    samples = [ground(SCENE_SIDE, "test", SEED, index) for index in range(160)]
    masks = np.stack([np.asarray(sample.mask, np.int64) for sample in samples])
    assert set(np.unique(masks)) == set(range(len(CLASSES)))
    pixels = np.stack([np.asarray(sample.image, np.float64) for sample in samples])
    cells = pixels.reshape(160, 6, 16, 6, 16, 3).mean(axis=(2, 4))
    patterns = np.where(masks == CLASSES.index("thing"), 255, masks)
    said = SegmentationProbe().fit(cells[:80], list(patterns[:80])).predict(cells[80:], (SCENE_SIDE, SCENE_SIDE))
    judged = patterns[80:] != 255
    right = (np.asarray(said) == patterns[80:])[judged].mean()
    often = np.bincount(patterns[80:][judged]).max() / judged.sum()
    assert right <= often + 0.05
