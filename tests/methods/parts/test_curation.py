"""Examples chosen jointly: JEST's algorithm in loops, its chances, and what it picks where that is plain."""

import math

import pytest
import torch

from sightline.losses.sigmoid import sigmoid_contrastive, sigmoid_pairs
from sightline.methods.parts.curation import chosen_jointly


def by_loops(scores, count, uniform):
    """Chunk by chunk, pair by pair."""
    m, chunks, taken = len(scores), len(uniform), []
    for chunk in range(chunks):
        logits = {}
        for i in range(m):
            if i in taken:
                continue
            logits[i] = scores[i][i] - math.log(-math.log(uniform[chunk][i]))
            for j in taken:
                logits[i] += scores[i][j] + scores[j][i]
        more = count * (chunk + 1) // chunks - count * chunk // chunks
        taken += sorted(logits, key=lambda i: -logits[i])[:more]
    return sorted(taken)


@pytest.mark.parametrize(("m", "count", "chunks"), [(7, 3, 1), (12, 6, 4), (9, 5, 3), (8, 8, 2), (6, 2, 5)])
def test_the_choice_is_the_algorithm_in_loops(m, count, chunks):
    generator = torch.Generator().manual_seed(m)
    for _ in range(20):
        scores = torch.randn(m, m, generator=generator, dtype=torch.float64)
        uniform = torch.rand(chunks, m, generator=generator, dtype=torch.float64)
        chosen = chosen_jointly(scores, count, uniform)
        assert (
            chosen.tolist() == by_loops(scores.tolist(), count, uniform.tolist()) and len(set(chosen.tolist())) == count
        )


def test_one_draw_has_the_chances_of_the_softmax():
    scores = torch.diag(torch.tensor([0.0, 1.0, -1.0]))
    generator = torch.Generator().manual_seed(0)
    drawn = torch.cat([chosen_jointly(scores, 1, torch.rand(1, 3, generator=generator)) for _ in range(1500)])
    shares = drawn.bincount(minlength=3) / len(drawn)
    torch.testing.assert_close(shares, scores.diagonal().softmax(0), rtol=0, atol=0.05)


def test_pairs_that_can_be_learnt_are_chosen_and_neither_noise_nor_what_is_known():
    """Pictures 0-3 are easy, of 4-7 the teacher alone knows the caption, the captions of 8-11 are another's."""
    e = torch.eye(12)
    learnt, noise = torch.arange(4, 8), torch.arange(8, 12)
    text = e.clone()
    text[noise] = e[noise.roll(1)]
    learner = e.clone()
    learner[learnt] = e[learnt.roll(1)]
    scale, bias = torch.tensor(20.0), torch.tensor(-10.0)
    scores = sigmoid_pairs(learner, text, scale, bias) - sigmoid_pairs(e, text, scale, bias)
    for seed in range(20):
        uniform = torch.rand(2, 12, generator=torch.Generator().manual_seed(seed))
        assert chosen_jointly(scores, 4, uniform).tolist() == learnt.tolist()


def test_what_an_example_teaches_depends_on_those_beside_it():
    scores = torch.zeros(4, 4)
    scores[0, 0], scores[0, 3], scores[1, 1] = 9.0, 5.0, 1.0  # beside 0, picture 3 teaches more than 1
    half = torch.full((2, 4), 0.5)
    assert chosen_jointly(scores, 2, half).tolist() == [0, 3]
    assert chosen_jointly(scores, 2, half[:1]).tolist() == [0, 1]


def test_the_loss_is_the_sum_of_its_pairs():
    v, u = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
    scale, bias = torch.tensor(3.0), torch.tensor(-2.0)
    pairs = sigmoid_pairs(v, u, scale, bias)
    for i in range(5):
        for j in range(5):
            logit = (1 if i == j else -1) * (3.0 * float(v[i] @ u[j]) - 2.0)
            assert math.isclose(float(pairs[i, j]), math.log1p(math.exp(-logit)), rel_tol=1e-9)
    torch.testing.assert_close(pairs.sum() / 5, sigmoid_contrastive(v, u, scale, bias))
    groups = torch.tensor([1, 2, 1, 3, 4])
    same = sigmoid_pairs(v, u, scale, bias, groups=groups).sum() / 5
    torch.testing.assert_close(same, sigmoid_contrastive(v, u, scale, bias, groups=groups))
    part = sigmoid_pairs(v[2:4], u, scale, bias, first=2, groups=groups[2:4], groups_all=groups)
    torch.testing.assert_close(part, sigmoid_pairs(v, u, scale, bias, groups=groups)[2:4])
    torch.testing.assert_close(sigmoid_pairs(v[2:4], u, scale, bias, first=2), pairs[2:4])
