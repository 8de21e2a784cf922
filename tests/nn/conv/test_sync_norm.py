"""BatchNorm over ranks: two of them are one with the whole batch, in values, gradients and statistics."""

import pytest
import torch
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from sightline import dist
from sightline.nn.conv import sync_norm
from sightline.nn.conv.sync_norm import BATCHNORM, SyncBatchNorm, across_ranks
from sightline.nn.tag import tag, tags

CPU = torch.device("cpu")
FIRST = 2
"""rows of the first rank; the other has the rest"""


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


def test_a_module_that_is_a_batchnorm_is_replaced_itself_and_only_once(two):
    made = across_ranks(nn.BatchNorm1d(3))
    assert type(made) is SyncBatchNorm and isinstance(made, BATCHNORM) and across_ranks(made) is made


def test_torchs_own_kernels_serve_an_accelerator_and_no_cpu(two):
    module = nn.Sequential(nn.SyncBatchNorm(3), nn.BatchNorm2d(3))
    assert [type(part) for part in across_ranks(module, torch.device("cuda"))] == [nn.SyncBatchNorm] * 2
    assert [type(part) for part in across_ranks(module, CPU)] == [SyncBatchNorm] * 2


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.BatchNorm2d])
def test_what_a_norm_lacks_its_replacement_lacks_too(two, kind):
    bare = across_ranks(kind(5, affine=False, track_running_stats=False, momentum=None, eps=0.1))
    assert not bare.state_dict() and bare.weight is None and bare.running_mean is None
    assert (bare.momentum, bare.eps) == (None, 0.1)
    gain = across_ranks(kind(5, bias=False))
    assert gain.bias is None and gain.weight is not None


def norm(kind, settings, device=CPU):
    torch.manual_seed(3)
    made = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[kind](5, **settings)
    for parameter in made.parameters():
        nn.init.normal_(parameter)
    return across_ranks(made.double(), device)


def rows(shape, step, dtype=torch.float64):
    generator = torch.Generator().manual_seed(step)
    x, g = (torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))
    return (2 + x * torch.arange(1, 6).view(5, *[1] * (len(shape) - 2))).to(dtype), g.to(dtype)


def mine(x):
    return x if dist.world() == 1 else (x[:FIRST], x[FIRST:])[dist.rank()]


def learn(shape, settings):
    """Two steps in training, then one look in evaluation: (outputs and gradients of my rows, the norm's, its state)."""
    made, seen = norm(len(shape), settings), []
    for step in range(2):
        x, g = (mine(part) for part in rows(shape, step))
        x.requires_grad_()
        y = made(x)
        (y * g).sum().backward()
        seen += [y.detach(), x.grad]
    with torch.no_grad():
        seen.append(made.eval()(mine(rows(shape, 2)[0])) if made.track_running_stats else torch.zeros(0))
    return seen, [dist.total(p.grad) for p in made.parameters()], made.state_dict()


@pytest.mark.parametrize("shape", [(7, 5), (4, 5, 3), (3, 5, 4, 2)], ids=["rows", "lines", "pictures"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}, {"bias": False}],
    ids=lambda s: next(iter(s), "usual"),
)
def test_two_uneven_ranks_are_one_batchnorm(ranks, shape, settings):
    one, gradients, state = learn(shape, settings)
    two = ranks.run(__file__, "learn", shape, settings)
    for whole, *parts in zip(one, *(seen for seen, _, _ in two), strict=True):
        torch.testing.assert_close(torch.cat(parts), whole)
    for _, theirs, held in two:
        torch.testing.assert_close(theirs, gradients)
        torch.testing.assert_close(dict(held), dict(state))


def halves(shape):
    made = norm(len(shape), {}).float()
    x, g = (mine(part) for part in rows(shape, 0, torch.bfloat16))
    x.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        y = made(x)
    y.backward(g)
    return y.detach(), x.grad, made.running_mean, made.running_var


def test_statistics_of_bfloat16_are_float32(ranks):
    shape = (300, 5)  # a bfloat16 sum of 300 values near 2 to 10 is wrong in its second digit
    x, _ = rows(shape, 0, torch.bfloat16)
    for y, grad, mean, variance in ranks.run(__file__, "halves", shape):
        assert y.dtype == grad.dtype == torch.bfloat16 and mean.dtype == variance.dtype == torch.float32
        torch.testing.assert_close(mean, 0.1 * x.float().mean(0), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(variance, 0.9 + 0.1 * x.float().var(0), rtol=1e-5, atol=1e-6)


def wrapped(wrapper):
    """Three steps of a small network under DDP or FSDP2: its last state, whole, and the losses."""
    torch.manual_seed(2)
    network: nn.Module = nn.Sequential(nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2))
    network = across_ranks(network.double(), CPU)
    if dist.world() > 1:
        network = (
            DistributedDataParallel(network, broadcast_buffers=False) if wrapper == "ddp" else fully_shard(network)
        )
    steps, losses = torch.optim.SGD(network.parameters(), lr=0.3), []
    for step in range(3):
        generator = torch.Generator().manual_seed(step)
        x = torch.randn(8, 4, generator=generator, dtype=torch.float64)[dist.offset(8 // dist.world()) :]
        loss = network(x[: 8 // dist.world()]).square().mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(float(dist.mean(loss)))
    state = {name.removeprefix("module."): value.detach() for name, value in network.state_dict().items()}
    return losses, {n: v.full_tensor() if hasattr(v, "full_tensor") else v for n, v in state.items()}


@pytest.mark.parametrize("wrapper", ["ddp", "fsdp2"])
def test_it_runs_inside_a_wrapper_that_shares_the_gradients(ranks, wrapper):
    losses, state = wrapped("")
    for theirs, held in ranks.run(__file__, "wrapped", wrapper):
        assert theirs == pytest.approx(losses, rel=1e-10)
        torch.testing.assert_close(held, state)


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


def test_one_value_a_channel_has_no_variance():
    with pytest.raises(ValueError, match="no variance over one value"):
        SyncBatchNorm(3)(torch.randn(1, 3))
