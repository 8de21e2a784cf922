import numpy as np
import pytest

from sightline.probes.instances import Seen, at_hits, reidentify, trapezoid


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def drawn(n, seed, identities=6, cameras=3):
    rng = np.random.default_rng(seed)
    return Seen(rng.normal(size=(n, 5)), rng.integers(0, identities, n), rng.integers(0, cameras, n))


def naive(queries, gallery, ignored, k):
    """Two loops: (average precision, hit at k) of each query that has a right picture."""
    found = []
    q, g = unit(queries.vectors), unit(gallery.vectors)
    for i in range(len(q)):
        order = sorted(range(len(g)), key=lambda j: -float(q[i] @ g[j]))
        listed = []
        for j in order:
            mine = gallery.identity[j] == queries.identity[i]
            if ignored[j] or (mine and gallery.camera[j] == queries.camera[i]):
                continue
            listed.append(bool(mine))
        places = [p for p, mine in enumerate(listed) if mine]
        if places:
            found.append((np.mean([(h + 1) / (p + 1) for h, p in enumerate(places)]), float(places[0] < k)))
    return np.array(found)


def test_it_equals_the_double_loop_with_ignored_pictures_and_queries_without_any():
    queries, gallery = drawn(19, 0, identities=9), drawn(43, 1)
    ignored = np.random.default_rng(2).random(43) < 0.2
    told = Seen(gallery.vectors, gallery.identity, gallery.camera, ignored)
    found, expected = reidentify(queries, told, ks=(1, 3)), naive(queries, gallery, ignored, 3)
    np.testing.assert_allclose(found.precision, expected[:, 0])
    assert found.hits[:, 1].tolist() == expected[:, 1].tolist()
    assert 0 < found.left_out == 19 - len(expected)
    assert set(np.delete(np.arange(19), found.asked)) >= set(np.flatnonzero(queries.identity >= 6))
    summary = found.summary()
    assert summary["map"] == pytest.approx(expected[:, 0].mean()) and summary["left_out"] == found.left_out


def test_a_query_never_finds_itself_nor_its_own_camera():
    seen = Seen(np.eye(4)[[0, 0, 1, 0]], ["a", "a", "b", "a"], ["x", "x", "x", "y"])
    found = reidentify(seen, seen)
    # b is seen by one camera alone; of a's three the two under x are judged by the one under y, and it by them
    assert found.asked.tolist() == [0, 1, 3] and found.left_out == 1
    assert found.summary()["map"] == 1.0


def test_a_distractor_is_wrong_and_an_ignored_picture_is_nothing():
    gallery = Seen(np.array([[1.0, 0], [1, 0.1], [1, 0.2]]), [-1, 0, 5], [2, 2, 2])
    query = Seen(np.array([[1.0, 0]]), [5], [1])
    assert reidentify(query, gallery).precision[0] == pytest.approx(1 / 3)
    bad = Seen(gallery.vectors, gallery.identity, gallery.camera, ignored=np.array([True, False, False]))
    assert reidentify(query, bad).precision[0] == pytest.approx(1 / 2)
    # Market-1501's code takes the trapezoid: (0 + 1/2) / 2
    assert reidentify(query, bad, precision=trapezoid).precision[0] == pytest.approx(1 / 4)


def test_a_camera_that_gives_its_style_away_cannot_help():
    """Vectors that are the camera alone find nobody: all of the query's own camera come first, and are wrong."""
    identity, camera = np.repeat(np.arange(20), 2), np.tile([0, 1], 20)
    by_camera = reidentify(Seen(np.eye(2)[camera], identity, camera), Seen(np.eye(2)[camera], identity, camera))
    assert by_camera.summary()["r1"] == 0.0 and by_camera.summary()["map"] < 0.06


def test_blocks_and_order_change_nothing(monkeypatch):
    queries, gallery = drawn(23, 3), drawn(31, 4)
    whole = reidentify(queries, gallery)
    monkeypatch.setattr("sightline.probes.instances.judged.CELLS", 70)
    assert np.array_equal(reidentify(queries, gallery).precision, whole.precision)
    mix = np.random.default_rng(5).permutation(31)
    mixed = Seen(gallery.vectors[mix], gallery.identity[mix], gallery.camera[mix])
    np.testing.assert_allclose(reidentify(queries, mixed, precision=at_hits).precision, whole.precision)


def test_equal_pictures_tie_whoever_comes_first():
    gallery = [[1.0, 0.3], [1.0, 0.3]]
    for identities in ([1, 2], [2, 1]):
        found = reidentify(Seen([[1.0, 0.0]], [1], [0]), Seen(gallery, identities, [1, 1]))
        assert found.precision[0] == pytest.approx(0.75) and found.hits[0, 0] == pytest.approx(0.5)


def test_bad_input_is_refused_with_what_came():
    seen = drawn(5, 6)
    with pytest.raises(ValueError, match="5 vectors came with 4 of camera"):
        Seen(seen.vectors, seen.identity, seen.camera[:4])
    alone = Seen(seen.vectors, seen.identity, np.zeros(5))
    with pytest.raises(ValueError, match="none of 5 queries.*1 cameras"):
        reidentify(alone, alone)
    with pytest.raises(ValueError, match="one encoder's numbers"):
        reidentify(seen, Seen(np.ones((2, 3)), [0, 1], [0, 1]))
    with pytest.raises(ValueError, match="at least one"):
        reidentify(seen, seen, ks=(0,))
    with pytest.raises(ValueError, match="not finite"):
        reidentify(Seen(np.full((1, 5), np.nan), [0], [0]), seen)
