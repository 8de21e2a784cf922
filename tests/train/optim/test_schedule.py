import math

import pytest

from sightline.recipes.catalogue import systems
from sightline.recipes.find import find
from sightline.train.optim.schedule import Constant, CosineTail, Halving, Stairs, WarmupCosine


def test_warmup_rises_linearly_then_half_a_cosine_falls_to_the_floor():
    schedule = WarmupCosine(warmup=10, floor=0.1)
    factors = [schedule.factor(step, 110) for step in range(110)]
    assert factors[:10] == [(i + 1) / 10 for i in range(10)]
    assert factors[10] == 1.0
    assert math.isclose(factors[60], 0.1 + 0.9 * 0.5)
    assert all(a >= b for a, b in zip(factors[10:], factors[11:], strict=False))
    assert math.isclose(schedule.factor(110, 110), 0.1)


def test_a_short_run_shortens_its_warmup_to_a_tenth():
    assert WarmupCosine(warmup=1000).factor(4, 50) == 1.0
    for total in range(1, 3000):
        assert int(total * 0.1) == total // 10


def test_a_recipe_says_how_much_of_its_run_the_warmup_may_take():
    long = find("dinov2.l14").schedule
    assert [long.factor(step, 625_000) for step in (0, 50_000 - 1, 100_000 - 1, 100_000)] == [1e-5, 0.5, 1.0, 1.0]
    assert long.factor(90_000, 625_000) < 1.0
    assert WarmupCosine(warmup=30, most=1.0).factor(14, 40) == 0.5
    with pytest.raises(ValueError, match="0 to 1; got 2"):
        WarmupCosine(most=2)


@pytest.mark.parametrize("name", [f"{s.name}.{v.name}" for s in systems() for v in s.variants])
def test_no_paper_recipe_loses_warmup_to_the_cap(name):
    """Those of tests and laptops may: they are short, and their numbers ours. CLIP's pairs are more than ImageNet."""
    recipe, samples = find(name), 400_000_000 if name.startswith("clip.") else 1_281_167
    total = recipe.total(samples)
    if total > 10_000 and isinstance(recipe.schedule, WarmupCosine):
        assert recipe.schedule.warmup <= recipe.schedule.most * total + 2


def test_constant_stays():
    assert [Constant().factor(s, 5) for s in range(5)] == [1.0] * 5
    assert Constant(warmup=2).factor(0, 5) == 0.5


def test_the_tail_of_a_cosine_is_the_end_of_a_longer_run_stretched():
    whole, tail = WarmupCosine(warmup=0), CosineTail(begin=0.9)
    for step in range(0, 376, 5):
        assert math.isclose(tail.factor(step, 375), whole.factor(900 + step / 3.75, 1000), abs_tol=1e-12)
    assert math.isclose(CosineTail(begin=0.5, warmup=3).factor(0, 100), 0.5 / 4)
    with pytest.raises(ValueError, match="0 to under 1; got 1"):
        CosineTail(begin=1)


def test_a_halved_rate_is_halved_at_every_border():
    assert [Halving(every=2).factor(s, 7) for s in range(7)] == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]
    with pytest.raises(ValueError, match="schedule.every is a number of steps, 1 or more; got 0"):
        Halving(every=0)


def test_stairs_divide_by_ten_at_their_shares_of_the_run():
    factors = [Stairs(at=(0.5, 0.75)).factor(step, 8) for step in range(8)]
    assert factors == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])
    with pytest.raises(ValueError, match="shares of the run"):
        Stairs(at=(30,))
