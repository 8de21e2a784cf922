"""`train --compile` compiles blocks in place: one graph each, the same numbers, the same parameter names.

Its own session (`pytest -m compile --jaxtyping-packages=`), because torch.compile cannot trace the shape checks.
"""

import copy

import pytest
import torch

from sightline.nn.attention import Attention
from sightline.nn.conv.resnet import Basic, Bottleneck
from sightline.nn.rotary import Rotary
from sightline.nn.transformer import MLP, Block, LayerScale, PostNormBlock, SwiGLU

pytestmark = pytest.mark.compile


class Turned(torch.nn.Module):
    """A block given rotary positions of six patches behind three prefix tokens."""

    def __init__(self):
        super().__init__()
        self.block = Block(32, Attention(32, 4), MLP(32, 64))
        self.rotate = Rotary(8)((2, 3), 6, torch.device("cpu"))

    def forward(self, x):
        return self.block(x, rotate=self.rotate)


BLOCKS = {
    "transformer": (lambda: Block(32, Attention(32, 4), MLP(32, 64)), (2, 9, 32)),
    "swiglu": (lambda: Block(32, Attention(32, 4), SwiGLU(32, 40), scale=LayerScale), (2, 9, 32)),
    "post-norm": (lambda: PostNormBlock.unbiased(32, 4, 64), (2, 9, 32)),
    "rotary": (lambda: Turned(), (2, 9, 32)),
    "basic": (lambda: Basic(16, 16), (2, 16, 8, 8)),
    "bottleneck": (lambda: Bottleneck(16, 8, 2), (2, 16, 8, 8)),
}


def one_step(block, x):
    y = block(x)
    y.square().mean().backward()
    return [y.detach(), *(p.grad for p in block.parameters())]


def compare(kind, **how):
    build, shape = BLOCKS[kind]
    plain = build()
    compiled = copy.deepcopy(plain)
    compiled.compile(fullgraph=True, **how)
    x = torch.randn(shape)
    for ours, theirs in zip(one_step(compiled, x), one_step(plain, x), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    assert list(compiled.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_is_one_graph_with_the_same_gradients(kind):
    compare(kind, backend="aot_eager")


@pytest.mark.slow
@pytest.mark.parametrize("kind", BLOCKS)
def test_the_default_backend_gives_the_same_gradients(kind):
    compare(kind)
