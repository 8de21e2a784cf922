from dataclasses import replace

import numpy as np
import pytest

from sightline.data.array import unit
from sightline.search.rank.relevance import (
    BLOCK,
    NEAR_BEST,
    NEIGHBOURS,
    SPELT,
    SURE,
    UNREADABLE,
    background,
    best_matches,
    evidence,
    fluency,
    probes,
    relevant,
)

WIDTH = 64


@pytest.fixture
def world():
    """Probes that lie together around one direction, lines and pictures around others of their own."""
    draw = np.random.default_rng(0)
    nonsense, things = draw.normal(size=WIDTH), draw.normal(size=(40, WIDTH))

    def around(centre, count, spread):
        return unit(centre + spread * draw.normal(size=(count, WIDTH)))

    lines = unit(things)
    pictures = np.concatenate([around(thing, 5, 0.8) for thing in things])
    made_up = np.concatenate([around(nonsense, 384, 1.0), around(draw.normal(size=WIDTH), 1, 0.0)])
    known = background(made_up, best_matches(made_up, pictures), best_matches(made_up, lines))
    return {
        "lines": lines,
        "pictures": pictures,
        "known": known,
        "around": around,
        "nonsense": nonsense,
        "things": things,
    }


def asked(world, vector):
    """Evidence of every picture; five in a row share a line."""
    return evidence(world["pictures"] @ vector, np.repeat(world["lines"] @ vector, 5), vector, world["known"])


def test_evidence_is_the_formula(world):
    vector, known = unit(np.random.default_rng(1).normal(size=(1, WIDTH)))[0], world["known"]

    def strange(one, others):
        cosines = sorted((float(one @ other) for other in others[:-1] if other is not one), reverse=True)
        return sum(cosines[:NEIGHBOURS]) / NEIGHBOURS

    def scale(best):
        middle = np.median(best)
        return middle, 1.4826 * np.median([abs(x - middle) for x in best])

    rows = list(known.probes)
    seen = scale([max(float(p @ x) for x in world["pictures"]) for p in rows[:-1]])
    said = scale([max(float(p @ x) for x in world["lines"]) - strange(p, rows) for p in rows[:-1]])
    expected = [
        max(
            (float(vector @ picture) - seen[0]) / seen[1],
            (float(vector @ world["lines"][i // 5]) - strange(vector, rows) - said[0]) / said[1],
        )
        for i, picture in enumerate(world["pictures"])
    ]
    np.testing.assert_allclose(asked(world, vector), expected, rtol=0, atol=1e-4)


def test_a_query_that_has_to_be_spelt_brings_less_evidence(world):
    vector, known = world["lines"][3], replace(world["known"], spelt=4.0)
    seen, said = world["pictures"] @ vector, np.repeat(world["lines"] @ vector, 5)
    plain = evidence(seen, said, vector, world["known"])
    for spelt in (1.0, 4.0, 5.5):
        np.testing.assert_allclose(evidence(seen, said, vector, known, spelt), plain + SPELT * (4 - spelt), atol=1e-5)
    # an encoder that shows no tokens, and a query that it cannot read
    np.testing.assert_array_equal(evidence(seen, said, vector, known), plain)
    assert fluency(1.0, known.probes[-1], known) == 0 and fluency(1.0, vector, world["known"]) == 0


def test_a_thing_is_found_and_what_is_like_the_probes_is_nothing(world):
    for number in range(0, 40, 4):
        here = relevant(asked(world, world["around"](world["things"][number], 1, 0.5)[0]))
        assert here[5 * number : 5 * number + 5].any()
    answered = [relevant(asked(world, x)).any() for x in world["around"](world["nonsense"], 400, 1.0)]
    assert np.mean(answered) < 0.06


def test_a_query_that_cannot_be_read_is_no_line_that_cannot_be_read(world):
    unread = world["known"].probes[-1]
    lines = np.concatenate([world["lines"], unread[None]])
    known = background(world["known"].probes, None, best_matches(world["known"].probes, lines))
    assert not relevant(evidence(None, lines @ unread, unread, known)).any()


@pytest.mark.parametrize("stretch, shift", [(2.0, 0.0), (0.5, 0.3)])
def test_how_an_encoder_spreads_its_cosines_to_pictures_does_not_matter(world, stretch, shift):
    vector, made_up = world["lines"][3], world["known"].probes
    best, cosines = best_matches(made_up, world["pictures"]), world["pictures"] @ vector
    plain = evidence(cosines, None, vector, background(made_up, best, None))
    other = evidence(stretch * cosines + shift, None, vector, background(made_up, stretch * best + shift, None))
    np.testing.assert_allclose(other, plain, rtol=0, atol=1e-4)


def test_pictures_that_come_twice_change_nothing(world):
    made_up, twice = world["known"].probes, np.concatenate([world["pictures"]] * 2)
    assert background(made_up, best_matches(made_up, twice), None).seen == world["known"].seen


def test_relevant_is_sure_and_near_the_best():
    values = np.array([SURE, 10.0, NEAR_BEST * 10 - 1e-6, NEAR_BEST * 10])
    assert relevant(values).tolist() == [False, True, False, True]
    assert relevant(np.array([SURE, NEAR_BEST * SURE + 1e-6, 0.0])).tolist() == [True, True, False]
    assert relevant(np.array([SURE - 1e-6, 0.0])).tolist() == [False, False]
    assert relevant(np.zeros(0)).tolist() == []


def test_a_picture_of_which_nothing_is_said_is_judged_by_its_looks(world):
    vector, known = world["lines"][3], world["known"]
    seen, said = world["pictures"] @ vector, np.full(200, -np.inf, np.float32)
    by_look = evidence(seen, None, vector, known)
    np.testing.assert_array_equal(evidence(seen, said, vector, known), by_look)
    assert not relevant(evidence(None, said, vector, known)).any()


def test_what_was_not_compared_is_refused(world):
    known, vector = world["known"], world["lines"][0]
    with pytest.raises(ValueError, match="neither a picture nor a line"):
        evidence(None, None, vector, known)
    with pytest.raises(ValueError, match=r"5 probes are too few; take all 385 of probes\(\)"):
        background(known.probes[:5], None, None)


def test_an_encoder_that_says_the_same_of_everything_finds_nothing():
    same = unit(np.ones((385, WIDTH)))
    known = background(same, best_matches(same, same[:10]), best_matches(same, same[:10]))
    assert not relevant(evidence(same[:10] @ same[0], same[:10] @ same[0], same[0], known)).any()


def test_best_matches_by_blocks_are_those_of_the_whole():
    draw = np.random.default_rng(0)
    vectors, matrix = unit(draw.normal(size=(7, 8))), unit(draw.normal(size=(BLOCK + 3, 8)))
    np.testing.assert_allclose(best_matches(vectors, matrix), (vectors @ matrix.T).max(axis=1), rtol=0, atol=1e-6)


def test_probes_are_the_same_everywhere():
    made_up = probes()
    assert made_up[:4] == ("glatmatzean", "trawu", "tharameat", "roundtrok") and made_up[-1] == UNREADABLE
    assert all(part.isascii() and part.isalpha() for probe in made_up[:-1] for part in probe.split(" "))
