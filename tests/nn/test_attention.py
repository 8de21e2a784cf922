import pytest
import torch

from sightline.nn.attention import PLAIN_UP_TO, Attention, attend, causal
from sightline.nn.rotary import axial


def naive(module, x, mask):
    """One query, one head, one image at a time."""
    b, n, d = x.shape
    c = d // module.heads
    q, k, v = module.qkv(x).split(d, dim=-1)
    out = torch.zeros_like(x)
    for i in range(b):
        for head in range(module.heads):
            part = slice(head * c, (head + 1) * c)
            for j in range(n):
                logits = torch.stack([q[i, j, part] @ k[i, t, part] / c**0.5 + mask[j, t] for t in range(n)])
                out[i, j, part] = logits.softmax(0) @ v[i, :, part]
    return module.proj(out)


@pytest.mark.parametrize("mask", [torch.zeros(5, 5), causal(5)], ids=["none", "causal"])
def test_attention_equals_the_naive_loop(mask):
    module, x = Attention(6, 3).double(), torch.randn(2, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(module(x, mask=mask), naive(module, x, mask), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("n", [7, PLAIN_UP_TO + 1])
@pytest.mark.parametrize("masked", ["none", "bool", "additive"])
def test_both_kernels_give_the_same_answer(n, masked):
    q, k, v = torch.randn(3, 2, 3, n, 8).bfloat16().unbind(0)
    mask = {"none": None, "bool": causal(n) == 0, "additive": causal(n)}[masked]
    expected = attend(q.float(), k.float(), v.float(), mask)
    torch.testing.assert_close(attend(q, k, v, mask).float(), expected, rtol=0.05, atol=0.03)


def test_a_bool_mask_equals_an_additive_one():
    q, k, v = torch.randn(3, 2, 3, 6, 8).unbind(0)
    torch.testing.assert_close(attend(q, k, v, causal(6) == 0), attend(q, k, v, causal(6)))


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="cannot have 3 heads"):
        Attention(8, 3)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("masked", ["none", "bool", "additive"])
def test_the_maps_are_what_the_kernel_mixes_by(masked, turned):
    module, x = Attention(24, 3), torch.randn(2, 7, 24)
    mask = {"none": None, "bool": causal(7) == 0, "additive": causal(7)}[masked]
    rotate = axial(torch.rand(5, 2), 8) if turned else None
    maps = module.weights(x, mask=mask, rotate=rotate)
    values = module.qkv(x)[..., 48:].view(2, 7, 3, 8).transpose(1, 2)
    mixed = module.proj((maps @ values).transpose(1, 2).reshape(2, 7, 24))
    torch.testing.assert_close(mixed, module(x, mask=mask, rotate=rotate), rtol=0, atol=1e-6)
    torch.testing.assert_close(maps.sum(-1), torch.ones(2, 3, 7))
    assert mask is None or not maps[:, :, causal(7) < 0].any()


def test_maps_of_a_bfloat16_tower_are_float32():
    module = Attention(24, 3).bfloat16()
    assert module.weights(torch.randn(2, 7, 24).bfloat16()).dtype == torch.float32
