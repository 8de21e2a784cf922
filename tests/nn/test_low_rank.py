"""Low-rank adapters: the sum of the paper, taken for a call or for good."""

import pytest
import torch
from torch import nn

from sightline.nn.depth import hold_first
from sightline.nn.low_rank import LowRank
from sightline.towers.sizes import vit_small
from sightline.towers.sizes_conv import resnet18


def tower():
    torch.manual_seed(0)
    return vit_small(32, 8, 2).build().double().eval()


def test_adapters_add_nothing_at_the_start_and_afterwards_what_a_loop_adds():
    base = tower()
    adapters = LowRank(base, 3, 0.5).double()
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    at_start = torch.func.functional_call(base, adapters.weights(base), (x,)).pooled
    assert torch.equal(at_start, base(x).pooled) and not adapters.moved()
    for matrix in adapters.up:
        nn.init.normal_(matrix)
    made = adapters.merged(base)
    for name, up, down in zip(adapters.names, adapters.up, adapters.down, strict=True):
        expected = base.get_parameter(name).detach().clone()
        for i in range(len(up)):
            for j in range(down.shape[1]):
                expected[i, j] += 0.5 * sum(up[i, r].item() * down[r, j].item() for r in range(3))
            if i > 3:
                break
        torch.testing.assert_close(made.get_parameter(name)[:4], expected[:4])
    torch.testing.assert_close(
        made(x).pooled, torch.func.functional_call(base, adapters.weights(base), (x,)).pooled, rtol=1e-12, atol=1e-12
    )
    assert adapters.moved() and not torch.equal(made(x).pooled, base(x).pooled)


def test_all_matrices_of_blocks_that_learn_are_adapted_and_no_other():
    base = hold_first(tower(), 1)
    adapters = LowRank(base, 2)
    expected = [f"stack.blocks.1.{part}.weight" for part in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")]
    assert adapters.names == expected
    assert adapters.adapted()["down.3"] == adapters.adapted()["up.3"] == expected[3]


def test_what_cannot_be_adapted_is_refused():
    with pytest.raises(ValueError, match="ResNet has no blocks with attention"):
        LowRank(resnet18().build(), 2)
    with pytest.raises(ValueError, match="rank is 193; expected 1 to 192"):
        LowRank(tower(), 193)
