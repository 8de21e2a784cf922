"""Packed layers give what plain ones give, and a torch without them is left alone."""

import pytest
import torch
from torch import nn

from sightline.nn.transformer import MLP, QuickGELU
from sightline.towers.pooled import pooled
from sightline.towers.spec import Cls, ViTSpec
from sightline.weights import packed
from sightline.weights.batcher import lowered, own
from sightline.weights.packed import PackedLinear, pack

VIT = ViTSpec(size=32, patch=8, dim=32, depth=3, heads=2, pool=Cls(registers=1))


@pytest.mark.parametrize("act", ["gelu", "gelu_tanh", "quick_gelu", "relu"])
def test_a_tower_is_the_same_to_rounding_and_the_original_stays_as_it_was(act):
    torch.manual_seed(0)
    tower = ViTSpec(size=32, patch=8, dim=32, depth=2, heads=2, act=act).build().eval()
    made = pack(own(tower))
    image = torch.randn(3, 3, 32, 32)
    assert any(isinstance(part, PackedLinear) for part in made.modules())
    assert not any(isinstance(part, PackedLinear) for part in tower.modules())
    with torch.inference_mode():
        torch.testing.assert_close(made(image).tokens, tower(image).tokens, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(pooled(made, image), tower(image).pooled, rtol=1e-5, atol=1e-5)


def test_in_bfloat16_it_is_at_least_as_close_to_float32_as_plain_layers():
    torch.manual_seed(0)
    tower = VIT.build().eval()
    for value in tower.parameters():
        nn.init.normal_(value, std=0.2)
    image = torch.randn(16, 3, 32, 32)
    with torch.inference_mode():
        exact = tower(image).pooled
        with torch.autocast("cpu", torch.bfloat16):
            plain, quick = lowered(tower)(image).pooled, pack(lowered(tower))(image).pooled
    angle = nn.functional.cosine_similarity
    assert angle(quick.float(), exact).min() > 0.999
    assert angle(quick.float(), exact).mean() >= angle(plain.float(), exact).mean() - 1e-4


def test_only_the_activations_that_the_kernel_knows_move_into_it():
    known, other = pack(MLP(8, 16)), pack(MLP(8, 16, QuickGELU))
    assert known.fc1.act[0] == "gelu" and isinstance(other.act, QuickGELU)


def test_tensors_are_shared_with_the_original():
    tower = VIT.build()
    assert {p.data_ptr() for p in pack(own(tower)).parameters()} == {p.data_ptr() for p in tower.parameters()}


def test_a_precision_that_the_processor_cannot_pack_stays_plain(monkeypatch):
    """As AVX2 alone: float32 is packed there, bfloat16 is not."""

    def reorder(weight):
        if weight.dtype == torch.bfloat16:
            raise RuntimeError("bf16 path needs the cpu support avx512bw")
        return real(weight)

    real = packed.REORDER
    monkeypatch.setattr(packed, "REORDER", reorder)
    tower = VIT.build()
    assert not any(isinstance(part, PackedLinear) for part in pack(lowered(tower)).modules())
    assert any(isinstance(part, PackedLinear) for part in pack(own(tower)).modules())


def test_without_the_operators_a_model_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(packed, "LINEAR", None)
    tower = VIT.build()
    assert pack(tower) is tower and not any(isinstance(part, PackedLinear) for part in tower.modules())
