"""The terms a tower teaches itself by beside words, against one pair, one picture, one prototype at a time."""

import pytest
import torch

from sightline.methods.parts.consistency import consistency, masked
from sightline.methods.parts.follower import Follower, Following, Heads
from sightline.methods.parts.targets import Centering, Sinkhorn
from sightline.methods.parts.teaching import Head
from sightline.towers import ViTSpec

HEAD = Head(prototypes=7, hidden=8, bottleneck=5)
OWN, STUDENT = 0.05, 0.2
CENTER = Centering()


def heads(targets=CENTER):
    made = Heads(6, HEAD, targets).double()
    for parameter in made.teacher.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    if isinstance(targets, Centering):
        made.targets.center.normal_(std=0.1)
    return made


def rows(*shape):
    return torch.randn(*shape, 6, dtype=torch.float64)


def entropy(target, logits):
    """H of one row, prototype by prototype."""
    scores = [torch.exp(z / STUDENT) for z in logits]
    return -sum(p * torch.log(score / sum(scores)) for p, score in zip(target, scores, strict=True))


def temperatures():
    return torch.tensor(OWN, dtype=torch.float64), STUDENT


def test_consistency_is_the_naive_mean_over_all_pairs_of_views():
    made, small, large = heads(), rows(3, 4).requires_grad_(), rows(2, 4)
    targets = ((made.teacher(large) - made.targets.center) / OWN).softmax(-1)
    logits = made.student(small)
    pairs = [entropy(targets[t, b], logits[s, b]) for t in range(2) for s in range(3) for b in range(4)]
    expected, (loss, watched) = sum(pairs) / 24, consistency(made, small, large, temperatures())
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    mine, theirs = torch.autograd.grad(loss, small), torch.autograd.grad(expected, small)
    torch.testing.assert_close(mine, theirs, rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(watched["teacher"], targets[0])
    assert watched["student"].shape == (4, 7) and not watched["student"].requires_grad


@pytest.mark.parametrize("targets", [CENTER, Sinkhorn()], ids=["center", "sinkhorn"])
def test_masked_prediction_is_the_naive_mean_over_images_of_their_masked_patches(targets):
    made, tokens, whole = heads(targets), rows(4, 5).requires_grad_(), rows(4, 5)
    mask = torch.rand(4, 5) < 0.5
    mask[1] = False
    own, _ = temperatures()
    raw = made.teacher(whole)
    answers = torch.zeros_like(raw)
    answers[mask] = made.targets(raw[mask], own)
    logits = made.student(tokens)
    each = [[entropy(answers[b, n], logits[b, n]) for n in range(5) if mask[b, n]] for b in range(4)]
    expected = sum(sum(one) / len(one) for one in each if one) / 4
    loss, watched = masked(made, tokens, whole, mask, temperatures())
    torch.testing.assert_close(loss, expected, rtol=1e-7, atol=0)  # an image's weight is a float32
    assert len(watched["patch_teacher"]) == len(watched["patch_student"]) == mask.sum()
    (gradient,) = torch.autograd.grad(loss, tokens)
    assert (gradient.abs().sum(-1) > 0).equal(mask)


def test_gradients_reach_the_students_side_alone():
    made, small, large = heads(), rows(3, 4).requires_grad_(), rows(2, 4).requires_grad_()
    patches, whole = rows(4, 5).requires_grad_(), rows(4, 5).requires_grad_()
    mask = torch.ones(4, 5, dtype=torch.bool)
    loss = consistency(made, small, large, temperatures())[0] + masked(made, patches, whole, mask, temperatures())[0]
    loss.backward()
    assert small.grad is not None and patches.grad is not None and large.grad is None and whole.grad is None
    assert all(p.grad is not None for p in made.student.parameters())
    assert all(p.grad is None for p in made.teacher.parameters())


def test_a_step_without_a_masked_patch_costs_nothing():
    made, tokens = heads(), rows(4, 5).requires_grad_()
    loss, _ = masked(made, tokens, rows(4, 5), torch.zeros(4, 5, dtype=torch.bool), temperatures())
    loss.backward()
    assert loss == 0 and not tokens.grad.any()


def test_the_teacher_follows_at_one_speed_tower_and_heads_and_begins_as_the_student():
    tower = ViTSpec(size=8, patch=4, dim=6, depth=1, heads=2).build()
    made, follower = Heads(6, HEAD, CENTER), Follower(tower, Following(momentum=0.9, freeze=0.1))
    before = [p.clone() for p in (*follower.tower.parameters(), *made.teacher.parameters())]
    with torch.no_grad():
        for p in (*tower.parameters(), *made.student.parameters()):
            p.add_(1.0)
    for step in (0, 99):  # the momentum is the same at the end
        follower.before_step(step, 100, made)
    follower.after_step(tower, made)
    for old, new in zip(before, (*follower.tower.parameters(), *made.teacher.parameters()), strict=True):
        torch.testing.assert_close(new, old + 0.1, rtol=1e-5, atol=1e-6)
    follower.begin(tower, made)
    for ours, theirs in ((follower.tower, tower), (made.teacher, made.student)):
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_the_prototypes_are_frozen_for_their_share_and_the_temperature_warms():
    tower = ViTSpec(size=8, patch=4, dim=6, depth=1, heads=2).build()
    made, follower = Heads(6, HEAD, CENTER), Follower(tower, Following(freeze=0.1, warmup=0.5))
    states = []
    for step in (0, 9, 10, 25, 80):
        follower.before_step(step, 100, made)
        states.append((float(made.student.last.open), round(float(follower.temperature), 4)))
    assert states == [(0, 0.04), (0, 0.0454), (1, 0.046), (1, 0.055), (1, 0.07)]


def test_the_teacher_sees_without_gradient_and_in_evaluation_mode():
    tower = ViTSpec(size=8, patch=4, dim=6, depth=1, heads=2, drop_path=0.5).build()
    follower = Follower(tower, Following()).train()
    seen = follower(torch.randn(2, 3, 8, 8, requires_grad=True))
    assert not seen.pooled.requires_grad and not seen.tokens.requires_grad
    assert not any(part.training for part in follower.tower.module.modules())


def test_numbers_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="momentum is between 0 and 1, got 99"):
        Following(momentum=99)
    with pytest.raises(ValueError, match="temperatures, which must be above 0"):
        Following(temperature=(0.0, 0.07))
