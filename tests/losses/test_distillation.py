import math

import pytest
import torch
from lightly.loss import DINOLoss, IBOTPatchLoss

from sightline.losses.distillation import cross_entropy_to, cross_view, local_to_global, per_image


def views(t=2, s=5, b=3, k=7):
    targets = torch.randn(t, b, k, dtype=torch.float64).softmax(-1)
    return targets, torch.randn(s, b, k, dtype=torch.float64, requires_grad=True)


def naive(targets, logits, temperature):
    """One pair, one picture, one prototype at a time."""
    total, pairs = 0.0, 0
    for t in range(len(targets)):
        for s in range(len(logits)):
            if t == s:
                continue
            pairs += 1
            for b in range(targets.shape[1]):
                scores = [torch.exp(z / temperature) for z in logits[s, b]]
                for k, score in enumerate(scores):
                    total = total - targets[t, b, k] * torch.log(score / sum(scores)) / targets.shape[1]
    return total / pairs


@pytest.mark.parametrize(("t", "s"), [(2, 5), (2, 2), (1, 3), (2, 1), (3, 4)])
def test_every_teacher_view_against_every_other_view(t, s):
    targets, logits = views(t, s)
    expected, loss = naive(targets, logits, 0.3), cross_view(targets, logits, 0.3)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    mine, theirs = torch.autograd.grad(loss, logits), torch.autograd.grad(expected, logits)
    torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


def test_two_global_and_2l_local_terms_share_dinov2s_divisor():
    """DINOv2's code: the swapped globals times 2 and the locals, over 2 + 2 L."""
    targets, logits = views(2, 5)
    local = sum(cross_entropy_to(targets[t], logits[s], 0.1).mean() for t in range(2) for s in range(2, 5))
    swapped = cross_entropy_to(targets.flip(0).flatten(0, 1), logits[:2].flatten(0, 1), 0.1).mean()
    torch.testing.assert_close(cross_view(targets, logits, 0.1), (2 * swapped + local) / (2 + 2 * 3))


@pytest.mark.parametrize(("t", "s"), [(1, 8), (2, 3), (2, 1)])
def test_local_to_global_has_every_pair(t, s):
    targets, logits = views(t, s)
    pairs = [cross_entropy_to(targets[i], logits[j], 0.3).mean() for i in range(t) for j in range(s)]
    expected, loss = torch.stack(pairs).mean(), local_to_global(targets, logits, 0.3)
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    mine, theirs = torch.autograd.grad(loss, logits), torch.autograd.grad(expected, logits)
    torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-15)


def test_dinos_loss_and_gradient_are_lightlys():
    peer = DINOLoss(output_dim=16, student_temp=0.1)
    peer.center.normal_(std=0.1)
    raw, logits = torch.randn(2, 6, 16) / 4, (torch.randn(5, 6, 16) / 4).requires_grad_()
    targets = ((raw - peer.center[0]) / 0.05).softmax(-1)
    loss = cross_view(targets, logits, 0.1)
    expected = peer(list(raw), list(logits), teacher_temp=0.05)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    mine, theirs = torch.autograd.grad(loss, logits), torch.autograd.grad(expected, logits)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


def test_ibots_patch_loss_and_gradient_are_lightlys():
    peer, b = IBOTPatchLoss(output_dim=16, teacher_temp=0.05, student_temp=0.1), 5
    peer.center.center.normal_(std=0.1)
    mask = torch.rand(b, 4, 4) < 0.4
    mask[2] = False  # an image without a mask is one of the five all the same
    raw, logits = torch.randn(mask.sum(), 16) / 4, (torch.randn(mask.sum(), 16) / 4).requires_grad_()
    targets = ((raw - peer.center.value) / 0.05).softmax(-1)
    loss = per_image(cross_entropy_to(targets, logits, 0.1), mask.flatten(1))
    expected = peer(raw, logits, mask)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    mine, theirs = torch.autograd.grad(loss, logits), torch.autograd.grad(expected, logits)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


def test_an_image_counts_its_masked_patches_once_and_none_as_zero():
    mask = torch.tensor([[True, True, False], [False, False, False], [False, True, False], [True, True, True]])
    losses = torch.tensor([1.0, 3.0, 5.0, 1.0, 1.0, 4.0])
    assert per_image(losses, mask).item() == pytest.approx((2 + 0 + 5 + 2) / 4)
    assert per_image(torch.zeros(0), torch.zeros(3, 4, dtype=torch.bool)).item() == 0


def test_no_gradient_reaches_the_targets():
    targets, logits = views()
    targets.requires_grad_()
    cross_view(targets, logits, 0.1).backward()
    assert targets.grad is None and logits.grad is not None


def test_equal_logits_cost_ln_k_and_the_entropy_is_the_least():
    targets, logits = views()
    assert cross_view(targets, torch.zeros_like(logits), 0.1).item() == pytest.approx(math.log(7))
    entropy = torch.special.entr(targets[0]).sum(-1)
    torch.testing.assert_close(cross_entropy_to(targets[0], targets[0].log() * 0.1, 0.1), entropy)
    assert (cross_entropy_to(targets[0], logits[0].detach(), 0.1) >= entropy).all()


def test_low_temperatures_are_taken_in_float32_under_autocast():
    targets, logits = torch.rand(4, 64).softmax(-1), torch.randn(4, 64)
    with torch.autocast("cpu", torch.bfloat16):
        low = cross_entropy_to(targets, logits, 0.04)
    torch.testing.assert_close(low, cross_entropy_to(targets, logits, 0.04), rtol=0, atol=0)


def test_one_view_alone_is_refused():
    targets, logits = views(1, 1)
    with pytest.raises(ValueError, match="1 teacher and 1 student view leave no two different ones"):
        cross_view(targets, logits, 0.1)
