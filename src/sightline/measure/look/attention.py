"""Attention maps as pictures and as distances: pure functions of arrays, and the hook that gets maps from a tower.

Rows of a map are queries, columns keys; `prefix` tokens (class token, registers) stand first in both. DINO's mask:
Caron et al. 2021, https://arxiv.org/abs/2104.14294; the distance: Dosovitskiy et al. 2020, figure 7 and appendix D.7.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.nn.attention import Maps
from sightline.nn.conv.pool2d import AttentionPool2d
from sightline.nn.pool import MapPool
from sightline.nn.transformer import Stack

Weights = Float[np.ndarray, "h s s"]
Rows = Float[np.ndarray, "h n"]
"""What each head gives each patch"""


def class_rows(maps: Weights, prefix: int, token: int = 0) -> Rows:
    """The class token's row (that of number `token`), without the columns of the prefix."""
    return maps[:, token, prefix:]


def mean_rows(maps: Weights, prefix: int) -> Rows:
    """The mean over the patches' rows, without the columns of the prefix: what patches look at, where nobody pools."""
    return maps[:, prefix:, prefix:].mean(axis=1)


def probe_rows(pool: MapPool, tokens: Float[Tensor, "b n d"], prefix: Float[Tensor, "b p d"]) -> Float[Tensor, "b h n"]:
    """What the learned probe of attention pooling gives each patch, without the prefix."""
    x = torch.cat([prefix, tokens], dim=1)
    b, n, d = x.shape
    heads, c = pool.heads, d // pool.heads
    q = pool.q(pool.probe).view(heads, c)
    k = pool.kv(x)[..., :d].reshape(b, n, heads, c)
    logits = torch.einsum("hc,bnhc->bhn", q.float(), k.float()) * c**-0.5
    return logits.softmax(-1)[..., prefix.shape[1] :]


def place_rows(pool: AttentionPool2d, maps: Float[Tensor, "b d y x"]) -> Float[Tensor, "b h n"]:
    """What the mean place of CLIP's ResNet gives each place, the mean itself left out; for the pool's own grid."""
    places = maps.flatten(2).transpose(1, 2)
    seen = torch.cat([places.mean(1, keepdim=True), places], dim=1) + pool.position
    b, n, d = seen.shape
    heads, c = pool.heads, d // pool.heads
    q, k = pool.q(seen[:, 0]).view(b, heads, c), pool.k(seen).view(b, n, heads, c)
    logits = torch.einsum("bhc,bnhc->bhn", q.float(), k.float()) * c**-0.5
    return logits.softmax(-1)[..., 1:]


def mass_mask(rows: Rows, mass: float = 0.6) -> Bool[np.ndarray, "h n"]:
    """The patches that hold the last `mass` of a head's attention when sorted from least to most (DINO's 60 %)."""
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1).astype(np.float64)
    kept = np.cumsum(ordered, axis=1) / ordered.sum(axis=1, keepdims=True) > 1 - mass
    mask = np.zeros(rows.shape, bool)
    np.put_along_axis(mask, order, kept, axis=1)
    return mask


def mean_distance(
    maps: Weights, grid: tuple[int, int], cell: tuple[float, float], prefix: int = 0
) -> Float[np.ndarray, " h"]:
    """Pixels between a patch and what it looks at, weighted by its attention, averaged over patches; a number a head.

    `cell` is the height and width of a patch. Attention to the prefix has no distance: it is left out and the rest is
    scaled to one.
    """
    weights = maps[:, prefix:, prefix:].astype(np.float64)
    weights = weights / weights.sum(axis=2, keepdims=True)
    y, x = np.divmod(np.arange(grid[0] * grid[1]), grid[1])
    apart = np.hypot((y[:, None] - y) * cell[0], (x[:, None] - x) * cell[1])
    return np.einsum("hqk,qk->hq", weights, apart).mean(axis=1)


@contextmanager
def capture_attention(stack: Stack, take: Callable[[int, Maps], None]) -> Iterator[None]:
    """While a tower runs inside this block, `take(number, maps)` is called for each block of its stack.

    The same maps as `ViT.attention` gives, in one pass for all blocks, with one block's maps in memory at a time.
    """

    def hook(number: int) -> Callable[..., None]:
        def see(block: Any, args: tuple[Tensor, ...], context: dict[str, Any]) -> None:
            take(number, block.maps(*args, **context))

        return see

    handles = [
        block.register_forward_pre_hook(hook(number), with_kwargs=True) for number, block in enumerate(stack.blocks)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
