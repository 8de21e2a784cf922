"""The short way to the pooled vector gives what the long way gives."""

import pytest
import torch

from sightline.nn.attention import Attention, causal
from sightline.towers.pooled import pooled
from sightline.towers.spec import Cls, FlexiViTSpec, Map, Mean, ResNetSpec, RotarySpec, SecondCls, ViTSpec

SMALL = {"size": 32, "patch": 8, "dim": 32, "depth": 3, "heads": 2}
TOWERS = {
    "class token": ViTSpec(**SMALL),
    "registers": ViTSpec(**SMALL, pool=Cls(registers=3), layer_scale=0.5),
    "second class token": ViTSpec(**SMALL, pool=SecondCls(), position=RotarySpec()),
    "rotary": ViTSpec(**SMALL, pool=Cls(registers=1), position=RotarySpec()),
    "mean": ViTSpec(**SMALL, pool=Mean()),
    "probe": ViTSpec(**SMALL, pool=Map()),
    "flexible": FlexiViTSpec(**SMALL, kernel=8, grid=4),
    "resnet": ResNetSpec(depths=(1, 1), width=8),
}


@pytest.mark.parametrize("name", TOWERS)
@pytest.mark.parametrize("size", [(32, 32), (48, 32)])
def test_it_equals_the_pooled_vector_of_all_features_in_value_and_gradient(name, size):
    torch.manual_seed(0)
    tower = TOWERS[name].build().double().eval()
    for p in tower.parameters():
        torch.nn.init.normal_(p, std=0.3)
    image = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    long, short = tower(image).pooled, pooled(tower, image)
    assert torch.allclose(long, short, atol=1e-10)
    wanted, found = (torch.autograd.grad(x.square().sum(), image)[0] for x in (long, short))
    assert torch.allclose(wanted, found, atol=1e-8)


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("kind", ["none", "keys", "causal"])
def test_the_first_tokens_of_attention_are_those_of_all(count, kind):
    attention = Attention(16, 2).double()
    x = torch.randn(3, 6, 16, dtype=torch.float64)
    angles = torch.rand(4, 8, dtype=torch.float64)
    mask = {
        "none": None,
        "keys": torch.rand(3, 1, 1, 6) > 0.3,
        "causal": causal(6, dtype=torch.float64),
    }[kind]
    if kind == "keys":
        mask[..., 0] = True
    for rotate in (None, (angles.cos(), angles.sin())):
        whole = attention(x, mask=mask, rotate=rotate)
        assert torch.allclose(attention.first(x, count, mask=mask, rotate=rotate), whole[:, :count], atol=1e-12)
