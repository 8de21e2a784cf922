"""Both renderers: one picture, one mask; boxes, owners and the memory of parts."""

import numpy as np
import pytest

from sightline.data.scenes import Scenes, parts, svg, to_svg
from sightline.data.scenes.palette import BACKGROUNDS
from sightline.data.scenes.scene import Scene

LEVELS = (1, 2, 3, 4)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("side", (64, 96))
def test_parts_and_svg_draw_the_same(level, side):
    """What is left is resvg's own: coverage has four steps down a pixel, and where they fall moves with the element."""
    source = Scenes(level, n=40, seed=2, size=side)
    means, overlaps = [], []
    for k in range(40):
        scene = source.scene(k)
        owner, mask = parts.owners(scene), svg.owners(scene)
        difference = np.abs(parts.picture(scene).astype(int) - svg.picture(scene))
        means.append(difference.mean())
        assert (difference > 24).mean() < 0.01, k
        assert (owner == mask).mean() > 0.99
        for number in range(1, len(scene.elements) + 1):
            one, other = owner == number, mask == number
            if one.sum() >= 40:
                overlaps.append((one & other).sum() / (one | other).sum())
    assert max(means) < 0.4 and np.mean(means) < 0.1
    assert min(overlaps) > 0.75 and np.mean(overlaps) > 0.99


@pytest.mark.parametrize("background", [b for group in BACKGROUNDS for b in group[:1]], ids=lambda b: b.words)
def test_bare_backgrounds_are_equal_to_the_bit(background):
    scene = Scene(1, 96, background, (), ())
    assert np.array_equal(parts.picture(scene), svg.picture(scene))


@pytest.mark.parametrize("level", LEVELS)
def test_boxes_are_the_extent_of_the_masks(level):
    """Each element alone: its owned pixels fill its box but for tips thinner than half a pixel."""
    source = Scenes(level, n=60, seed=3)
    for k in range(60):
        for element in source.scene(k).elements:
            alone = Scene(level, 96, source.scene(k).background, (element,), ())
            owner = parts.owners(alone)
            rows, columns = np.flatnonzero(owner.any(1)), np.flatnonzero(owner.any(0))
            x, y, w, h = element.box
            assert x <= columns[0] and columns[-1] < x + w and y <= rows[0] and rows[-1] < y + h
            assert columns[0] - x <= 2 and x + w - 1 - columns[-1] <= 2, element
            assert rows[0] - y <= 2 and y + h - 1 - rows[-1] <= 2, element


def test_visible_share_is_what_the_elements_above_leave():
    source = Scenes(3, n=60, seed=4)
    hidden = 0
    for k in range(60):
        scene = source.scene(k)
        owner = parts.owners(scene)
        shares = parts.visible(scene, owner)
        for number, (element, share) in enumerate(zip(scene.elements, shares, strict=True), start=1):
            alone = parts.owners(Scene(3, 96, scene.background, (element,), ())) > 0
            assert share == pytest.approx((alone & (owner == number)).sum() / alone.sum())
            assert share > 0.25, element
            hidden += share < 1
        assert shares[-1] == 1
    assert hidden > 20


def test_the_memory_of_parts_is_bounded(monkeypatch):
    monkeypatch.setattr(parts, "MEMORY", 300_000)
    monkeypatch.setattr(parts, "_parts", {})
    monkeypatch.setattr(parts, "_canvases", {})
    monkeypatch.setattr(parts, "_held", 0)
    before = [parts.picture(Scenes(3, n=40).scene(k)) for k in range(40)]
    held = sum(p.cover.nbytes + p.solid.nbytes for p in parts._parts.values())
    held += sum(c.nbytes for c in parts._canvases.values())
    assert 0 < held == parts._held <= 300_000
    assert all(np.array_equal(parts.picture(Scenes(3, n=40).scene(k)), before[k]) for k in range(40))


def test_the_svg_of_a_scene_is_a_document_of_its_own():
    document = to_svg(Scenes(3, n=10, seed=1).scene(0))
    assert document.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"')
    assert "href" not in document and "<text" not in document and "<image" not in document


def test_an_unknown_background_names_the_known_ones():
    with pytest.raises(ValueError, match="plain, gradient, striped, dotted, checkered"):
        svg.backdrop(BACKGROUNDS[0][0]._replace(kind="paisley"), 96)
