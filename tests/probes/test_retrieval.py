import numpy as np
import pytest

from sightline.probes.retrieval import chance, ranked, ranks, recall, retrieval


def naive_rank(scores, right):
    best = max(s for s, r in zip(scores, right, strict=True) if r)
    above = sum(1 for s in scores if s > best)
    level = sum(1 for s, r in zip(scores, right, strict=True) if s == best and not r)
    return 1 + above + 0.5 * level


def vectors(n, d, seed):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_ranks_equal_the_double_loop_with_ties_and_several_right_candidates():
    rng = np.random.default_rng(0)
    similarity = rng.integers(0, 5, size=(23, 17)).astype(float)
    relevant = rng.random((23, 17)) < 0.2
    relevant[np.arange(23), rng.integers(0, 17, 23)] = True
    expected = [naive_rank(s, r) for s, r in zip(similarity, relevant, strict=True)]
    assert ranks(similarity, relevant).tolist() == expected


def test_retrieval_equals_the_double_loop_in_both_directions():
    images, texts = vectors(13, 6, 1), vectors(31, 6, 2)
    owner = np.random.default_rng(3).integers(0, 13, 31)
    out = retrieval(images, texts, owner)
    v = images / np.linalg.norm(images, axis=1, keepdims=True)
    u = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    forward = np.array([naive_rank(v @ u[t], np.arange(13) == owner[t]) for t in range(31)])
    back = np.array([naive_rank(u @ v[i], owner == i) for i in range(13) if (owner == i).any()])
    for k in (1, 5, 10):
        assert out["text_to_image"][f"r{k}"] == pytest.approx((forward <= k).mean())
        assert out["image_to_text"][f"r{k}"] == pytest.approx((back <= k).mean())
    assert out["text_to_image"]["median_rank"] == np.median(forward)
    assert out["n"] == 13
    assert out["chance_r10"] == pytest.approx(10 / 13)


def test_one_of_five_captions_among_the_first_k_is_a_hit():
    images = np.eye(4)
    texts = np.repeat(np.eye(4), 5, axis=0)
    texts[1:5] = -texts[1:5]  # four of picture 0's captions point away
    out = retrieval(images, texts, np.repeat(np.arange(4), 5))
    assert out["image_to_text"]["r1"] == 1.0


def test_a_constant_encoder_gets_the_middle_rank_not_the_first():
    out = retrieval(np.ones((101, 3)), np.ones((101, 3)), np.arange(101))
    assert out["text_to_image"] == {"r1": 0.0, "r5": 0.0, "r10": 0.0, "median_rank": 51.0}


def test_equal_pictures_tie_wherever_they_stand_in_the_matrix():
    base = vectors(5, 64, 4)
    images = np.concatenate([base, vectors(118, 64, 5), base])
    out = retrieval(images, base, np.arange(5))
    assert out["text_to_image"]["median_rank"] == 1.5


def test_texts_of_one_group_share_their_pictures():
    images = np.eye(3)
    texts = np.eye(3)[[1, 0, 2]]  # the texts of pictures 0 and 1 are swapped, but say the same
    alone = retrieval(images, texts, [0, 1, 2])
    grouped = retrieval(images, texts, [0, 1, 2], text_group=[7, 7, 9])
    assert alone["text_to_image"]["r1"] == pytest.approx(1 / 3)
    assert grouped["text_to_image"]["r1"] == grouped["image_to_text"]["r1"] == 1.0
    assert grouped["chance_r10"] == 1.0


def test_order_of_queries_and_chunks_change_nothing(monkeypatch):
    images, texts, owner = vectors(40, 8, 6), vectors(40, 8, 7), np.arange(40)
    whole = retrieval(images, texts, owner)
    monkeypatch.setattr("sightline.probes.retrieval.ROWS", 7)
    assert retrieval(images, texts, owner) == whole
    mix = np.random.default_rng(8).permutation(40)
    assert retrieval(images[mix], texts[mix], owner) == whole


def test_chance_is_the_hit_rate_of_a_random_order():
    rng = np.random.default_rng(9)
    hits = [(rng.permutation(30)[:3] < 10).any() for _ in range(20_000)]
    assert chance(np.array([3]), 30, 10) == pytest.approx(np.mean(hits), abs=0.015)
    assert chance(np.array([1, 1]), 1116, 10) == pytest.approx(10 / 1116)


def test_bad_input_is_refused_with_what_came():
    with pytest.raises(ValueError, match="no right candidate"):
        recall(np.eye(2), np.array([[True, False], [False, False]]))
    with pytest.raises(ValueError, match="not finite"):
        retrieval(np.full((2, 2), np.nan), np.eye(2), [0, 1])
    with pytest.raises(ValueError, match="0..1"):
        retrieval(np.eye(2), np.eye(2), [0, 2])
    with pytest.raises(ValueError, match="3 entries for 2 texts"):
        retrieval(np.eye(2), np.eye(2), [0, 1, 1])


def test_the_ranks_of_every_query_are_those_that_retrieval_summarises():
    images, texts = vectors(9, 4, 6), vectors(12, 4, 7)
    owner, group = np.arange(12) % 8, np.arange(12) // 2
    found, out = ranked(images, texts, owner, text_group=group), retrieval(images, texts, owner, text_group=group)
    assert (found.text <= 1).mean() == out["text_to_image"]["r1"]
    assert (found.image <= 1).mean() == out["image_to_text"]["r1"]
    assert found.queries.tolist() == list(range(8))  # picture 8 has no text
    right = np.array(
        [[any(owner[u] == i for u in range(12) if group[u] == group[t]) for t in range(12)] for i in range(9)]
    )
    assert found.right_images.tolist() == right.sum(0).tolist()
    assert found.right_texts.tolist() == right.sum(1)[:8].tolist()
