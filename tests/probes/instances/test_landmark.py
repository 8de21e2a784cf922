import numpy as np
import pytest

from sightline.probes.instances import Truth, landmarks, precision


def compute_map(ranks, gnd):
    """Oxford and Paris revisited: ranks (n, q), `ok` and `junk` places of each query; (precision or None) of each."""
    found = []
    for i, told in enumerate(gnd):
        if not told["ok"]:
            found.append(None)
            continue
        pos = [p for p in range(len(ranks)) if ranks[p, i] in told["ok"]]
        junk = [p for p in range(len(ranks)) if ranks[p, i] in told["junk"]]
        pos = [p - sum(1 for j in junk if j < p) for p in pos]
        area = 0.0
        for j, rank in enumerate(pos):
            before = 1.0 if rank == 0 else j / rank
            area += (before + (j + 1) / (rank + 1)) / 2 / len(pos)
        found.append(area)
    return found


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def drawn(seed, queries=11, database=37):
    rng = np.random.default_rng(seed)
    truths = []
    for i in range(queries):
        mixed = rng.permutation(database)
        a, b, c = np.cumsum(rng.integers(0, 5, 3))
        easy = [] if i == 3 else mixed[:a].tolist()
        hard = [] if i in (3, 5) else mixed[a:b].tolist()
        truths.append(Truth(easy=easy, hard=hard, junk=mixed[b:c].tolist()))
    return rng.normal(size=(queries, 6)), rng.normal(size=(database, 6)), truths


@pytest.mark.parametrize("seed", [0, 1])
def test_all_setups_equal_the_published_loop_and_queries_without_any_are_counted(seed):
    queries, database, truths = drawn(seed)
    ranks = np.argsort(-(unit(database) @ unit(queries).T), axis=0)
    gnd = {
        "easy": [{"ok": t.easy, "junk": [*t.junk, *t.hard]} for t in truths],
        "medium": [{"ok": [*t.easy, *t.hard], "junk": t.junk} for t in truths],
        "hard": [{"ok": t.hard, "junk": [*t.junk, *t.easy]} for t in truths],
    }
    found = landmarks(queries, database, truths)
    for setup, told in gnd.items():
        expected = compute_map(ranks, told)
        asked = [i for i, value in enumerate(expected) if value is not None]
        assert found[setup].asked.tolist() == asked
        assert found[setup].left_out == len(truths) - len(asked) > 0
        np.testing.assert_allclose(found[setup].precision, [expected[i] for i in asked])


def test_junk_before_a_right_picture_costs_nothing():
    query, database = np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2], [0.0, 1.0]])
    junk = landmarks(query, database, [Truth(easy=[2], junk=[0, 1])])
    wrong = landmarks(query, database, [Truth(easy=[2])])
    assert junk["easy"].summary()["map"] == 1.0
    assert wrong["easy"].summary()["map"] == pytest.approx(1 / 6)  # (0 + 1/3) / 2
    assert np.isnan(junk["hard"].summary()["map"]) and junk["hard"].left_out == 1


def test_a_query_is_ranked_once_for_all_setups(monkeypatch):
    queries, database, truths = drawn(2)
    ranked = []

    def counting(scores):
        ranked.append(scores)
        return precision.best_first(scores)

    monkeypatch.setattr("sightline.probes.instances.judged.best_first", counting)
    landmarks(queries, database, truths)
    assert len(ranked) == len(queries)


def test_a_truth_that_cannot_be_is_refused():
    vectors = np.eye(3)
    with pytest.raises(ValueError, match="query 0 names picture 3; the database has 0 to 2"):
        landmarks(vectors[:1], vectors, [Truth(easy=[3])])
    with pytest.raises(ValueError, match="names picture 1 twice"):
        landmarks(vectors[:1], vectors, [Truth(easy=[1], junk=[1])])
    with pytest.raises(ValueError, match="2 queries came with 1 truths"):
        landmarks(vectors[:2], vectors, [Truth(easy=[1])])
