"""The scores of invariance are the equations of representation.md G.6, and controls get what they must."""

from dataclasses import replace

import numpy as np
import pytest
from known import KNOW_NOTHING, known, score

from sightline.measure.finding import Finding
from sightline.measure.graphics.applied import Applied
from sightline.measure.graphics.cosine import agreement, cosines, first, normalised, others, units
from sightline.measure.graphics.dense import Dense, SameCaption
from sightline.measure.graphics.invariance import Invariance, found_again, found_among_others, leaking
from sightline.measure.graphics.operation import NAMED
from sightline.measure.graphics.stock import Stock
from sightline.measure.graphics.tasks import tasks
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.subject.controls import Constant, Oracle
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.opened import open_suite
from sightline.measure.suite.suite import Suite


@pytest.fixture(scope="module")
def quick() -> Suite:
    return open_suite("scenes", quick=True)


@pytest.fixture(scope="module")
def stock(quick: Suite) -> Stock:
    return Stock.of(quick, 8)


def _asked(stock: Stock, subject: Subject, name: str = "background") -> dict[str, Finding]:
    applied = Applied(NAMED[name], stock.fitting["ground"], (0.5,), 3)
    return {finding.metric.partition(": ")[2]: finding for finding in Invariance(applied, "drawings")(subject)}


def test_a_perfect_encoder_reaches_every_bound(stock: Stock):
    found = _asked(stock, Oracle())
    assert [found[m].score for m in ("invariance", "R@1 hard", "1 - leak", "R@1")] == pytest.approx([1.0] * 4)
    assert found["leak"].score == 0


def test_knowing_nothing_leaks_nothing_and_gains_nothing(stock: Stock):
    found = _asked(stock, Constant())
    assert found["leak"].value == pytest.approx(1 / 3)
    assert found["R@1 hard"].value == found["R@1"].value == pytest.approx(1 / 8)
    assert [f.score for f in found.values() if f.scored] == pytest.approx([0, 0, 0])


def test_the_value_alone_leaks_all_and_finds_nothing(stock: Stock):
    applied = Applied(NAMED["background"], stock.fitting["ground"], (), 3)
    told = np.repeat(np.eye(3), 8, axis=0)
    shown = replace(applied)
    shown.__dict__["after"] = applied.after.told(vectors=told)
    shown.__dict__["before"] = applied.before.told(vectors=np.ones((8, 3)))
    found = {f.metric.partition(": ")[2]: f for f in Invariance(shown, "drawings")(Oracle())}
    assert found["leak"].value == 1
    assert found["R@1 hard"].value == 0
    assert found["1 - leak"].score == 0


def test_invariance_is_the_equation(stock: Stock):
    """By a double loop in float64."""
    applied = Applied(NAMED["colour"], stock.fitting["colour"], (0.5,), 3)
    before, lower, top = applied.seen_by(PixelSubject())
    n = applied.n
    same = [np.mean([before[i] @ lower[0][i], np.mean([before[i] @ top[v][i] for v in range(3)])]) for i in range(n)]
    apart = [before[i] @ before[j] for i in range(n) for j in range(n) if i != j]
    expected = (np.mean(same) - np.mean(apart)) / (1 - np.mean(apart))
    found = Invariance(applied, "drawings")(PixelSubject())[0]
    assert found.value == pytest.approx(expected, abs=1e-5)


def test_hard_retrieval_is_a_double_loop():
    rng = np.random.default_rng(0)
    top = units(rng.normal(size=(3, 7, 4)))
    hard = easy = 0.0
    for i in range(7):
        for v in range(3):
            for w in set(range(3)) - {v}:
                right = top[v, i] @ top[w, i]
                hard += all(top[v, i] @ top[v, j] < right for j in range(7) if j != i)
                easy += all(top[v, i] @ top[w, j] < right for j in range(7) if j != i)
    assert found_again(top).mean() == pytest.approx(hard / 42)
    assert found_among_others(top).mean() == pytest.approx(easy / 42)


