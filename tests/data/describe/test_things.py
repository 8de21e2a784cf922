"""Things on a picture, by shapes whose areas, widths and numbers are known."""

import numpy as np
import pytest

from sightline.data.describe.things import label, things

Y, X = np.mgrid[:200, :200]


def disc(x, y, r):
    return (X - x) ** 2 + (Y - y) ** 2 <= r * r


def test_labels_equal_a_flood_fill_of_eight_neighbours():
    rng = np.random.default_rng(0)
    for share in (0.2, 0.4, 0.6):
        ink = rng.random((23, 31)) < share
        found = label(ink)
        assert (found > 0).tolist() == ink.tolist()
        seen = np.zeros_like(found)
        groups = 0
        for y, x in zip(*np.nonzero(ink), strict=True):
            if seen[y, x]:
                continue
            groups += 1
            stack = [(y, x)]
            while stack:
                a, b = stack.pop()
                if 0 <= a < 23 and 0 <= b < 31 and ink[a, b] and not seen[a, b]:
                    seen[a, b] = groups
                    stack += [(a + i, b + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        assert found.max() == groups
        pairs = set(zip(found[ink].tolist(), seen[ink].tolist(), strict=True))
        assert len(pairs) == groups


def test_no_ink_is_no_thing():
    assert things(np.zeros((40, 40), bool)) == []
    assert label(np.zeros((4, 5), bool)).tolist() == np.zeros((4, 5)).tolist()


def test_a_ring_is_a_line_of_its_width_and_a_disc_is_a_body():
    ring = disc(100, 100, 80) & ~disc(100, 100, 68)
    [thing] = things(ring)
    assert thing.box == (20, 20, 161, 161)
    assert thing.line == pytest.approx(12 / 161, rel=0.08)
    assert thing.body == disc(100, 100, 80).sum() and thing.solid == 0
    [thing] = things(disc(100, 100, 80))
    assert thing.solid > 0.95


def test_parts_that_nearly_touch_are_one_thing_and_dirt_is_none():
    row = disc(40, 100, 20) | disc(83, 100, 20)  # 3 pixels apart: letters of a word
    assert len(things(row)) == 1
    assert len(things(row | disc(160, 30, 20))) == 2
    speck = np.zeros_like(row)
    speck[10, 10] = True
    assert len(things(row | speck)) == 1


def test_corners_of_a_frame_are_drawn_with_the_pen_of_the_frame():
    corner = np.zeros((200, 200), bool)
    corner[20:60, 20:32] = corner[20:32, 20:60] = True
    frame = corner | corner[::-1] | corner[:, ::-1] | corner[::-1, ::-1]
    assert len(things(frame)) == 4 and all(thing.solid < 0.17 for thing in things(frame))
