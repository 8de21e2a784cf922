import pytest
import torch
from lightly.loss import DINOLoss
from lightly.models.modules.heads import DINOProjectionHead

from sightline.methods.parts.targets import Centering, Sinkhorn
from sightline.methods.parts.teaching import Head, Teaching, by_size
from sightline.methods.pictures.dino import DINO, Config
from sightline.towers import ResNetSpec, ViTSpec
from sightline.train.recipe.init import spread
from sightline.weights.run_folder.joint import dim_of

HEAD = Head(prototypes=16, hidden=12, bottleneck=6)
VIT = ViTSpec(size=16, patch=4, dim=8, depth=2, heads=2, drop_path=0.5)
RESNET = ResNetSpec(depths=(1, 1), width=8)


def method(image=VIT, **named):
    torch.manual_seed(0)
    made = DINO(image.build(), Config(head=HEAD, **named)).double()
    made.before_step(50, 100)
    return made


def batch(b=5, local=3):
    generator = torch.Generator().manual_seed(1)
    big, *rest = (torch.randn(b, 3, s, s, generator=generator, dtype=torch.float64) for s in [16, 16] + [8] * local)
    return {"image": big, "views": rest}


def step(made, given, optimizer=None):
    loss = sum(made(given).values())
    made.zero_grad()
    loss.backward()
    if optimizer is not None:
        optimizer.step()
    made.after_step()
    return loss.detach()


@pytest.mark.parametrize("image", [VIT, RESNET], ids=["vit", "resnet"])
def test_loss_center_and_gradient_are_lightlys(image):
    """lightly's head with our weights and its loss, view by view, on our towers."""
    made, given = method(image).eval(), batch()  # one batch at a time, so BatchNorm must not see who is in it
    for p in made.pair.teacher.parameters():
        p.add_(torch.randn_like(p) * 0.1)
    made.targets.center.normal_(std=0.01)
    heads = []
    for pair in (made.pair.student, made.pair.teacher.module):
        with pytest.warns(FutureWarning, match="weight_norm"):
            head = DINOProjectionHead(pair.tower.dim, 12, 6, 16).double()
        for theirs, ours in zip(head.layers[::2], pair.head.mlp[::2], strict=True):
            theirs.load_state_dict(ours.state_dict())
        head.last_layer.weight_v.data.copy_(pair.head.last.weight)
        heads.append(head)
    peer = DINOLoss(16, center_momentum=0.9).double()
    peer.center.copy_(made.targets.center)
    views = [given["image"], *given["views"]]
    with torch.no_grad():
        told = [heads[1](made.pair.teacher.module.tower(view).pooled) for view in views[:2]]
    said = [heads[0](made.pair.student.tower(view).pooled) for view in views]
    expected = peer(told, said, teacher_temp=float(made.pair.temperature))
    loss = made(given)["cls"]
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    tower = list(made.pair.student.tower.parameters())
    mine, theirs = (torch.autograd.grad(value, tower, allow_unused=True) for value in (loss, expected))
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-8)
    made.after_step()
    torch.testing.assert_close(made.targets.center, peer.center[0, 0], rtol=1e-6, atol=1e-9)


def test_the_center_moves_after_the_loss_and_does_not_depend_on_its_own_step():
    made, given = method(), batch()
    made(given)
    assert not made.targets.center.any()
    made.after_step()
    assert made.targets.center.any()


def test_the_teacher_gets_no_gradient_and_follows_with_this_steps_momentum():
    made, given = method(), batch()
    made.before_step(0, 100)
    optimizer = torch.optim.SGD([p for p in made.parameters() if p.requires_grad], lr=0.5)
    before = {name: p.clone() for name, p in made.pair.teacher.module.named_parameters()}
    step(made, given, optimizer)
    assert not [name for name, p in made.pair.teacher.named_parameters() if p.grad is not None or p.requires_grad]
    student = dict(made.pair.student.named_parameters())
    for name, p in made.pair.teacher.module.named_parameters():
        torch.testing.assert_close(p, 0.996 * before[name] + 0.004 * student[name])


def test_the_teacher_drops_no_paths_and_the_student_does():
    made, given = method().train(), batch()
    one, two = (made.pair.teacher([given["image"]])[1] for _ in range(2))
    torch.testing.assert_close(one, two, rtol=0, atol=0)
    assert made.pair.teacher.module.tower.training is False and made.pair.student.tower.training is True
    assert (made.pair.student([given["image"]])[1] != made.pair.student([given["image"]])[1]).any()


