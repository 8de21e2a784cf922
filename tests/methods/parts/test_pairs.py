"""SimCLR and BYOL: what the trainer expects of them, and their parts."""

import pytest
import torch
from torch import nn

from sightline.methods.parts.pairs import pair
from sightline.methods.pictures import byol, simclr
from sightline.methods.pictures.byol import BYOL
from sightline.methods.pictures.simclr import SimCLR
from sightline.nn.head import unit
from sightline.protocols import Contrastive, Method
from sightline.towers import ResNetSpec, ViTSpec
from sightline.weights.run_folder.joint import dim_of, joint_of

TOWERS = {
    "resnet": ResNetSpec(depths=(1, 1), width=8),
    "vit": ViTSpec(size=16, patch=4, dim=24, depth=2, heads=3),
}
KINDS = {
    "simclr": lambda tower: SimCLR(tower, simclr.Config(temperature=0.2, out=12)),
    "byol": lambda tower: BYOL(tower, byol.Config(hidden=32, out=12, momentum=0.9)),
}


def batch(b=8, views=1):
    return {"image": torch.randn(b, 3, 16, 16), "views": [torch.randn(b, 3, 16, 16) for _ in range(views)]}


@pytest.fixture(params=[(kind, tower) for kind in KINDS for tower in TOWERS], ids="-".join)
def method(request):
    kind, tower = request.param
    return KINDS[kind](TOWERS[tower].build())


def test_a_method_is_what_the_trainer_expects(method):
    assert isinstance(method, Method) and method.needs == {"image", "views"}
    losses = method(batch())
    assert all(value.ndim == 0 and value.isfinite() for value in losses.values())
    sum(losses.values()).backward()
    for name, p in method.named_parameters():
        assert p.requires_grad == (p.grad is not None), name
        assert p.requires_grad != name.startswith("target."), name


def test_the_kept_encoder_is_the_tower_alone(method):
    assert method.kept().parts.keys() == {"image"} and method.kept().capabilities == ("embeds",)
    encoder = joint_of(method.kept())
    x = torch.randn(2, 3, 16, 16)
    method.eval()
    torch.testing.assert_close(encoder.encode_image(x), encoder.image(x).pooled)
    assert encoder.encode_image(x).shape == (2, dim_of(method.kept()))


def test_what_the_monitor_sees_is_detached(method):
    method(batch())
    assert set(method.watched) == ({"image", "target"} if isinstance(method, BYOL) else {"image"})
    assert all(len(value) == 8 and not value.requires_grad for value in method.watched.values())


def test_one_batch_is_overfitted(method):
    data = batch(16)
    optimizer = torch.optim.AdamW([p for p in method.parameters() if p.requires_grad], lr=3e-3)
    first = sum(method(data).values()).item()
    for step in range(40):
        method.before_step(step, 40)
        loss = sum(method(data).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        method.after_step()
    assert loss.item() < 0.7 * first


def test_two_views_it_must_be():
    with pytest.raises(ValueError, match="this recipe makes 3: set data.views to TwoViews or ByolViews"):
        pair(batch(views=2))


def test_simclr_is_lightlys_loss_of_lightlys_head():
    from lightly.loss import NTXentLoss
    from lightly.models.modules.heads import SimCLRProjectionHead

    method, data = KINDS["simclr"](TOWERS["vit"].build()), batch()
    head = SimCLRProjectionHead(24, 24, 12, batch_norm=True)
    head.load_state_dict(dict(zip(head.state_dict(), method.head.state_dict().values(), strict=True)))
    z = head(torch.cat([method.image(data["image"]).pooled, method.image(data["views"][0]).pooled]))
    torch.testing.assert_close(method(data)["ntxent"], NTXentLoss(0.2)(*z.chunk(2)), rtol=1e-5, atol=1e-6)


def test_simclr_splits_for_gradcache():
    method, data = KINDS["simclr"](TOWERS["vit"].build()), batch()
    assert isinstance(method, Contrastive)
    torch.testing.assert_close(method(data)["ntxent"], method.compare(method.embed(data), data)["ntxent"])


def test_byol_is_lightlys_loss_in_both_directions_each_view_normalised_alone():
    from lightly.loss import NegativeCosineSimilarity

    method, data, cosine = KINDS["byol"](TOWERS["resnet"].build()), batch(), NegativeCosineSimilarity()
    views = [data["image"], data["views"][0]]
    z, said = zip(*[(method.target(v)[1], method.predict(method.online(v)[1])) for v in views], strict=True)
    expected = 4 + 2 * cosine(said[0], z[1].detach()) + 2 * cosine(said[1], z[0].detach())
    torch.testing.assert_close(method(data)["regression"], expected, rtol=1e-5, atol=1e-5)


def test_byols_target_follows_after_the_step_with_the_scheduled_momentum():
    method = KINDS["byol"](TOWERS["resnet"].build())
    method.before_step(0, 10)
    assert method.momentum.item() == pytest.approx(0.9)
    old = method.target.module.head[0].weight.clone()
    with torch.no_grad():
        method.online.head[0].weight.add_(1.0)
    method.after_step()
    torch.testing.assert_close(method.target.module.head[0].weight, old + 0.1)
    method.before_step(10, 10)
    assert method.momentum.item() == 1.0 and "momentum" in method.state_dict()


def test_byols_networks_keep_their_own_batchnorm_statistics():
    method = KINDS["byol"](TOWERS["resnet"].build())
    nn.init.normal_(method.target.module.image.stem[0].weight, std=3.0)
    method(batch())
    ours, targets = method.online.image.stem[1], method.target.module.image.stem[1]
    assert targets.num_batches_tracked == ours.num_batches_tracked == 2
    assert not torch.allclose(ours.running_var, targets.running_var)


def test_under_autocast_the_loss_is_float32(method):
    data = batch(16)
    plain = sum(method(data).values())
    with torch.autocast("cpu", torch.bfloat16):
        losses = method(data)
    assert all(value.dtype == torch.float32 for value in losses.values())
    torch.testing.assert_close(sum(losses.values()), plain, rtol=0.05, atol=0.05)


def test_simclrs_vectors_have_unit_length_and_keep_their_views_apart():
    method, data = KINDS["simclr"](TOWERS["vit"].build()), batch()
    first, second = method.embed(data)
    torch.testing.assert_close(first.norm(dim=1), torch.ones(8))
    pooled = method.image(torch.cat([data["image"], data["views"][0]])).pooled
    torch.testing.assert_close(torch.cat([first, second]), unit(method.head(pooled)), rtol=1e-4, atol=1e-5)
