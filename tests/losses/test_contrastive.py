import math

import pytest
import torch
from open_clip.loss import ClipLoss
from torch.nn.functional import normalize

from sightline.losses import info_nce, same_caption

GROUPS = torch.tensor([4, 4, 9, 1, 9, 4, 2])


def pairs(b=7, e=5, dtype=torch.float64):
    v, u = (normalize(torch.randn(b, e, dtype=dtype), dim=-1).requires_grad_() for _ in range(2))
    return v, u, torch.tensor(3.7, dtype=dtype, requires_grad=True)


def naive(v, u, scale, weight, groups):
    """-log of the share of the positives' geometric mean, one row at a time, both ways."""
    b, total = len(v), 0.0
    for i in range(b):
        same = [j for j in range(b) if groups[i] == groups[j]]
        for rows, columns, share in ((v, u, weight), (u, v, 1 - weight)):
            logits = [scale * sum(x * y for x, y in zip(rows[i], columns[j], strict=True)) for j in range(b)]
            normaliser = torch.log(sum(torch.exp(x) for x in logits))
            total = total + share * sum(normaliser - logits[j] for j in same) / len(same) / b
    return total


@pytest.mark.parametrize("chunk", [None, 3, 7, 100])
@pytest.mark.parametrize("weight", [0.5, 0.75, 0.0])
@pytest.mark.parametrize("groups", [None, GROUPS], ids=["pairs", "captions"])
def test_info_nce_equals_the_naive_loop_in_value_and_gradient(chunk, weight, groups):
    inputs = pairs()
    expected = naive(*inputs, weight, torch.arange(7) if groups is None else groups)
    wanted = torch.autograd.grad(expected, inputs)
    loss = info_nce(*inputs, weight=weight, groups=groups, chunk=chunk)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-12)
    for mine, theirs in zip(torch.autograd.grad(loss, inputs), wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("chunk", [None, 2])
@pytest.mark.parametrize("groups", [None, GROUPS[:6]], ids=["pairs", "captions"])
def test_the_mean_over_ranks_is_the_loss_of_the_whole(chunk, groups):
    """Three ranks of two rows each; the gradients of everyone's rows add up."""
    v, u, scale = pairs(b=6)
    parts = []
    for first in (0, 2, 4):
        mine = slice(first, first + 2)
        part = None if groups is None else groups[mine]
        parts.append(
            info_nce(
                v[mine],
                u[mine],
                scale,
                weight=0.7,
                first=first,
                image_all=v,
                text_all=u,
                groups=part,
                groups_all=groups,
                chunk=chunk,
            )
        )
    expected, loss = info_nce(v, u, scale, weight=0.7, groups=groups), sum(parts) / 3
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    for mine, whole in zip(
        torch.autograd.grad(loss, (v, u, scale)), torch.autograd.grad(expected, (v, u, scale)), strict=True
    ):
        torch.testing.assert_close(mine, whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("chunk", [None, 3])
def test_info_nce_equals_open_clips(chunk):
    v, u, scale = pairs(b=8, e=16, dtype=torch.float32)
    expected, loss = ClipLoss()(v, u, scale), info_nce(v, u, scale, chunk=chunk)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    for mine, theirs in zip(
        torch.autograd.grad(loss, (v, u, scale)), torch.autograd.grad(expected, (v, u, scale)), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def test_equal_embeddings_cost_log_b_and_the_order_of_pairs_nothing():
    v, u, scale = pairs()
    same = v[:1].expand(7, -1)
    assert info_nce(same, same, scale).item() == pytest.approx(math.log(7))
    order = torch.randperm(7)
    torch.testing.assert_close(info_nce(v[order], u[order], scale), info_nce(v, u, scale))


def test_weight_one_is_image_to_text_alone():
    v, u, scale = pairs()
    logits = scale * v @ u.T
    expected = -(logits.softmax(dim=1).diagonal().log().mean())  # over the texts of each image
    torch.testing.assert_close(info_nce(v, u, scale, weight=1.0), expected)


def test_distinct_captions_as_groups_change_nothing():
    v, u, scale = pairs()
    torch.testing.assert_close(info_nce(v, u, scale, groups=torch.arange(7)), info_nce(v, u, scale))


@pytest.mark.parametrize("chunk", [None, 3])
def test_under_autocast_the_logits_stay_float32(chunk):
    v, u, scale = pairs(dtype=torch.float32)
    expected = info_nce(v, u, scale)
    with torch.autocast("cpu", torch.bfloat16):
        loss = info_nce(v, u, scale, chunk=chunk)
    gradients = torch.autograd.grad(loss, (v, u, scale))
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    for mine, theirs in zip(gradients, torch.autograd.grad(expected, (v, u, scale)), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def test_a_chunk_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1 row"):
        info_nce(*pairs(), chunk=0)


def test_equal_captions_get_equal_numbers_whatever_their_padding():
    tokens = torch.tensor([[5, 3, 1, 0], [5, 3, 1, 0], [3, 5, 1, 0], [5, 3, 0, 1]])
    ids = same_caption(tokens)
    assert len(set(ids.tolist())) == 3 and ids[0] == ids[1]
    assert torch.equal(ids[:3], same_caption(tokens[:3, :3]))


def test_many_different_captions_never_collide():
    tokens = torch.cartesian_prod(torch.arange(20), torch.arange(20), torch.arange(20))
    assert len(same_caption(tokens).unique()) == 8000
