import pytest
import torch
from torch import nn

from sightline.nn.attention import Attention, causal
from sightline.nn.cross import CrossAttention, CrossBlock
from sightline.nn.transformer import MLP


def named(name, weight, bias):
    return {f"{name}.weight": weight, f"{name}.bias": bias}


def peer_of(block, dim, heads, hidden):
    peer = nn.TransformerDecoderLayer(
        dim, heads, hidden, dropout=0, activation="gelu", norm_first=True, batch_first=True
    )
    state = named("self_attn.out_proj", block.attn.proj.weight, block.attn.proj.bias)
    state |= {"self_attn.in_proj_weight": block.attn.qkv.weight, "self_attn.in_proj_bias": block.attn.qkv.bias}
    cross = block.cross
    state |= named("multihead_attn.out_proj", cross.proj.weight, cross.proj.bias)
    state["multihead_attn.in_proj_weight"] = torch.cat([cross.q.weight, cross.kv.weight])
    state["multihead_attn.in_proj_bias"] = torch.cat([cross.q.bias, cross.kv.bias])
    state |= named("linear1", block.mlp.fc1.weight, block.mlp.fc1.bias)
    state |= named("linear2", block.mlp.fc2.weight, block.mlp.fc2.bias)
    for name in ("norm1", "norm2", "norm3"):
        state |= named(name, getattr(block, name).weight, getattr(block, name).bias)
    peer.load_state_dict(state)
    return peer


def test_a_cross_block_equals_torchs_pre_norm_decoder_layer_in_values_and_gradients():
    torch.manual_seed(0)
    ours = CrossBlock(12, Attention(12, 3), CrossAttention(12, 3, 12), MLP(12, 20), norm=nn.LayerNorm)
    with torch.no_grad():
        for value in ours.parameters():
            value.add_(0.2 * torch.randn_like(value))
    peer = peer_of(ours, 12, 3, 20)
    real = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    results = []
    for block, given in (
        (ours, lambda memory: {"memory": memory, "seen": real[:, None, None], "mask": causal(5)}),
        (peer, lambda memory: {"memory": memory, "memory_key_padding_mask": ~real, "tgt_mask": causal(5).isinf()}),
    ):
        torch.manual_seed(1)
        x, memory = torch.randn(2, 5, 12, requires_grad=True), torch.randn(2, 7, 12, requires_grad=True)
        y = block(x, **given(memory))
        results.append((y, *torch.autograd.grad(y.square().sum(), (x, memory))))
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_the_memory_may_have_another_width():
    x, memory = torch.randn(2, 3, 8), torch.randn(2, 5, 20)
    assert CrossAttention(8, 2, 20)(x, memory).shape == (2, 3, 8)
    with pytest.raises(ValueError, match="cannot have 3 heads"):
        CrossAttention(8, 3, 20)
