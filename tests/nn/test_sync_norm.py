"""BatchNorm over ranks: its formula here; two ranks equal one in tests/methods/test_pairs_ranks.py."""

import pytest
import torch
from torch import nn

from sightline.nn import sync_norm
from sightline.nn.sync_norm import SyncBatchNorm, across_ranks
from sightline.nn.tag import tag, tags


@pytest.fixture
def two(monkeypatch):
    """As if there were two processes, when modules are replaced."""
    monkeypatch.setattr(sync_norm, "world", lambda: 2)


def test_one_process_keeps_its_own_norms():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    assert across_ranks(module)[1] is module[1] and type(module[1]) is nn.BatchNorm1d


def test_every_batchnorm_is_replaced_with_its_parameters_and_statistics(two):
    module = nn.Sequential(nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm1d(4).eval()), nn.LayerNorm(4))
    parameters, state = dict(module.named_parameters()), module.state_dict()
    tag(module[0].weight, "mine")
    across_ranks(module)
    assert type(module[0]) is SyncBatchNorm and type(module[1][0]) is SyncBatchNorm
    assert type(module[2]) is nn.LayerNorm
    assert all(parameters[name] is p for name, p in module.named_parameters()) and list(module.state_dict()) == list(
        state
    )
    assert tags(module[0].weight) == {"mine"} and module[0].training and not module[1][0].training


@pytest.mark.parametrize("shape", [(9, 5), (4, 5, 3, 2)])
@pytest.mark.parametrize("momentum", [0.1, None])
def test_alone_it_is_batchnorm_in_value_gradient_and_statistics(shape, momentum):
    plain = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(5, momentum=momentum).double()
    ours = SyncBatchNorm(5, momentum=momentum).double()
    for norm in (plain, ours):
        torch.manual_seed(0)
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    for _ in range(3):
        x = (2 + torch.randn(shape, dtype=torch.float64)).requires_grad_()
        y = x.detach().clone().requires_grad_()
        a, b = plain(x), ours(y)
        torch.testing.assert_close(a, b)
        weights = torch.randn_like(a)
        (a * weights).sum().backward()
        (b * weights).sum().backward()
        torch.testing.assert_close(x.grad, y.grad)
    for (name, p), q in zip(plain.named_parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, msg=name)
    for (name, p), q in zip(plain.named_buffers(), ours.buffers(), strict=True):
        torch.testing.assert_close(p, q, msg=name)
    plain.eval(), ours.eval()
    torch.testing.assert_close(plain(x), ours(x))
