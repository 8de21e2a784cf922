"""A query against the names, captions and terms of pictures."""

import numpy as np
import pytest

from sightline.data.array import unit
from sightline.search.rank import lines as module
from sightline.search.rank.lines import LineCache, lines_of
from sightline.search.rank.stamped import Stamp

STAMP = Stamp("library", "colours", 8, "1")


def made(pictures=60, count=40, seed=0):
    """Lines of random vectors, one to four a picture, many of them shared; every third picture has none."""
    random = np.random.default_rng(seed)
    matrix = unit(random.standard_normal((count, 8)))
    own = {id: random.choice(count, random.integers(1, 5), replace=False) for id in range(10, 10 + pictures) if id % 3}
    used = sorted({line for lines in own.values() for line in lines.tolist()})
    place = {line: at for at, line in enumerate(used)}
    own = {id: [place[line] for line in lines.tolist()] for id, lines in own.items()}
    first = np.cumsum([0, *map(len, own.values())])
    every = np.array([line for lines in own.values() for line in lines])
    return own, lines_of(STAMP, np.array(list(own)), first, every, np.arange(100, 100 + len(used)), matrix[used])


def naive(own, lines, vector):
    """Each picture's best cosine and their mean, by definition."""
    every = {id: [round(float(lines.matrix[line] @ vector), 6) for line in mine] for id, mine in own.items()}
    return {id: (max(cosines), sum(cosines) / len(cosines)) for id, cosines in every.items()}


@pytest.mark.parametrize("seed", range(3))
def test_a_picture_is_as_near_as_its_best_line_and_the_mean_of_all(seed):
    own, lines = made(seed=seed)
    vector = unit(np.random.default_rng(99 + seed).standard_normal((1, 8)))[0]
    expected = {id: best + mean for id, (best, mean) in naive(own, lines, vector).items()}
    found, near = lines.nearest(lines.heard(vector), 1000)
    assert sorted(found.tolist()) == sorted(expected)
    assert near.tolist() == pytest.approx([expected[id] for id in found.tolist()], abs=4e-6)
    assert near.tolist() == sorted(near.tolist(), reverse=True)
    assert lines.nearest(lines.heard(vector), 7)[0].tolist() == found[:7].tolist()
    there = np.array(sorted(expected)[::4])
    assert lines.nearest(lines.heard(vector, there), 1000)[0].tolist() == [id for id in found.tolist() if id in there]


def test_the_best_line_of_each_picture_and_none_of_one_without():
    own, lines = made()
    vector = unit(np.random.default_rng(5).standard_normal((1, 8)))[0]
    ids = np.arange(5, 80)
    cosines, numbers = lines.best(vector, ids)
    best = {id: most for id, (most, _) in naive(own, lines, vector).items()}
    for id, cosine, number in zip(ids.tolist(), cosines.tolist(), numbers.tolist(), strict=True):
        assert np.isnan(cosine) == (id not in own) == (number == 0)
        if id in own:
            assert cosine == pytest.approx(best[id], abs=2e-6) and number - 100 in own[id]
            assert lines.matrix[number - 100] @ vector == pytest.approx(cosine, abs=2e-6)
    empty = lines.best(vector, np.array([], int))
    assert len(empty[0]) == len(empty[1]) == 0


def test_many_lines_are_proposed_by_their_principal_directions_and_scored_in_full(monkeypatch):
    monkeypatch.setattr(module, "FEW", 100)
    monkeypatch.setattr(module, "CANDIDATES", 300)
    monkeypatch.setattr(module, "COARSE", 16)
    random = np.random.default_rng(0)
    # as vectors of texts are: near a few directions
    near_few = random.standard_normal((4000, 12)) @ random.standard_normal((12, 64))
    matrix = unit(near_few + 0.3 * random.standard_normal((4000, 64)))
    stamp = Stamp("library", "wide", 64, "1")
    lines = lines_of(stamp, np.arange(1, 4001), np.arange(4001), np.arange(4000), np.arange(1, 4001), matrix)
    assert lines.coarse.shape == (4000, 16)
    for row in range(0, 4000, 400):
        vector = unit(matrix[row : row + 1] + 0.05 * random.standard_normal((1, 64)))[0]
        exact = set((np.argsort(-(matrix @ vector))[:10] + 1).tolist())
        assert len(exact & set(lines.nearest(lines.heard(vector), 10)[0].tolist())) >= 9


def test_the_file_holds_what_was_made_and_is_passed_over_where_it_is_not_whole(tmp_path):
    _, lines = made()
    cache = LineCache(tmp_path / "a.db")
    cache.write(lines)
    again = cache.opened(STAMP)
    for name in ("ids", "first", "lines", "held", "owners", "numbers", "matrix", "coarse", "basis"):
        np.testing.assert_array_equal(getattr(again, name), getattr(lines, name))
    assert not again.matrix.flags.writeable
    assert cache.opened(Stamp("library", "colours", 8, "2")) is None
    whole = cache.path.read_bytes()
    for damaged in (whole[:-1], whole[:500], b"", b"X" + whole[1:], whole + b"\0"):
        cache.path.write_bytes(damaged)
        assert cache.opened(STAMP) is None


def test_a_library_without_words_has_no_lines(tmp_path):
    none = np.zeros(0, "<i8")
    lines = lines_of(STAMP, none, np.zeros(1, "<i8"), none, none, np.zeros((0, 8), "<f4"))
    assert len(lines.nearest(lines.heard(np.ones(8, np.float32)), 10)[0]) == 0
    cache = LineCache(tmp_path / "a.db")
    cache.write(lines)
    assert len(cache.opened(STAMP).ids) == 0
