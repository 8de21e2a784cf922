import numpy as np
import pytest

from sightline.data.prepare.preprocess import Preprocess
from sightline.probes.view import in_view


@pytest.mark.parametrize("shape", [(60, 80), (80, 60), (64, 64), (50, 83)])
@pytest.mark.parametrize(
    "rule",
    [
        Preprocess(32),
        Preprocess(32, resize="squash"),
        Preprocess(32, resize="crop"),
        Preprocess(32, resize="crop", short=40),
    ],
)
def test_a_plane_lies_where_the_view_shows_the_picture(shape, rule):
    # a picture of four quarters, whose places the view and the plane must agree on
    quarters = np.add.outer((np.arange(shape[0]) >= shape[0] * 0.4) * 2, (np.arange(shape[1]) >= shape[1] * 0.6) * 1)
    picture = np.repeat((quarters * 60 + 10).astype(np.uint8)[..., None], 3, axis=2)
    seen = np.asarray(rule.canvas(picture))[..., 0].astype(int)
    plane = in_view(quarters, rule, -1)
    y, x = ((np.arange(32) + 0.5) * side / 32 for side in plane.shape)
    told = plane[y.astype(int)[:, None], x.astype(int)]
    expected = np.where(told < 0, 255, told * 60 + 10)
    # but for the pixels that an edge goes through
    assert (np.abs(seen - expected) < 20).mean() > 0.85
    inside = told >= 0
    assert (seen[~inside] > 200).mean() > 0.9 if (~inside).any() else True


def test_a_whole_square_is_left_as_it_is():
    plane = np.arange(9).reshape(3, 3)
    assert in_view(plane, Preprocess(2, resize="crop"), 0) is plane
    assert in_view(plane, Preprocess(2), 0) is plane
