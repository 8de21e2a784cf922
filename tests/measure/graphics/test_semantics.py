"""Edits of meaning, the nuisances matched to them, and the order of factors."""

import numpy as np
import pytest

from sightline.data.scenes import factors, given
from sightline.data.scenes.palette import BACKGROUND, COLOURS, contrast
from sightline.measure.graphics.edits import KINDS, NUISANCES, Edits, changed
from sightline.measure.graphics.layers import distance
from sightline.measure.graphics.order import DOMAINS, FACTORS, Order, drawn, scene
from sightline.measure.graphics.semantics import Semantics, share_of_meaning
from sightline.measure.subject.controls import Constant, Oracle, Shuffled
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.suite.opened import open_suite


@pytest.fixture(scope="module")
def edits() -> Edits:
    return Edits(open_suite("scenes", quick=True).drawn(4, 50), 2)


def test_a_nuisance_moves_as_many_pixels_as_far_as_the_edit(edits: Edits):
    pairs = [pair for kind in KINDS for pair in edits.pairs[kind]]
    assert len(pairs) == 2 * len(KINDS)
    for pair in pairs:
        picture = np.asarray(edits.designs.samples[pair.at].image)
        assert distance(picture, pair.look) == pytest.approx(distance(picture, pair.meaning), rel=0.1)
        assert pair.nuisance in NUISANCES


def test_nuisances_take_turns(edits: Edits):
    assert len({pair.nuisance for kind in KINDS for pair in edits.pairs[kind]}) >= 4


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_changes_its_factor(edits: Edits, kind: str):
    for pair in edits.pairs[kind]:
        before = edits.designs.samples[pair.at].extra["scene"]
        after = changed(before, kind)
        assert after is not None
        own, other = given(before), given(after)
        assert own[KINDS[kind]] != other[KINDS[kind]]
        assert {name for name in own if own[name] != other.get(name)} == {KINDS[kind]}


def test_stars_go_by_one_and_arrows_turn_round(edits: Edits):
    for pair in edits.pairs["stars"]:
        before = edits.designs.samples[pair.at].extra["scene"]
        after = changed(before, "stars")
        assert after is not None
        assert abs(factors(before)["widget.stars"] - factors(after)["widget.stars"]) == 1  # pyright: ignore
    for pair in edits.pairs["arrow"]:
        before = edits.designs.samples[pair.at].extra["scene"]
        after = changed(before, "arrow")
        assert after is not None
        assert {factors(before)["widget.arrow"], factors(after)["widget.arrow"]} in ({"left", "right"}, {"up", "down"})


def test_meaning_moves_a_perfect_encoder_and_looks_do_not(edits: Edits):
    found = Semantics(edits)(Oracle())
    assert [f.metric for f in found][: 1 + len(KINDS)] == ["meaning", *(f"meaning: {kind}" for kind in KINDS)]
    assert [f.metric for f in found if f.scored] == ["meaning"]
    assert [f.score for f in found] == pytest.approx([1.0] * len(found))
    assert [f.value for f in Semantics(edits)(Constant())] == pytest.approx([0.5] * len(found))


def test_the_score_is_the_mean_over_kinds_scaled_once(edits: Edits):
    """Kinds below chance weigh against those above, or features in a wrong order would have a score."""
    found = {f.metric: f for f in Semantics(edits)(Shuffled(PixelSubject()))}
    kinds = np.array([found[f"meaning: {kind}"].value for kind in KINDS])
    assert kinds.min() < 0.5 < kinds.max()
    assert found["meaning"].value == pytest.approx(kinds.mean())
    assert found["meaning"].score == pytest.approx(max(0, 2 * kinds.mean() - 1))


def test_the_share_of_meaning_is_the_equation_and_a_half_where_nothing_moves():
    assert share_of_meaning(np.array([[3.0, 1.0], [0.0, 2.0], [0.0, 0.0], [1e-7, 0.0]])).tolist() == [0.75, 0, 0.5, 0.5]


def test_every_other_picture_agrees_with_the_query_in_one_factor():
    for own, other in drawn(50):
        assert all(a != b for a, b in zip(own, other, strict=True))
    own, other = drawn(1)[0]
    for k, _ in enumerate(FACTORS):
        mixed = scene(other[:k] + (own[k],) + other[k + 1 :])
        a, b = scene(own), scene(other)
        agrees = [
            mixed.elements[0].name == a.elements[0].name,
            mixed.elements[0].colour == a.elements[0].colour,
            mixed.elements[0].box[:2] == a.elements[0].box[:2] or k == 2,
            mixed.background == a.background,
            mixed.style == a.style,
        ]
        assert agrees[k]
        assert mixed != a and mixed != b


def test_every_ink_of_the_order_stands_out_from_every_background():
    for ink in DOMAINS["colour"]:
        for name in DOMAINS["background"]:
            ground = BACKGROUND[name]
            assert min(contrast(COLOURS[ink], tone) for tone in (ground.a, ground.b)) >= 1.8


def test_the_order_of_an_encoder_that_ranks_by_subject_first_is_found():
    found = {f.metric: f for f in Order(12)(Oracle())}
    assert [found[f"order: {factor}"].value for factor in FACTORS] == [1, 2, 3, 4, 5]
    assert all(found[m].value == 1 for m in found if "before" in m)
    assert not any(f.scored for f in found.values())


def test_an_encoder_that_sees_nothing_ranks_all_factors_alike():
    found = Order(12)(Constant())
    assert [f.value for f in found[:5]] == [3.0] * 5
    assert [f.value for f in found[5:]] == [0.5] * 10
    mixed = Order(60)(Shuffled(Oracle()))
    assert all(abs(f.value - f.chance) < 0.6 for f in mixed)
