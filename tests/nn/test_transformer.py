import torch
from torch import nn

from sightline.nn.attention import Attention, causal
from sightline.nn.transformer import MLP, Block, QuickGELU, Stack


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
