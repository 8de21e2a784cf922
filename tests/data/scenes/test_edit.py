"""An edit changes one factor: the same pixels elsewhere, every other factor as it was, another caption, a way back."""

import numpy as np
import pytest

from sightline.data.scenes import Scenes, edited, factor, factors, given, hard_negatives, neighbours, parts, svg, values
from sightline.data.scenes.caption import EDITS, KINDS, brief, caption, phrase
from sightline.data.scenes.palette import PALETTES
from sightline.data.scenes.relations import relation
from sightline.data.scenes.scene import Scene

LEVELS = (1, 2, 3, 4)
MANY = 6
"""values tried of each factor of each scene"""


def pairs(level: int, count: int, seed: int = 11):
    """Scenes with each factor that can be changed and a few of the scenes it can be changed to."""
    source = Scenes(level, n=count, seed=seed, size=64)
    for k in range(count):
        scene = source.scene(k)
        for name, own in given(scene).items():
            # of a thousand names at level 3 each is tried: two scenes are enough
            if factor(level, name).editable and not (level == 3 and name.endswith(".name") and k > 1):
                options = [v for v in values(scene, name) if v != own]
                for value in options[:: max(1, len(options) // MANY)]:
                    yield scene, name, own, value, edited(scene, name, value)


def region(before: Scene, after: Scene, name: str) -> np.ndarray:
    """The pixels an edit may change, bool (y, x)."""
    inside = np.zeros((before.side, before.side), bool)
    changed = [(a, b) for a, b in zip(before.elements, after.elements, strict=True) if a != b]
    if name == "background":
        inside[:] = True
    for a, b in changed:
        for x, y, w, h in (a.box, b.box):
            inside[y : y + h, x : x + w] = True
    if name.startswith(("object", "widget", "text")):
        assert len(changed) == 1
    return inside


@pytest.mark.parametrize("level", LEVELS)
def test_one_factor_changes_and_nothing_else(level):
    seen = set()
    for before, name, _, value, after in pairs(level, 14):
        row = factor(level, name)
        one, other = factors(before), factors(after)
        assert one.keys() == other.keys() and other[name] == value != one[name]
        strayed = {k for k in one if one[k] != other[k] and not row.moves(k)}
        assert not strayed, (name, value, strayed)
        pixels = (parts.picture(before) != parts.picture(after)).any(-1)
        assert not (pixels & ~region(before, after, name)).any(), (name, value)
        assert pixels.any(), (name, value)
        if name in ("background", "palette", "style") or name.endswith(".colour"):
            assert np.array_equal(parts.owners(before), parts.owners(after))
        if not name.startswith("text"):
            assert [e.box for e in before.elements] == [e.box for e in after.elements]
        assert after.clauses == before.clauses
        seen.add(name.split(".")[-1])
    assert {"background", "colour"} <= seen
    if level == 4:
        assert {"palette", "style", "text", "name", "stars", "battery", "toggle", "arrow"} <= seen


@pytest.mark.parametrize("level", LEVELS)
def test_the_way_back_gives_the_original_to_the_byte(level):
    for before, name, own, value, after in pairs(level, 10, seed=12):
        back = edited(after, name, own)
        assert back == before, (name, value)
        assert edited(before, name, own) == before
        assert parts.picture(back).tobytes() == parts.picture(before).tobytes()


def test_both_renderers_draw_an_edit_outside_of_it_alike():
    for before, name, _, _, after in pairs(4, 3):
        changed = (svg.picture(before) != svg.picture(after)).any(-1)
        assert not (changed & ~region(before, after, name)).any(), name


@pytest.mark.parametrize("level", LEVELS)
def test_a_caption_tells_an_edit_that_it_has_words_for(level):
    for before, name, own, value, after in pairs(level, 10, seed=13):
        said, now = caption(before), caption(after)
        unsaid = name == "background" and before.background.words == after.background.words
        assert (said == now) == unsaid, (name, own, value, said)
        if name.startswith(("widget", "text")):
            assert str(value) in now
        if name in ("palette", "object.1.colour", "object.1.name"):
            assert str(value) in now


@pytest.mark.parametrize("level", LEVELS)
def test_an_edited_scene_keeps_what_scenes_promise(level):
    for _, name, _, value, after in pairs(level, 10, seed=14):
        for x, y, w, h in (e.box for e in after.elements):
            assert x >= 0 and y >= 0 and x + w <= after.side and y + h <= after.side
        for clause in after.clauses:
            if clause.relation:
                assert relation(after.elements, clause.subject, clause.object) == clause.relation
        phrases = [phrase(after, k) for k in range(len(after.elements))]
        assert len(set(phrases)) == len(phrases), (name, value, phrases)
        assert brief(after)
        assert all(hard_negatives(after, kind) != caption(after) for kind in (*KINDS, *EDITS))


def scene_with(name: str) -> Scene:
    source = Scenes(4, n=500)
    return next(s for s in map(source.scene, range(500)) if name in given(s))


def test_three_stars_become_four_and_on_becomes_off():
    stars = edited(scene_with("widget.stars"), "widget.stars", 3)
    assert "3 out of 5 stars" in caption(stars)
    assert caption(edited(stars, "widget.stars", 4)) == caption(stars).replace("3 out of 5", "4 out of 5")
    toggle = edited(scene_with("widget.toggle"), "widget.toggle", "on")
    off = edited(toggle, "widget.toggle", "off")
    assert caption(off) == caption(toggle).replace("that is on", "that is off")
    assert parts.picture(off).tobytes() != parts.picture(toggle).tobytes()


def test_neighbours_are_one_step_away_and_of_a_clock_round_the_clock():
    three = edited(scene_with("widget.stars"), "widget.stars", 3)
    assert list(neighbours(three, "widget.stars")) == [2, 4]
    assert list(neighbours(edited(three, "widget.stars", 5), "widget.stars")) == [4]
    one = edited(scene_with("widget.clock"), "widget.clock", "1:00")
    assert set(neighbours(one, "widget.clock")) == {"12:55", "1:05"}
    style = neighbours(three, "style")
    assert set(style) == set(values(three, "style")) - {three.style}
    assert all(scene.style == word for word, scene in style.items())


def test_a_palette_keeps_the_role_of_every_ink():
    scene = scene_with("text")
    for name, after in neighbours(scene, "palette").items():
        same = [[a.colour == b.colour for b in s.elements for a in s.elements] for s in (scene, after)]
        assert same[0] == same[1] and after.palette == name


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("widget.sliders", 3, "no factor 'widget.sliders'; known: "),
        ("style.ink", 0.5, "cannot be changed alone"),
        ("object.1.place", "top", "cannot be changed alone"),
        ("object.9.colour", "red", "this scene has no factor 'object.9.colour'; it has"),
        ("widget.stars", 7, "widget.stars cannot be 7; it is one of 0, 1, 2, 3, 4, 5"),
        ("palette", "pastel", "it is one of warm, cool"),
    ],
)
def test_an_impossible_edit_says_what_is_possible(name, value, words):
    with pytest.raises(ValueError, match=words):
        edited(scene_with("widget.stars"), name, value)


def test_an_edit_that_does_not_fit_says_why():
    scene = scene_with("text")
    word = next(w for w in factor(4, "text").domain if w not in values(scene, "text"))
    with pytest.raises(ValueError, match=f"text cannot be '{word}' in this scene: .*edit.values lists"):
        edited(scene, "text", word)


def test_an_ink_that_would_not_be_seen_is_refused():
    drawn = map(Scenes(4).scene, range(300))
    scene = next(s for s in drawn if s.background.words == "white" and s.elements[0].colour == PALETTES[s.palette][0])
    with pytest.raises(ValueError, match="white would not stand out"):
        edited(scene, "palette", "icy")
