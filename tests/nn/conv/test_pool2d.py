"""CLIP's attention pooling equals open_clip's at its own grid; at another its places' positions are resized."""

import pytest
import torch
import torch.nn.functional as F
from open_clip.modified_resnet import AttentionPool2d as Peer

from sightline.nn.conv.pool2d import AttentionPool2d


def pair(grid=3, dim=32, heads=4, out=10):
    peer, ours = Peer(grid, dim, heads, out), AttentionPool2d((grid, grid), dim, heads, out)
    for parameter in peer.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    names = {"position": "positional_embedding"} | {
        f"{a}.{part}": f"{b}_proj.{part}"
        for a, b in (("q", "q"), ("k", "k"), ("v", "v"), ("proj", "c"))
        for part in ("weight", "bias")
    }
    state = peer.state_dict()
    ours.load_state_dict({name: state[theirs] for name, theirs in names.items()})
    return peer, ours


def test_it_equals_open_clips_value_and_gradient():
    peer, ours = pair()
    x = torch.randn(2, 32, 3, 3, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    torch.testing.assert_close(ours(x), peer(y), rtol=1e-5, atol=1e-5)
    ours(x).pow(2).sum().backward()
    peer(y).pow(2).sum().backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.position.grad, peer.positional_embedding.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("grid", [(5, 5), (2, 4)])
def test_another_grid_resizes_the_places_and_keeps_the_mean(grid):
    peer, ours = pair()
    places = ours.position[1:].T.reshape(1, 32, 3, 3)
    new = F.interpolate(places, size=grid, mode="bicubic", antialias=True)[0].flatten(1).T
    peer.positional_embedding = torch.nn.Parameter(torch.cat([ours.position[:1], new]).detach())
    x = torch.randn(2, 32, *grid)
    torch.testing.assert_close(ours(x), peer(x), rtol=1e-5, atol=1e-5)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="width 32 cannot have 5 heads"):
        AttentionPool2d((2, 2), 32, 5, 8)
