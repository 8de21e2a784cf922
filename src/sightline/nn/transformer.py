"""One pre-norm block and one stack serve every transformer here; what differs between systems is passed in.

Beside it the post-norm block of 2017 and of BERT, which is another equation, and the parts of a branch: MLP, SwiGLU,
layer scale, stochastic depth.

Names of parameters follow timm (`blocks.i.norm1`, `attn.qkv`, `mlp.fc1`, `norm`), so that published weights map
plainly.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.attention import Attention, Maps, Tokens
from sightline.nn.noise import rank_rows
from sightline.nn.tag import tag

M = TypeVar("M", bound=nn.Module)
LayerNorm = partial(nn.LayerNorm, eps=1e-6)
"""ViT's epsilon; torch's default of 1e-5 is CLIP's."""


class Block(nn.Module):
    """x <- x + attn(norm x);  x <- x + mlp(norm x).

    Each branch passes through a `scale` of its own (layer scale) and then a `drop` (stochastic depth).
    """

    def __init__(
        self,
        dim: int,
        attn: nn.Module,
        mlp: nn.Module,
        *,
        norm: Callable[[int], nn.Module] = LayerNorm,
        scale: Callable[[int], nn.Module] = nn.Identity,
        drop: Callable[[], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        self.attn: Any = attn  # an Attention, or whatever else mixes tokens; its `weights` are the maps
        self.mlp = mlp
        self.norm1, self.norm2 = norm(dim), norm(dim)
        self.scale1, self.scale2 = scale(dim), scale(dim)
        self.drop = drop()

    def forward(self, x: Tokens, **context: Any) -> Tokens:
        """`context` (mask=, rotate=) reaches the attention untouched."""
        x = x + self.drop(self.scale1(self.attn(self.norm1(x), **context)))
        return x + self.drop(self.scale2(self.mlp(self.norm2(x))))

    def first(self, x: Tokens, count: int, **context: Any) -> Float[Tensor, "b q d"]:
        """The first `count` tokens of `forward`, and no work for the others but their keys and values."""
        y = x[:, :count] + self.drop(self.scale1(self.attn.first(self.norm1(x), count, **context)))
        return y + self.drop(self.scale2(self.mlp(self.norm2(y))))

    def maps(self, x: Tokens, **context: Any) -> Maps:
        """The attention maps of this block for its input `x`."""
        return self.attn.weights(self.norm1(x), **context)


class PostNormBlock(nn.Module):
    """u = norm(x + attn x);  z = norm(u + mlp u): Vaswani et al. 2017, and BERT (Devlin et al. 2018).

    Each branch passes through a `drop` (their dropout).

    Train it with a warmup and a small rate: 12 of these at 1e-3 without one diverge or stall. The stack around it has
    no last norm, because the block ends with one.
    """

    def __init__(
        self,
        dim: int,
        attn: nn.Module,
        mlp: nn.Module,
        *,
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
        drop: Callable[[], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        self.attn: Any = attn
        self.mlp = mlp
        self.norm1, self.norm2 = norm(dim), norm(dim)
        self.drop = drop()

    @classmethod
    def unbiased(cls, dim: int, heads: int, hidden: int) -> "PostNormBlock":
        """No bias but the norms':  u = LN(x + sum_h alpha_h V_h Wc_h);  z = LN(u + ReLU(u W1) W2)."""
        return cls(dim, _unbiased(Attention(dim, heads)), _unbiased(MLP(dim, hidden, nn.ReLU)))

    def forward(self, x: Tokens, **context: Any) -> Tokens:
        x = self.norm1(x + self.drop(self.attn(x, **context)))
        return self.norm2(x + self.drop(self.mlp(x)))

    def first(self, x: Tokens, count: int, **context: Any) -> Float[Tensor, "b q d"]:
        """The first `count` tokens of `forward`, and no work for the others but their keys and values."""
        y = self.norm1(x[:, :count] + self.drop(self.attn.first(x, count, **context)))
        return self.norm2(y + self.drop(self.mlp(y)))

    def maps(self, x: Tokens, **context: Any) -> Maps:
        """The attention maps of this block for its input `x`."""
        return self.attn.weights(x, **context)


class Stack(nn.Module):
    """Blocks one after another and a last norm; a list of blocks, so per-layer differences are data.

    Blocks are numbered from 0; negative numbers count from the last.
    """

    def __init__(self, blocks: Iterable[nn.Module], norm: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.norm = norm

    def forward(self, x: Tokens, **context: Any) -> Tokens:
        for block in self.blocks:
            x = block(x, **context)
        return self.norm(x)

    def first(self, x: Tokens, count: int, **context: Any) -> Float[Tensor, "b q d"]:
        """The first `count` tokens of `forward`: for a reader of the class token the last block costs a sixth."""
        for block in self.blocks[:-1]:
            x = block(x, **context)
        last: Any = self.blocks[-1]
        return self.norm(last.first(x, count, **context))

    def layers(self, x: Tokens, chosen: Sequence[int], **context: Any) -> list[Float[Tensor, "b n d"]]:
        """The tokens after each of the `chosen` blocks, in the order asked, each through the last norm."""
        numbers = [self._number(block) for block in chosen]
        found = {}
        for number, block in enumerate(self.blocks[: max(numbers, default=-1) + 1]):
            x = block(x, **context)
            if number in numbers:
                found[number] = self.norm(x)
        return [found[number] for number in numbers]

    def attention(self, x: Tokens, block: int, **context: Any) -> Maps:
        """The attention maps of one block: row i of a head says where token i looks."""
        number = self._number(block)
        for earlier in self.blocks[:number]:
            x = earlier(x, **context)
        asked: Any = self.blocks[number]
        return asked.maps(x, **context)

    def _number(self, block: int) -> int:
        depth = len(self.blocks)
        if not -depth <= block < depth:
            raise ValueError(f"no block {block}: the tower has {depth}, numbered 0 to {depth - 1}")
        return block % depth


class MLP(nn.Module):
    """Linear, activation, linear; `act` builds the activation."""

    def __init__(self, dim: int, hidden: int, act: Callable[[], nn.Module] = nn.GELU) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.act = act()
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(x)))


class SwiGLU(nn.Module):
    """fc2(silu(a) * b), where fc1 gives a and b side by side (Shazeer 2020, https://arxiv.org/abs/2002.05202).

    DINOv2's giant and DINOv3's "plus" sizes. `hidden` is the width between: two thirds of an MLP's, for equal cost.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 2 * hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.fc1(x).chunk(2, dim=-1)
        return self.fc2(F.silu(a) * b)


class LayerScale(nn.Module):
    """gamma * x, one learned gamma a channel (Touvron et al. 2021, https://arxiv.org/abs/2103.17239)."""

    def __init__(self, dim: int, start: float = 1e-5) -> None:
        super().__init__()
        self.gamma = tag(nn.Parameter(torch.full((dim,), start)), "no_decay")

    def forward(self, x: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch d"]:
        return x * self.gamma


class DropPath(nn.Module):
    """Stochastic depth (Huang et al. 2016, https://arxiv.org/abs/1603.09382): in training a sample's whole branch is
    dropped at `rate` and the kept ones are divided by 1 - rate, so the expectation is that of evaluation.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"a branch is dropped at a rate of at least 0 and below 1, got {rate}")
        self.rate = rate

    def forward(self, x: Float[Tensor, "b *rest"]) -> Float[Tensor, "b *rest"]:
        if not self.training or not self.rate:
            return x
        keep = rank_rows(torch.rand, (x.shape[0], *[1] * (x.ndim - 1)), x.device) >= self.rate
        # where, not a product: a dropped branch that overflowed would give 0 * inf
        return torch.where(keep, x / (1 - self.rate), torch.zeros((), dtype=x.dtype, device=x.device))


class Residual(nn.Module):
    """x + inner(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class QuickGELU(nn.Module):
    """x sigmoid(1.702 x): only OpenAI's own CLIP weights need it."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "gelu": nn.GELU,
    "gelu_tanh": partial(nn.GELU, approximate="tanh"),
    "quick_gelu": QuickGELU,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
}
"""The names a stored spec uses."""


def truncated_normal(module: nn.Module, std: float = 0.02) -> None:
    """timm's and DINO's init, for `module.apply`: linear weights truncated normal, biases 0; norms stay 1 and 0."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def xavier(module: nn.Module) -> None:
    """tensor2tensor's and MAE's init, for `module.apply`: linear weights Xavier uniform, biases 0."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def compute_dtype(x: Tensor) -> torch.dtype:
    """What matrix products will run in for `x`: autocast's dtype where it is on, else that of `x`.

    Towers start their residual stream in it, so that no float32 copy of every activation is written under autocast.
    """
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def _unbiased(module: M) -> M:
    for part in module.modules():
        if isinstance(part, nn.Linear):
            part.register_parameter("bias", None)
    return module