def test_one_call_of_the_tower_a_resolution_and_one_of_the_head():
    made, given, calls = method(), batch(local=4), []
    made.pair.student.tower.register_forward_hook(lambda *a: calls.append(len(a[1][0])))
    made.pair.student.head.register_forward_hook(lambda *a: calls.append(len(a[1][0])))
    made(given)
    assert calls == [10, 20, 30]
    assert [len(x) for x in by_size([given["image"], *given["views"], given["image"]])] == [10, 20, 5]


def test_temperature_momentum_and_freezing_by_share_of_the_run():
    made = method(teaching=Teaching(momentum=0.99, temperature=(0.04, 0.07), warmup=0.3, freeze=0.05))
    seen = {}
    for now in (0, 4, 5, 15, 30, 100):
        made.before_step(now, 100)
        last = made.pair.student.head.last
        seen[now] = (round(float(made.pair.temperature), 4), round(float(made.pair.momentum), 4), float(last.open))
    assert seen == {
        0: (0.04, 0.99, 0),
        4: (0.044, 0.99, 0),
        5: (0.045, 0.9901, 1),
        15: (0.055, 0.9905, 1),
        30: (0.07, 0.9921, 1),
        100: (0.07, 1.0, 1),
    }


def test_frozen_prototypes_get_a_gradient_of_zeros_and_the_rest_learns():
    made, given = method(), batch()
    made.before_step(0, 100)
    step(made, given)
    assert not made.pair.student.head.last.weight.grad.any()
    assert all(p.grad.any() for name, p in made.pair.student.head.mlp.named_parameters() if "weight" in name)


def test_what_is_kept_is_the_teachers_tower():
    made = method()
    assert made.kept().parts == {"image": made.pair.teacher.module.tower}
    assert dim_of(made.kept()) == 8


def test_a_student_begins_where_its_teacher_was_filled():
    made = method()
    tower = made.kept().parts["image"]
    for p in tower.parameters():
        p.add_(1.0)
    spread(tower, made)
    for one, two in zip(made.pair.student.tower.parameters(), tower.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_what_is_watched():
    made, given = method().eval(), batch()  # no drop path: the student is asked twice
    made(given)
    watched = made.watched
    assert watched["image"].shape == (5, 8) and not watched["image"].requires_grad
    ones = torch.ones(5, dtype=torch.float64)
    torch.testing.assert_close(watched["teacher"].sum(1), ones)
    _, logits = made.pair.student([torch.cat([given["image"], given["views"][0]])])
    torch.testing.assert_close(watched["student"].double(), logits[5:].detach() / 0.1, rtol=1e-5, atol=1e-5)


def test_two_views_alone_are_enough_and_one_is_refused():
    made, given = method(), batch(local=0)
    assert made(given)["cls"].isfinite()
    with pytest.raises(ValueError, match="leave no two different ones"):
        made({"image": given["image"], "views": []})


def test_more_prototypes_than_the_batch_can_balance_are_refused_for_sinkhorn_alone():
    balanced = method(targets=Sinkhorn())
    balanced.check(2)
    with pytest.raises(ValueError, match=r"prototypes=8, or batch=2, or method.targets=Centering"):
        balanced.check(1)
    centered = method(targets=Centering())
    centered.check(2)
    with pytest.raises(ValueError, match="a batch of 1 is its own mean.*Set batch=2"):
        centered.check(1)
    method(targets=Sinkhorn(balanced=16)).check(1)
    assert balanced(batch())["cls"].isfinite()


@pytest.mark.parametrize("given", [{"temperature": (0.0, 0.04)}, {"student_temperature": -0.1}])
def test_a_temperature_that_divides_by_nothing_is_refused(given):
    with pytest.raises(ValueError, match="must be above 0; got temperature=.* student_temperature="):
        Teaching(**given)


def test_bfloat16_keeps_the_loss_near_and_float32():
    made, given = method().float(), {"image": batch()["image"].float(), "views": [v.float() for v in batch()["views"]]}
    made.eval()
    exact = made(given)["cls"]
    with torch.autocast("cpu", torch.bfloat16):
        low = made(given)["cls"]
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, exact, rtol=0.05, atol=0.05)