def test_the_probe_reads_a_value_that_is_there_and_none_that_is_not():
    rng = np.random.default_rng(1)
    nothing = rng.normal(size=(3, 40, 6))
    value = np.repeat(np.eye(3)[:, None], 40, axis=1)
    assert leaking(np.concatenate([nothing, value], axis=2)).mean() == 1
    assert abs(leaking(nothing).mean() - 1 / 3) < 0.12


def test_equals_help_nobody():
    assert first(np.array([1.0, 1.0, 0.0]), np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])).tolist() == [
        1 / 2,
        1 / 3,
        0,
    ]
    level = np.ones((2, 5))
    assert agreement(level, level).tolist() == [1 / 5, 1 / 5]
    assert agreement(np.eye(5), np.eye(5)).tolist() == [1] * 5


def test_normalised_cosines_are_zero_where_nothing_is_told_apart():
    sums = np.array([[3.0, 0.0, 3.0], [3.0, 1.5, 3.0], [3.0, 3.0, 3.0], [1.5, 3.0, 3.0]])
    assert normalised(sums).tolist() == [1, 1, 0, 0]
    assert others(np.array([[9.0, 2.0, 4.0], [1.0, 9.0, 1.0], [0.0, 0.0, 9.0]])).tolist() == [3, 1, 0]
    assert cosines(units(np.ones((4, 3))), units(np.full((4, 3), 5.0))).tolist() == [[1.0] * 4] * 4


def test_scenes_come_two_by_two_of_one_layout_and_two_meanings(stock: Stock):
    scenes = [original.scene for original in stock.fitting["pixels"]]  # pyright: ignore[reportAttributeAccessIssue]
    for one, other in zip(scenes[::2], scenes[1::2], strict=True):
        assert one.layout == other.layout and one.palette == other.palette and one.style == other.style
        assert one.elements != other.elements


def test_patches_and_captions_are_told_beside_the_scores(stock: Stock):
    some = stock.fitting["ground"]
    dense = Dense([NAMED["background"], NAMED["line width"]], some[:3], "drawings")
    assert [f.value for f in dense(Oracle())] == pytest.approx([1, 1])
    assert [f.value for f in dense(Constant())] == pytest.approx([0, 0])
    captions = SameCaption([Applied(NAMED["texture"], some, (), 2)], "drawings")
    assert captions(Oracle())[0].value == pytest.approx(1)
    assert captions(Constant())[0].value == pytest.approx(1 / 8)
    assert not any(f.scored for f in [*dense(Oracle()), *captions(Oracle())])


def test_a_quick_look_keeps_its_budget(quick: Suite):
    """160 pictures, but for the designs that all rooms share."""

    class Counting(Constant):
        def __init__(self) -> None:
            self.seen: dict[str, int] = {}

        def vectors(self, pictures):
            self.seen[pictures.digest] = len(pictures)
            return super().vectors(pictures)

        def tokens(self, pictures):
            self.seen[f"tokens {pictures.digest}"] = len(pictures)
            return super().tokens(pictures)

    counting = Counting()
    shared = quick.drawn(4, 50).pictures.digest
    for task in tasks(quick):
        if isinstance(task, Measurement):
            task.ask(counting)
    assert sum(count for digest, count in counting.seen.items() if digest != shared) <= 160


def test_what_a_suite_cannot_be_asked_is_said_with_the_reason():
    found = tasks(open_suite("icons", quick=True))
    assert {task.name for task in found if isinstance(task, Absent)} == {"patches", "edits", "order"}
    assert [task.name for task in found if isinstance(task, Measurement)] == [*NAMED, "captions"]


@pytest.mark.slow
def test_the_controls_at_full_size():
    found = known("graphics", quick=False)
    for aspect in ("invariance", "semantics"):
        assert score(found["oracle"], aspect) >= 0.95
        for name in KNOW_NOTHING:
            assert score(found[name], aspect) <= 0.05, (aspect, name)
