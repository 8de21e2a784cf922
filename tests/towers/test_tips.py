import math

import pytest
import torch

from sightline.nn.attention import Attention
from sightline.towers import TipsTextSpec, from_json, to_json

SPEC = TipsTextSpec(vocab=20, length=6, dim=8, depth=2, heads=2, mlp=12)
IDS = torch.tensor([[3, 7, 5, 0, 0, 0], [4, 4, 9, 2, 1, 6], [11, 0, 0, 0, 0, 0]])


def naive(tower, row):
    """One caption, its real tokens alone: what is padded is as if it were not there."""
    real = [i for i in row.tolist() if i]
    x = []
    for place, i in enumerate(real):
        half = tower.dim // 2
        angles = [place * 10000 ** (-k / (half - 1)) for k in range(half)]
        code = torch.tensor([math.sin(a) for a in angles] + [math.cos(a) for a in angles])
        x.append(tower.embed.weight[i] * tower.dim**0.5 + code)
    x = torch.stack(x)
    for block in tower.stack.blocks:
        assert isinstance(block.attn, Attention)
        q, k, v = block.attn.qkv(block.norm1(x)).view(len(real), 3, 2, 4).unbind(1)
        heads = [((q[:, h] @ k[:, h].T) / 2).softmax(-1) @ v[:, h] for h in range(2)]
        x = x + block.attn.proj(torch.cat(heads, 1))
        x = x + block.mlp.fc2(block.mlp.fc1(block.norm2(x)).relu())
    return tower.stack.norm(x).mean(0)


def test_the_tower_equals_the_naive_one_caption_by_caption():
    tower = SPEC.build()
    for parameter in tower.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    expected = torch.stack([naive(tower, row) for row in IDS])
    torch.testing.assert_close(tower(IDS), expected, rtol=1e-5, atol=1e-5)


def test_the_length_of_the_padding_is_nothing():
    tower = SPEC.build()
    torch.testing.assert_close(tower(IDS[:1, :3]), tower(IDS)[:1], rtol=1e-5, atol=1e-6)


def test_an_empty_caption_is_zero_and_harms_no_gradient():
    tower = SPEC.build()
    y = tower(torch.cat([IDS, torch.zeros(1, 6, dtype=torch.long)]))
    assert not y[3].any() and y.isfinite().all()
    y.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in tower.parameters())


def test_too_long_a_caption_is_refused():
    with pytest.raises(ValueError, match="7 tokens reached a text tower of length 6"):
        SPEC.build()(torch.ones(1, 7, dtype=torch.long))


def test_positions_are_no_part_of_the_weights():
    assert "position" not in SPEC.build().state_dict()
    assert from_json(to_json(SPEC)) == SPEC
