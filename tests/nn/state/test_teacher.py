import copy
import math

import pytest
import torch
from torch import nn

from sightline.nn.state.ema import EMA
from sightline.nn.state.teacher import Teacher, cosine_momentum
from sightline.nn.transformer import DropPath


def student():
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4))


def test_it_starts_as_the_student_and_no_gradient_reaches_it():
    module = student()
    teacher = Teacher(module)
    assert all(torch.equal(a, b) for a, b in zip(teacher.parameters(), module.parameters(), strict=True))
    out = teacher(torch.randn(5, 6, requires_grad=True))
    assert not out.requires_grad and not any(p.requires_grad for p in teacher.parameters())


def test_parameters_follow_and_batchnorm_statistics_do_not():
    module = student()
    teacher = Teacher(module)
    before = copy.deepcopy(teacher.module.state_dict())
    with torch.no_grad():
        for p in module.parameters():
            p.add_(torch.randn_like(p))
    module(3 + torch.randn(32, 6))
    teacher.update(module, 0.75)
    for name, p in module.named_parameters():
        torch.testing.assert_close(teacher.module.state_dict()[name], 0.75 * before[name] + 0.25 * p.detach())
    for name, value in teacher.module.named_buffers():
        assert torch.equal(value, before[name])


def test_its_batchnorms_train_on_its_own_batch_and_nothing_else_of_it_trains():
    module = student()
    teacher = Teacher(module)
    holder = nn.ModuleList([module, teacher])
    holder.train()
    assert {type(part) for part in teacher.module.modules() if part.training} == {nn.BatchNorm1d}
    mine, hers = module[1].running_mean.clone(), teacher.module[1].running_mean.clone()
    teacher(5 + torch.randn(32, 6))
    assert torch.equal(module[1].running_mean, mine) and not torch.equal(teacher.module[1].running_mean, hers)
    holder.eval()
    assert not any(part.training for part in holder.modules())


def test_a_drop_path_of_the_student_is_no_noise_in_the_target():
    teacher = Teacher(nn.Sequential(nn.Linear(4, 4), DropPath(0.9))).train()
    x = torch.randn(16, 4)
    torch.testing.assert_close(teacher(x), teacher(x), rtol=0, atol=0)


def test_momentum_equals_lightly():
    from lightly.models.utils import update_momentum
    from lightly.utils.scheduler import cosine_schedule

    for step, start in ((0, 0.99), (37, 0.996), (99, 0.5)):
        peers = cosine_schedule(step, 101, start, 1.0)  # lightly reaches its end at the last step, BYOL's code after it
        assert cosine_momentum(step, 100, start) == pytest.approx(peers, abs=1e-12)
    module = student()
    teacher, peer = Teacher(module), copy.deepcopy(module)
    with torch.no_grad():
        for p in module.parameters():
            p.mul_(1.5)
    teacher.update(module, 0.9)
    update_momentum(module, peer, 0.9)
    for a, b in zip(teacher.parameters(), peer.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_the_schedule_runs_from_its_start_to_one():
    values = [cosine_momentum(step, 50, 0.99) for step in range(51)]
    assert values[0] == 0.99 and values[-1] == 1.0 and values == sorted(values)
    assert cosine_momentum(25, 50, 0.9) == pytest.approx(1 - 0.1 * (math.cos(math.pi / 2) + 1) / 2)
    assert cosine_momentum(80, 50, 0.9) == 1.0  # a run that was made longer
    with pytest.raises(ValueError, match="between 0 and 1"):
        cosine_momentum(0, 10, 99.6)


def test_momentum_may_be_a_buffer():
    module = student().double()
    teacher = Teacher(module)
    with torch.no_grad():
        module[0].weight.add_(1.0)
    before = teacher.module[0].weight.clone()
    teacher.update(module, torch.tensor(0.5))
    torch.testing.assert_close(teacher.module[0].weight, before + 0.5)


def test_an_average_of_a_method_with_a_teacher_keeps_its_teacher_frozen():
    holder = nn.ModuleDict({"student": student()})
    holder["teacher"] = Teacher(holder["student"])
    average = EMA(holder, 0.9)
    average.update(holder, 3)
    assert not any(p.requires_grad for p in average.parameters())
    assert not any(part.training for part in average.average.modules())
