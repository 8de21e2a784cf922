"""The order of a step, the bank as state, two ranks as one, and what is refused."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sightline import dist
from sightline.methods.pictures.instance_discrimination import NCE, Config, FullSoftmax, InstanceDiscrimination
from sightline.towers.spec import ViTSpec

B, N, D = 6, 15, 5


def method(against=None, **numbers):
    torch.manual_seed(1)
    tower = ViTSpec(size=8, patch=4, dim=8, depth=1, heads=2).build()
    config = Config(against=against or FullSoftmax(), temperature=0.2, **numbers)
    return InstanceDiscrimination(tower, nn.Linear(8, D), D, N, config).double()


def batch(step):
    generator = torch.Generator().manual_seed(step)
    image = torch.randn(B, 3, 8, 8, generator=generator, dtype=torch.float64)
    return {"image": image, "index": torch.randperm(N, generator=generator)[:B]}


def run(made, steps):
    """Losses of some steps of SGD, and the gradients of the last."""
    optimizer, losses, gradients = torch.optim.SGD(made.parameters(), lr=0.05), [], {}
    for step in steps:
        share = B // dist.world()
        mine = {key: value[dist.offset(share) :][:share] for key, value in batch(step).items()}
        made.before_step(step, 10)
        loss = sum(made(mine).values())
        optimizer.zero_grad()
        loss.backward()
        dist.all_reduce_gradients(made.parameters())
        gradients = {name: p.grad.clone() for name, p in made.named_parameters()}
        optimizer.step()
        made.after_step()
        losses.append(dist.mean(loss.detach()))
    return torch.stack(losses), gradients


def two_ranks(steps):
    made = method(proximal=0.3)
    losses, gradients = run(made, range(steps))
    return losses, gradients, made.bank.entries


def test_the_loss_reads_the_bank_as_it_was_and_the_step_writes_the_features_from_before_it():
    made, now = method(), batch(0)
    before = made.bank.entries.clone()
    v = F.normalize(made.head(made.image(now["image"]).pooled), dim=1).detach()
    expected = F.cross_entropy(v @ before.T / 0.2, now["index"])
    losses, _ = run(made, [0])
    torch.testing.assert_close(losses[0], expected)
    torch.testing.assert_close(
        made.bank.entries[now["index"]], F.normalize(0.5 * before[now["index"]] + 0.5 * v, dim=1)
    )


def test_the_bank_gets_no_gradient_and_an_evaluation_writes_nothing():
    made = method()
    before = made.bank.entries.clone()
    assert not made.bank.entries.requires_grad
    made.eval()
    with torch.no_grad():
        made(batch(0))
    made.after_step()
    assert torch.equal(made.bank.entries, before)


def test_a_step_that_was_broken_off_leaves_nothing_behind():
    made = method()
    before = made.bank.entries.clone()
    made(batch(3))
    made.before_step(1, 10)
    made.after_step()
    assert torch.equal(made.bank.entries, before)


def test_micro_batches_are_all_written():
    whole, parts, now = method(), method(), batch(0)
    whole(now)
    for rows in (slice(0, 2), slice(2, B)):
        parts({key: value[rows] for key, value in now.items()})
    whole.after_step()
    parts.after_step()
    torch.testing.assert_close(whole.bank.entries, parts.bank.entries)


@pytest.mark.parametrize("against", [FullSoftmax(), NCE(noise=7)])
def test_a_reload_takes_the_same_next_step(against):
    made, again = method(against), method(against)
    run(made, range(3))
    again.load_state_dict(copy.deepcopy(made.state_dict()))
    for one in (made, again):
        torch.manual_seed(9)  # as the trainer does at every step
        run(one, [3])
    assert all(torch.equal(a, b) for a, b in zip(made.state_dict().values(), again.state_dict().values(), strict=True))


def test_two_ranks_equal_one(ranks):
    made = method(proximal=0.3)
    losses, gradients = run(made, range(4))
    for two in ranks.run(__file__, "two_ranks", 4):
        torch.testing.assert_close(two[0], losses)
        torch.testing.assert_close(two[2], made.bank.entries)
        for name, gradient in gradients.items():
            torch.testing.assert_close(two[1][name], gradient)


def test_agreement_rises_as_pictures_come_back():
    made, now = method(), batch(0)
    optimizer = torch.optim.SGD(made.parameters(), lr=0.0)
    for _ in range(6):
        made(now)
        optimizer.step()
        made.after_step()
    made(now)
    assert made.watched["agreement"] > 0.99


def test_z_is_frozen_by_the_first_batch():
    made = method(NCE(noise=7))
    run(made, [0])
    z = made.partition.log_z.clone()
    run(made, [1])
    assert z.isfinite() and z != 0 and torch.equal(made.partition.log_z, z)


def test_the_proximal_term_has_a_name_of_its_own():
    assert set(method()(batch(0))) == {"instance"}
    assert set(method(proximal=1.0)(batch(0))) == {"instance", "proximal"}


def test_a_picture_the_bank_does_not_know_is_refused():
    now = batch(0)
    now["index"][2] = N
    with pytest.raises(ValueError, match=f"picture number {N} came to a method made for {N} pictures"):
        method()(now)


@pytest.mark.parametrize(("samples", "said"), [(0, "a stream does not tell it"), (1, "give two")])
def test_streams_and_single_pictures_are_refused(samples, said):
    tower = ViTSpec(size=8, patch=4, dim=8, depth=1, heads=2).build()
    with pytest.raises(ValueError, match=said):
        InstanceDiscrimination(tower, nn.Linear(8, D), D, samples)


def test_the_tower_is_what_is_kept():
    made = method()
    assert made.kept().parts.keys() == {"image"}
