"""The studies of metric learning: what they train on, and what they read off their curves."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

ROOM = Path(__file__).parents[2] / "benchmarks" / "metric"


@pytest.fixture(scope="module", autouse=True)
def _room():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOM))
        yield
    for file in ROOM.glob("*.py"):
        sys.modules.pop(file.stem, None)


def test_the_long_tail_and_its_equal_parts_hold_as_many_pictures_and_share_the_first_of_every_class():
    import long_tail

    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(100), np.where(np.arange(100) % 2, 45, 24)))
    order = long_tail.ranked(np.bincount(labels), seed=1)
    assert sorted(order) == [*range(100)]
    long, even = (long_tail.places(labels, order, part, seed=1) for part in ("long", "balanced"))
    assert len(long) == len(even) == len({*long}) == len({*even})
    counts = np.bincount(labels[long])[order]
    assert counts[0] == 45 and counts[-1] == 3 and (np.diff(counts) <= 0).all()
    assert np.ptp(np.bincount(labels[even])) == 1
    for c in range(100):
        one, other = ({*part[labels[part] == c]} for part in (long, even))
        assert one <= other or other <= one


def test_no_class_of_a_rank_is_short_of_pictures():
    import long_tail

    available = np.where(np.arange(100) < 40, 45, 21)
    order = long_tail.ranked(available, seed=3)
    assert (available[order] >= long_tail.profile(100)).all()


def test_a_recall_is_reached_on_the_line_between_two_evaluations_or_never():
    from batch_tuning import reached

    curve = [(100, 0.1), (200, 0.3), (300, 0.2)]
    assert reached(curve, 0.2) == pytest.approx(150)
    assert reached(curve, 0.05) == 100
    assert reached(curve, 0.4) is None


def test_curves_are_drawn_within_their_panel():
    from _lines import Panel, lines_svg

    root = ElementTree.fromstring(
        lines_svg([Panel("a & b", {"one": [(0, 0.0), (1e5, 0.31)]})], x="n", y="R@1", level=0.2)
    )
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    line = root.find("{http://www.w3.org/2000/svg}polyline")
    assert line is not None
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    assert points[1][0] > points[0][0] and points[1][1] < points[0][1]
