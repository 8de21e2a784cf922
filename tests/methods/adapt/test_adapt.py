from math import exp

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sightline.losses.coral import coral
from sightline.methods.adapt.adabn import AdaBN
from sightline.methods.adapt.coral import CORAL
from sightline.methods.adapt.dann import DANN, reversal_at
from sightline.methods.adapt.dann import Config as Adversarial
from sightline.methods.adapt.self_training import Config as Taught
from sightline.methods.adapt.self_training import SelfTraining, pseudo_label_loss
from sightline.protocols import Features

K = 4


class Tower(nn.Module):
    """A normalised linear map."""

    def __init__(self, norm=True):
        super().__init__()
        self.map = nn.Linear(12, 6)
        self.norm = nn.BatchNorm1d(6) if norm else nn.Identity()
        self.dim = 6

    def forward(self, image):
        pooled = self.norm(self.map(image.flatten(1)))
        return Features(pooled=pooled, tokens=pooled[:, None], prefix=pooled[:, :0, None], grid=(1, 1))


def batch(b=8, shift=3.0):
    rng = torch.Generator().manual_seed(1)
    domain = torch.arange(b) % 2
    image = torch.randn(b, 3, 2, 2, generator=rng) + shift * domain[:, None, None, None]
    label = torch.where(domain == 0, torch.arange(b) // 2 % K, -1)
    return {"image": image, "views": [image + 0.1], "label": label, "domain": domain}


def made(kind, **config):
    torch.manual_seed(0)
    return kind(Tower(), nn.Linear(6, K), **config).train()


@pytest.mark.parametrize("kind", [AdaBN, CORAL, DANN, SelfTraining])
def test_pictures_of_the_target_have_no_part_in_the_classes_that_are_learnt(kind):
    """Only source rows have labels; changing what would be the target's changes no gradient of the class term."""
    one, other = batch(), batch()
    other["label"] = torch.where(other["domain"] == 1, torch.tensor(2), other["label"])
    grads = []
    for some in (one, other):
        method = made(kind)
        method(some)["class"].backward()
        grads.append(method.classes.weight.grad)
    assert torch.equal(*grads)


def test_adabn_learns_on_source_statistics_and_remembers_those_of_the_target():
    method, some = made(AdaBN), batch()
    for norm in (part for part in method.modules() if isinstance(part, nn.BatchNorm1d)):
        norm.momentum = 1.0
    source, target = some["image"][::2].flatten(1), some["image"][1::2].flatten(1)
    mapped = method.image.map(source)
    expected = (mapped - mapped.mean(0)) / (mapped.var(0, unbiased=False) + 1e-5).sqrt()
    loss = F.cross_entropy(method.classes(expected), some["label"][::2])
    found = method(some)["class"]
    torch.testing.assert_close(found, loss)
    with torch.no_grad():
        torch.testing.assert_close(method.image.norm.running_mean, method.image.map(target).mean(0))
        torch.testing.assert_close(method.image.norm.running_var, method.image.map(target).var(0))
    assert method.image.norm.num_batches_tracked == 1 and method.image.norm.track_running_stats


def test_adabn_refuses_a_tower_that_keeps_no_statistics():
    with pytest.raises(ValueError, match="Tower has none: take a convolutional tower"):
        AdaBN(Tower(norm=False), nn.Linear(6, K))


def test_coral_compares_the_logits_of_both_halves_of_the_batch():
    method, some = made(CORAL), batch()
    logits = method.logits(some["image"])
    found = method(some)
    torch.testing.assert_close(found["coral"], coral(logits[::2], logits[1::2]))
    torch.testing.assert_close(found["class"], F.cross_entropy(logits[::2], some["label"][::2]))


def test_lambda_follows_the_paper():
    assert reversal_at(0.0) == 0.0
    assert reversal_at(0.3) == pytest.approx(2 / (1 + exp(-3)) - 1)
    method = made(DANN)
    method.before_step(50, 100)
    assert float(method.strength) == pytest.approx(2 / (1 + exp(-5)) - 1, rel=1e-6)


def test_the_tower_of_dann_is_pushed_away_from_what_its_domain_network_learns():
    """The gradient of the domain term is that without the layer times -lambda before it, and unchanged after it."""
    some = batch()

    def grads(strength):
        method = made(DANN, config=Adversarial(hidden=8))
        if strength is not None:
            method.strength.fill_(strength)
            loss = method(some)["domain"]
        else:
            told = method.domain(method.image(some["image"]).pooled)[:, 0]
            loss = F.binary_cross_entropy_with_logits(told, some["domain"].float())
        loss.backward()
        return method.image.map.weight.grad, method.domain[0].weight.grad

    (plain, told), (turned, same) = grads(None), grads(0.7)
    torch.testing.assert_close(turned, -0.7 * plain)
    torch.testing.assert_close(same, told)


def test_only_names_that_the_teacher_is_sure_of_are_learnt_and_all_are_counted():
    teacher = torch.tensor([[9.0, 0, 0, 0], [0.1, 0, 0, 0], [0, 0, 7.0, 0]], dtype=torch.float64)
    student = torch.randn(3, K, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    loss, share = pseudo_label_loss(student, teacher, 0.95)
    log = student.detach().float().log_softmax(1)
    assert loss.item() == pytest.approx(float(-(log[0, 0] + log[2, 2]) / 3), rel=1e-6)
    assert share.item() == pytest.approx(2 / 3)
    loss.backward()
    assert torch.equal(student.grad[1], torch.zeros(K, dtype=torch.float64))


def test_the_teacher_follows_the_student_is_kept_and_gets_no_gradient():
    method = made(SelfTraining, config=Taught(threshold=0.0, momentum=0.75))
    before = method.teacher.module["classes"].weight.clone()
    sum(method(batch()).values()).backward()
    assert all(p.grad is None for p in method.teacher.parameters())
    with torch.no_grad():
        method.classes.weight += 1.0
    method.after_step()
    torch.testing.assert_close(method.teacher.module["classes"].weight, before + 0.25)
    assert method.kept().parts["classes"] is method.teacher.module["classes"]
    assert torch.equal(method.kept().parts["image"].norm.num_batches_tracked, torch.tensor(1))


def test_a_data_set_of_one_class_is_refused():
    with pytest.raises(ValueError, match="at least two classes, and the data has 1"):
        CORAL(Tower(), nn.Linear(6, 1))
