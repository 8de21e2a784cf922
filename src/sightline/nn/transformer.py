"""One pre-norm block and one stack serve every transformer here; what differs between systems is passed in.

Names of parameters follow timm (`blocks.i.norm1`, `attn.qkv`, `mlp.fc1`, `norm`), so that published weights map
plainly.
"""

from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor, nn

from sightline.nn.attention import Tokens

LayerNorm = partial(nn.LayerNorm, eps=1e-6)
"""ViT's epsilon; torch's default of 1e-5 is CLIP's."""


class Block(nn.Module):
    """x <- x + attn(norm x);  x <- x + mlp(norm x).  `scale` is a part per branch (layer scale, drop path)."""

    def __init__(
        self,
        dim: int,
        attn: nn.Module,
        mlp: nn.Module,
        *,
        norm: Callable[[int], nn.Module] = LayerNorm,
        scale: Callable[[int], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        self.attn, self.mlp = attn, mlp
        self.norm1, self.norm2 = norm(dim), norm(dim)
        self.scale1, self.scale2 = scale(dim), scale(dim)

    def forward(self, x: Tokens, **context: object) -> Tokens:
        """`context` (mask=, later rotate=, memory=) reaches the attention untouched."""
        x = x + self.scale1(self.attn(self.norm1(x), **context))
        return x + self.scale2(self.mlp(self.norm2(x)))


class Stack(nn.Module):
    """Blocks one after another and a last norm; a list of blocks, so per-layer differences are data."""

    def __init__(self, blocks: Iterable[nn.Module], norm: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.norm = norm

    def forward(self, x: Tokens, **context: object) -> Tokens:
        for block in self.blocks:
            x = block(x, **context)
        return self.norm(x)


class MLP(nn.Module):
    """Linear, activation, linear; `act` builds the activation."""

    def __init__(self, dim: int, hidden: int, act: Callable[[], nn.Module] = nn.GELU) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.act = act()
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(x)))


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
}
"""The names a stored spec uses."""


def truncated_normal(module: nn.Module, std: float = 0.02) -> None:
    """timm's and DINO's init, for `module.apply`: linear weights truncated normal, biases 0; norms stay 1 and 0."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def compute_dtype(x: Tensor) -> torch.dtype:
    """What matrix products will run in for `x`: autocast's dtype where it is on, else that of `x`.

    Towers start their residual stream in it, so that no float32 copy of every activation is written under autocast.
    """
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
