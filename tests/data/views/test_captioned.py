"""Crops that words are said of: what they leave alone."""

import pytest

from sightline.data.augment import Background, CropResize
from sightline.data.views.captioned import CaptionCrops
from sightline.recipes.find import find
from sightline.train.recipe.override import override


def test_large_crops_come_first_and_nothing_is_mirrored_or_recoloured():
    views = CaptionCrops(large=1, count=3, large_scale=(0.5, 0.9), small_scale=(0.1, 0.3))(64)
    assert [view.size for view in views] == [64, 32, 32, 32]
    assert all([type(op) for op in view.ops] == [CropResize, Background] for view in views)
    assert all(view.ops[0].flip == 0 for view in views)
    assert [view.ops[0].scale for view in views] == [(0.5, 0.9)] + [(0.1, 0.3)] * 3


def test_they_are_silcs_by_default_and_a_command_changes_them():
    assert [view.size for view in CaptionCrops(size=96)(224)] == [224] * 2 + [96] * 8
    recipe = override(find("silc.small"), ["data.views.count=2", "data.views.large_scale=0.4,1.0"])
    assert [view.size for view in recipe.data.views(64)] == [64, 64, 32, 32]


@pytest.mark.parametrize("wrong", [{"large": 0}, {"count": -1}, {"size": -8}])
def test_views_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="there is a large crop at least"):
        CaptionCrops(**wrong)


def test_areas_are_shares():
    with pytest.raises(ValueError, match=r"a crop's area is \(0.9, 0.1\)"):
        CaptionCrops(small_scale=(0.9, 0.1))
