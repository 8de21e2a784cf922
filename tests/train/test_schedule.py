import math

from sightline.train.schedule import Constant, WarmupCosine


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


def test_constant_stays():
    assert [Constant().factor(s, 5) for s in range(5)] == [1.0] * 5
    assert Constant(warmup=2).factor(0, 5) == 0.5
