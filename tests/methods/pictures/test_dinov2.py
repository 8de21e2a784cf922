import pytest
import torch
from lightly.loss import KoLeoLoss

from sightline.losses.sinkhorn import sinkhorn
from sightline.methods.parts import gram
from sightline.methods.parts.gram import WithGram
from sightline.methods.parts.targets import Centering, Sinkhorn
from sightline.methods.parts.teaching import Head
from sightline.methods.pictures.dinov2 import Config, DINOv2
from sightline.towers import ViTSpec

HEAD = Head(prototypes=16, hidden=12, bottleneck=6, norms="trained")
B = 5


def method(**named):
    torch.manual_seed(0)
    tower = ViTSpec(size=16, patch=4, dim=8, depth=2, heads=2).build()
    made = DINOv2(tower, Config(head=HEAD, patch_head=HEAD, **named)).double()
    for p in made.pair.teacher.parameters():
        p.add_(torch.randn_like(p) * 0.1)
    made.token.data.normal_()
    made.before_step(50, 100)
    return made


def batch(local=2):
    generator = torch.Generator().manual_seed(1)
    big, *rest = (torch.randn(B, 3, s, s, generator=generator, dtype=torch.float64) for s in [16, 16] + [8] * local)
    masks = [torch.rand(B, 4, 4, generator=generator) < 0.4 for _ in range(2)]
    masks[0][1] = masks[1][3] = False
    return {"image": big, "views": rest, "masks": masks}


def naive(made, given):
    """The released code's sums, one pair, one patch, one picture at a time."""
    views, student, teacher = [given["image"], *given["views"]], made.pair.student, made.pair.teacher.module
    temperature, masks = float(made.pair.temperature), torch.cat(given["masks"]).flatten(1)
    with torch.no_grad():
        told = teacher.tower(torch.cat(views[:2]))
        cls = sinkhorn(teacher.head(told.pooled), temperature).unflatten(0, (2, B))
        patches = iter(sinkhorn(teacher.patch_head(told.tokens[masks]), temperature))
    seen = student.tower.masked(torch.cat(views[:2]), torch.cat(given["masks"]), made.token)
    local = [student.tower(view).pooled for view in views[2:]]
    said = [(student.head(x) / 0.1).log_softmax(-1) for x in [*seen.pooled.split(B), *local]]
    terms = 2 + 2 * len(local)
    pooled = -(cls[0] * said[1]).sum() / B / terms - (cls[1] * said[0]).sum() / B / terms
    for x in said[2:]:
        pooled = pooled - ((cls[0] * x).sum() + (cls[1] * x).sum()) / B / terms
    patch = 0.0
    for picture in range(2 * B):
        for place in range(16):
            if masks[picture, place]:
                guess = (student.patch_head(seen.tokens[picture, place][None])[0] / 0.1).log_softmax(-1)
                patch = patch - (next(patches) * guess).sum() / masks[picture].sum() / (2 * B)
    spread = sum(KoLeoLoss()(x) for x in seen.pooled.split(B))
    return {"cls": pooled, "patch": patch, "koleo": 0.1 * spread}


def test_three_terms_with_the_released_codes_divisors_in_value_and_gradient():
    made, given = method(), batch()
    losses, expected = made(given), naive(made, given)
    assert losses.keys() == expected.keys()
    for name, value in losses.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-6, atol=1e-8)
    learned = [p for p in made.parameters() if p.requires_grad]
    mine, theirs = (torch.autograd.grad(sum(terms.values()), learned) for terms in (losses, expected))
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-9)


def test_heads_are_two_and_norms_of_prototypes_learn():
    made = method()
    sum(made(batch()).values()).backward()
    for head in (made.pair.student.head, made.pair.student.patch_head):
        assert head.last.gain.grad.any()
    assert made.pair.student.head is not made.pair.student.patch_head
    assert all((p.grad is None) == ("teacher" in name) for name, p in made.named_parameters())


def test_without_any_mask_every_parameter_still_gets_a_gradient():
    made, given = method(), batch()
    given["masks"] = [torch.zeros_like(mask) for mask in given["masks"]]
    losses = made(given)
    assert losses["patch"] == 0
    sum(losses.values()).backward()
    assert all((p.grad is None) == ("teacher" in name) for name, p in made.named_parameters())


def test_koleo_leaves_the_two_views_of_a_picture_be():
    """Both global views the same picture: each view spreads among its own batch, so nobody's neighbour is itself."""
    made, given = method(), batch()
    given["views"][0] = given["image"]
    given["masks"] = [given["masks"][0]] * 2
    assert made(given)["koleo"] < 1


def test_centers_follow_the_masked_patches():
    made, given = method(targets=Centering()), batch()
    seen = made.see(given)
    with torch.no_grad():
        expected = made.pair.teacher.module.patch_head(seen.teacher_tokens[seen.mask]).mean(0)
    made.losses(seen)
    made.after_step()
    torch.testing.assert_close(made.patch_targets.center, 0.1 * expected)


def test_what_a_batch_cannot_do_is_refused_before_it_starts():
    made = method()
    made.check(2)
    with pytest.raises(ValueError, match="16 prototypes are more than a batch of 1"):
        made.check(1)
    with pytest.raises(ValueError, match="no neighbours for KoLeo"):
        method(targets=Sinkhorn(balanced=99)).check(1)
    with pytest.raises(ValueError, match="a batch of 1 is its own mean"):
        method(targets=Centering()).check(1)
    method(targets=Centering(), koleo_weight=0.0).check(2)


def test_gram_joins_at_its_share_of_the_run_with_the_teacher_of_that_step():
    made, given = WithGram(method(), gram.Config(weight=2.0, start=0.4, every=0.1, refreshes=1)), batch()
    made.before_step(0, 100)
    assert made(given).keys() == {"cls", "patch", "koleo"}
    optimizer = torch.optim.SGD([p for p in made.parameters() if p.requires_grad], lr=0.5)
    taken = {}
    for step in (39, 40, 45, 50, 60):
        made.before_step(step, 100)
        now = next(made.method.pair.teacher.module.tower.parameters()).clone()
        anchor = next(made.anchor.parameters())
        taken[step] = "gram" in made(given), torch.equal(anchor, now)
        sum(made(given).values()).backward()
        optimizer.step()
        made.after_step()
    assert taken == {39: (False, True), 40: (True, True), 45: (True, False), 50: (True, True), 60: (True, False)}
    assert not [p for p in made.anchor.parameters() if p.requires_grad or p.grad is not None]
    assert made.kept().parts["image"] is made.method.pair.teacher.module.tower


def test_gram_costs_nothing_where_student_and_anchor_agree():
    made, given = WithGram(method(), gram.Config(start=0.0)), batch()
    given["masks"] = [torch.zeros_like(mask) for mask in given["masks"]]
    made.method.pair.teacher.update(made.method.pair.student, 0.0)
    made.before_step(0, 100)
    torch.testing.assert_close(made(given)["gram"], torch.zeros((), dtype=torch.float64))
