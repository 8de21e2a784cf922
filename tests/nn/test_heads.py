import pytest
import torch
from torch import nn

from sightline.nn.heads import BYOLHead, DINOHead, ScaledPrototypes, SimCLRHead, UnitPrototypes


def copied(head, peer):
    """The peer with our weights, in our order of layers."""
    theirs, ours = peer.state_dict(), list(head.state_dict().values())
    assert [value.shape for value in theirs.values()] == [value.shape for value in ours]
    peer.load_state_dict(dict(zip(theirs, ours, strict=True)))
    return peer


def compare(head, peer, *shape):
    x = torch.randn(*shape)
    mine, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    a, b = head(mine), peer(theirs)
    torch.testing.assert_close(a, b)
    weights = torch.randn_like(a)
    (a * weights).sum().backward()
    (b * weights).sum().backward()
    torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-6)


def test_simclrs_head_is_lightlys():
    from lightly.models.modules.heads import SimCLRProjectionHead

    head = SimCLRHead(12, 10, 7)
    compare(head, copied(head, SimCLRProjectionHead(12, 10, 7, batch_norm=True)), 9, 12)


def test_byols_heads_are_lightlys():
    from lightly.models.modules.heads import BYOLPredictionHead, BYOLProjectionHead

    for kind in (BYOLProjectionHead, BYOLPredictionHead):
        head = BYOLHead(12, 10, 7)
        compare(head, copied(head, kind(12, 10, 7)), 9, 12)


def dino_peer(head, *, norm_last_layer):
    from lightly.models.modules.heads import DINOProjectionHead

    peer = DINOProjectionHead(12, 10, 6, 20, batch_norm=False, norm_last_layer=norm_last_layer)
    theirs = [part for part in peer.layers if isinstance(part, nn.Linear)]
    for linear, ours in zip(theirs, [part for part in head.mlp if isinstance(part, nn.Linear)], strict=True):
        linear.load_state_dict(ours.state_dict())
    peer.last_layer.weight_v.data.copy_(head.last.weight.data)
    if isinstance(head.last, ScaledPrototypes):
        peer.last_layer.weight_g.data.copy_(head.last.gain.data)
    return peer


@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")  # lightly's
def test_dinos_head_is_lightlys_with_fixed_and_with_learned_norms():
    head = DINOHead(12, 20, hidden=10, bottleneck=6)
    compare(head, dino_peer(head, norm_last_layer=True), 9, 12)
    head = DINOHead(12, 20, hidden=10, bottleneck=6, last=ScaledPrototypes)
    nn.init.uniform_(head.last.gain, 0.5, 2.0)
    peer = dino_peer(head, norm_last_layer=False)
    compare(head, peer, 9, 12)
    torch.testing.assert_close(head.last.weight.grad, peer.last_layer.weight_v.grad, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(head.last.gain.grad, peer.last_layer.weight_g.grad, rtol=1e-4, atol=1e-6)


def test_prototypes_are_torchs_weight_norm():
    last = ScaledPrototypes(6, 5)
    nn.init.uniform_(last.gain, 0.5, 2.0)
    linear = nn.utils.parametrizations.weight_norm(nn.Linear(6, 5, bias=False))
    linear.parametrizations.weight.original0.data.copy_(last.gain.data)
    linear.parametrizations.weight.original1.data.copy_(last.weight.data)
    x = torch.randn(3, 6)
    torch.testing.assert_close(last(x), linear(x))


def test_prototypes_start_as_a_linear_layers_weight():
    torch.manual_seed(3)
    mine = UnitPrototypes(6, 500).weight
    torch.manual_seed(3)
    torch.testing.assert_close(mine, nn.Linear(6, 500, bias=False).weight, rtol=0, atol=0)


def test_logits_are_cosines_whatever_the_norms():
    head = DINOHead(12, 20, hidden=10, bottleneck=6)
    x = torch.randn(9, 12)
    logits = head(x)
    assert logits.abs().max() <= 1 + 1e-6
    with torch.no_grad():
        head.last.weight.mul_(7.0)
    torch.testing.assert_close(head(x), logits)


def test_frozen_prototypes_get_a_gradient_of_zeros_and_the_rest_its_own():
    for kind in (UnitPrototypes, ScaledPrototypes):
        head = DINOHead(12, 20, hidden=10, bottleneck=6, last=kind)
        x = torch.randn(9, 12)
        expected = head(x)
        expected.square().sum().backward()
        trunk = head.mlp[0].weight.grad.clone()
        assert all(p.grad.abs().sum() > 0 for p in head.last.parameters())
        head.zero_grad()
        head.last.open.fill_(0)
        logits = head(x)
        torch.testing.assert_close(logits, expected)
        logits.square().sum().backward()
        assert all(p.grad is not None and not p.grad.any() for p in head.last.parameters())
        torch.testing.assert_close(head.mlp[0].weight.grad, trunk)


def test_logits_are_float32_under_autocast():
    head = DINOHead(12, 20, hidden=10, bottleneck=6)
    with torch.autocast("cpu", torch.bfloat16):
        assert head(torch.randn(4, 12)).dtype == torch.float32
