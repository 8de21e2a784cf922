import pytest
import torch
from torch import nn

from sightline.nn.attention import Attention, causal
from sightline.nn.transformer import MLP, Block, DropPath, LayerScale, PostNormBlock, QuickGELU, Stack, SwiGLU


def test_a_block_equals_torchs_pre_norm_layer():
    ours = Block(12, Attention(12, 3), MLP(12, 20), norm=nn.LayerNorm)
    peer = nn.TransformerEncoderLayer(12, 3, 20, dropout=0, activation="gelu", norm_first=True, batch_first=True)
    peer.load_state_dict(
        {
            "self_attn.in_proj_weight": ours.attn.qkv.weight,
            "self_attn.in_proj_bias": ours.attn.qkv.bias,
            "self_attn.out_proj.weight": ours.attn.proj.weight,
            "self_attn.out_proj.bias": ours.attn.proj.bias,
            "linear1.weight": ours.mlp.fc1.weight,
            "linear1.bias": ours.mlp.fc1.bias,
            "linear2.weight": ours.mlp.fc2.weight,
            "linear2.bias": ours.mlp.fc2.bias,
        }
        | {
            f"{norm}.{name}": getattr(getattr(ours, norm), name)
            for norm in ("norm1", "norm2")
            for name in ("weight", "bias")
        }
    )
    x = torch.randn(2, 5, 12)
    torch.testing.assert_close(ours(x), peer(x), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(ours(x, mask=causal(5)), peer(x, src_mask=causal(5)), rtol=1e-5, atol=1e-6)


def test_a_stack_hands_its_context_to_every_block():
    seen = []

    class Spy(nn.Module):
        def forward(self, x, **context):
            seen.append(context)
            return x

    Stack([Spy(), Spy()], nn.Identity())(torch.zeros(1, 2, 3), mask="m", rotate="r")
    assert seen == [{"mask": "m", "rotate": "r"}] * 2


def test_quick_gelu_is_openais():
    from transformers.activations import QuickGELUActivation

    x = torch.randn(9)
    torch.testing.assert_close(QuickGELU()(x), QuickGELUActivation()(x))


def equations(x, wq, wk, wv, wc, w1, w2, norms):
    """(1)-(6) head by head: Wq_h, Wk_h, Wv_h are d x k, Wc_h is k x d."""
    mixed = torch.zeros_like(x)
    for q, k, v, c in zip(wq, wk, wv, wc, strict=True):
        alpha = ((x @ q) @ (x @ k).transpose(-2, -1) / q.shape[1] ** 0.5).softmax(-1)
        mixed = mixed + alpha @ (x @ v) @ c
    u = norms[0](x + mixed)
    return norms[1](u + (u @ w1).relu() @ w2)


def test_the_post_norm_block_is_equations_1_to_6():
    d, heads, hidden = 12, 3, 20
    block, x = PostNormBlock.unbiased(d, heads, hidden).double(), torch.randn(2, 5, d, dtype=torch.float64)
    for norm in (block.norm1, block.norm2):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    wq, wk, wv = (w.view(heads, d // heads, d).mT for w in block.attn.qkv.weight.chunk(3))
    wc = block.attn.proj.weight.view(d, heads, d // heads).permute(1, 2, 0)
    w1, w2 = block.mlp.fc1.weight.T, block.mlp.fc2.weight.T
    expected = equations(x, wq, wk, wv, wc, w1, w2, (block.norm1, block.norm2))
    torch.testing.assert_close(block(x), expected, rtol=1e-12, atol=1e-12)


def test_the_post_norm_block_equals_torchs_without_biases():
    ours = PostNormBlock.unbiased(12, 3, 20)
    assert [name for name, _ in ours.named_parameters() if name.endswith("bias")] == ["norm1.bias", "norm2.bias"]
    peer = nn.TransformerEncoderLayer(12, 3, 20, dropout=0, activation="relu", batch_first=True)
    peer.load_state_dict(
        {
            "self_attn.in_proj_weight": ours.attn.qkv.weight,
            "self_attn.in_proj_bias": torch.zeros(36),
            "self_attn.out_proj.weight": ours.attn.proj.weight,
            "self_attn.out_proj.bias": torch.zeros(12),
            "linear1.weight": ours.mlp.fc1.weight,
            "linear1.bias": torch.zeros(20),
            "linear2.weight": ours.mlp.fc2.weight,
            "linear2.bias": torch.zeros(12),
        }
        | {key: torch.randn(12) for key in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")}
    )
    for name in ("norm1", "norm2"):
        getattr(ours, name).load_state_dict(getattr(peer, name).state_dict())
    x = torch.randn(2, 5, 12)
    torch.testing.assert_close(ours(x), peer(x), rtol=0, atol=1e-6)
    torch.testing.assert_close(ours(x, mask=causal(5)), peer(x, src_mask=causal(5)), rtol=0, atol=1e-6)


def test_swiglu_is_dinov2s_and_dinov3s():
    from transformers.models.dinov2.modeling_dinov2 import Dinov2Config, Dinov2SwiGLUFFN
    from transformers.models.dinov3_vit.modeling_dinov3_vit import DINOv3ViTConfig, DINOv3ViTGatedMLP

    giant = Dinov2SwiGLUFFN(Dinov2Config(hidden_size=24, mlp_ratio=4))
    assert giant.down_proj.in_features == 64  # two thirds of 96, a multiple of 8
    plus = DINOv3ViTGatedMLP(DINOv3ViTConfig(hidden_size=24, intermediate_size=40, hidden_act="silu", mlp_bias=True))
    for peer in (giant, plus):
        ours, x = SwiGLU(24, peer.down_proj.in_features), torch.randn(2, 5, 24)
        ours.fc1.weight.data = torch.cat([peer.gate_proj.weight, peer.up_proj.weight]).data
        ours.fc1.bias.data = torch.cat([peer.gate_proj.bias, peer.up_proj.bias]).data
        ours.fc2.load_state_dict(peer.down_proj.state_dict())
        torch.testing.assert_close(ours(x), peer(x), rtol=0, atol=1e-6)


def test_a_layer_scale_of_zero_makes_a_block_the_identity():
    block = Block(12, Attention(12, 3), MLP(12, 20), scale=lambda dim: LayerScale(dim, 0.0))
    x = torch.randn(2, 5, 12)
    torch.testing.assert_close(block(x), x, rtol=0, atol=0)
    block.scale1.gamma.data = torch.arange(12.0)
    torch.testing.assert_close(block(x), x + torch.arange(12.0) * block.attn(block.norm1(x)))


def test_drop_path_drops_whole_samples():
    drop, x = DropPath(0.25).train(), torch.randn(20_000, 1, 2)
    y = drop(x)
    dropped = (y == 0).all(-1).all(-1)
    torch.testing.assert_close(y[~dropped], x[~dropped] / 0.75)
    assert dropped.double().mean().item() == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 20_000) ** 0.5)
    torch.testing.assert_close(drop.eval()(x), x, rtol=0, atol=0)


def test_drop_paths_expectation_is_the_branch(monkeypatch):
    """Over draws that fill [0, 1) evenly the mean is exact: two of eight are dropped, six are divided by 3/4."""
    monkeypatch.setattr(torch, "rand", lambda *shape, device: ((torch.arange(8.0) + 0.5) / 8).view(shape))
    x = torch.randn(1, 3, 4).expand(8, -1, -1)
    y = DropPath(0.25).train()(x)
    assert (y == 0).all(-1).all(-1).sum() == 2
    torch.testing.assert_close(y.mean(0), x[0], rtol=1e-6, atol=1e-7)


def test_a_dropped_branch_that_overflowed_is_zero_and_gets_no_gradient():
    drop, x = DropPath(0.5).train(), torch.full((64, 3), float("inf"), requires_grad=True)
    y = drop(x)
    assert not y.isnan().any() and (y == 0).any() and y.isinf().any()
    y.sum().backward()
    assert set(x.grad.unique().tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_drop_rate_outside_its_range_is_refused(rate):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        DropPath(rate)


def test_layers_and_maps_of_chosen_blocks():
    stack = Stack([Block(12, Attention(12, 3), MLP(12, 20)) for _ in range(3)], nn.LayerNorm(12)).eval()
    x, mask = torch.randn(2, 5, 12), causal(5)
    first, last, again = stack.layers(x, [0, -1, 0], mask=mask)
    torch.testing.assert_close(last, stack(x, mask=mask), rtol=1e-5, atol=1e-6)
    after = stack.blocks[0](x, mask=mask)
    torch.testing.assert_close(first, stack.norm(after), rtol=1e-5, atol=1e-6)
    assert again is first
    block = stack.blocks[1]
    expected = block.attn.weights(block.norm1(after), mask=mask)
    torch.testing.assert_close(stack.attention(x, 1, mask=mask), expected, rtol=1e-5, atol=1e-6)
    assert stack.layers(x, []) == []
    with pytest.raises(ValueError, match="no block 3: the tower has 3, numbered 0 to 2"):
        stack.layers(x, [3])


def test_a_post_norm_stack_gives_its_maps_too():
    stack, x = Stack([PostNormBlock.unbiased(12, 3, 20) for _ in range(2)], nn.Identity()), torch.randn(2, 5, 12)
    torch.testing.assert_close(stack.attention(x, 1), stack.blocks[1].attn.weights(stack.blocks[0](x)))
