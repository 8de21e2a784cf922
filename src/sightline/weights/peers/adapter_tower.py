"""Models of timm and transformers as image towers: the same `Features` from whatever they return.

Thin: the packages run their own code. What is found here is which tokens are patches, in which order, and on what grid.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.attention import Maps
from sightline.nn.patch import Grid
from sightline.protocols import Features

Image = Float[Tensor, "b c y x"]
NORMS = ("layernorm", "norm", "post_layernorm", "layer_norm")
"""What transformers' classes call the norm after the last block"""


class Adapted(nn.Module):
    """A model of another package. `dim` is the width of its pooled vector, measured by `measured`."""

    dim = 0
    maps = False
    """whether the model gives maps, not a sequence; measured too"""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model: Any = model.eval()


class TimmTower(Adapted):
    """timm's: `forward_features`, then `forward_head` without the classifier for the pooled vector."""

    def forward(self, image: Image) -> Features:
        x = self.model.forward_features(image)
        pooled = self.model.forward_head(x, pre_logits=True).flatten(1)
        if not isinstance(x, Tensor) or x.ndim not in (3, 4):
            raise ValueError(
                f"{type(self.model).__name__}.forward_features gives {type(x).__name__}: no tokens or maps"
            )
        self.maps = x.ndim == 4
        if self.maps:
            return _of_maps(x.movedim(-1, 1) if self._channels_last else x, pooled)
        count = getattr(self.model, "num_prefix_tokens", 0)
        return _of_tokens(x[:, :count], x[:, count:], image, pooled)

    def each(self, features: Features) -> Float[Tensor, "b n d"]:
        """`forward_head` of every token alone: a sequence, or a map, of one place.

        Where the model reads its class token, tokens take that one's way: an approximation, as of `nn.pool`.
        """
        b, n, d = features.tokens.shape
        alone = features.tokens.reshape(b * n, 1, d)
        if self.maps:
            alone = alone[:, None] if self._channels_last else alone.mT[..., None]
        elif getattr(self.model, "global_pool", "") != "token":
            # what reads all tokens passes over the prefix, so one has to stand there
            alone = torch.cat([features.prefix[:, None].expand(-1, n, -1, -1).flatten(0, 1), alone], 1)
        return self.model.forward_head(alone, pre_logits=True).flatten(1).unflatten(0, (b, n))

    def layers(self, image: Image, chosen: Sequence[int]) -> list[Features]:
        """The tokens after each of the `chosen` blocks (stages of a convolutional network), by the model's own norm."""
        if not hasattr(self.model, "forward_intermediates"):
            raise ValueError(f"timm's {type(self.model).__name__} gives no tokens of chosen blocks")
        prefixed = hasattr(self.model, "num_prefix_tokens")
        settings: dict[str, Any] = {"return_prefix_tokens": True} if prefixed else {}
        # timm gives them in the order of the network, each once
        depth = len(self.model.blocks) if hasattr(self.model, "blocks") else len(self.model.feature_info)
        numbers = [_at(range(depth), block) for block in chosen]
        found = self.model.forward_intermediates(
            image, indices=list(chosen), norm=True, output_fmt="NCHW", intermediates_only=True, **settings
        )
        by_number = dict(zip(sorted(set(numbers)), found, strict=True))
        return [self._layer(by_number[number]) for number in numbers]

    def attention(self, image: Image, block: int) -> Maps:
        """The maps of a plain attention; ValueError for another kind."""
        blocks = getattr(self.model, "blocks", None)
        attn: Any = (
            getattr(_at(blocks, block), "attn", None) if isinstance(blocks, nn.Sequential | nn.ModuleList) else None
        )
        if type(attn).__name__ != "Attention" or not hasattr(attn, "qkv"):
            raise ValueError(
                f"timm's {type(self.model).__name__} gives no attention maps: its blocks have no plain one"
            )
        seen: list[Tensor] = []
        handle = attn.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        try:
            self.model.forward_features(image)
        finally:
            handle.remove()
        b, n, _ = seen[0].shape
        q, k, _ = attn.qkv(seen[0]).reshape(b, n, 3, attn.num_heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = attn.q_norm(q).float(), attn.k_norm(k).float()
        return ((q * attn.scale) @ k.mT).softmax(-1)

    @property
    def _channels_last(self) -> bool:
        return getattr(self.model, "output_fmt", "NCHW") == "NHWC"

    def _layer(self, found: Any) -> Features:
        maps, prefix = found if isinstance(found, tuple) else (found, None)
        flat = _of_maps(maps, maps.mean((2, 3)))
        if prefix is None:
            return flat
        pooled = self.model.forward_head(torch.cat([prefix, flat.tokens], 1), pre_logits=True)
        return Features(pooled=pooled, tokens=flat.tokens, prefix=prefix, grid=flat.grid)


class TransformersTower(Adapted):
    """transformers': `last_hidden_state`, and `pooler_output` for the pooled vector where there is one.

    Without one the class token stands for the picture, or the mean where there is none.
    """

    def forward(self, image: Image) -> Features:
        out = self._run(image)
        pooled = getattr(out, "pooler_output", None)
        return self._features(out.last_hidden_state, image, None if pooled is None else pooled.flatten(1))

    def each(self, features: Features) -> Float[Tensor, "b n d"]:
        """The model's own pooling of every token alone: its attention head, or the norm that stands after the mean.

        Where it reads its class token, tokens take that one's way: an approximation, as of `nn.pool`.
        """
        model, tokens = self.model, features.tokens
        pooler: Any = getattr(model, "pooler", None)
        head: Any = getattr(model, "head", pooler if hasattr(pooler, "dense") else None)
        if head is not None:
            return head(tokens.flatten(0, 1)[:, None]).unflatten(0, tokens.shape[:2])
        norm = getattr(pooler, "layernorm", None) or getattr(model, "post_layernorm", None)
        return _normed(tokens, norm or (getattr(model, "layernorm", None) if self.maps else None))

    def layers(self, image: Image, chosen: Sequence[int]) -> list[Features]:
        """The tokens after each of the `chosen` blocks, by the norm that the model ends with; stages as they are."""
        states = self._run(image, output_hidden_states=True).hidden_states
        if states is None:
            raise ValueError(f"transformers' {type(self.model).__name__} gives no tokens of chosen blocks")
        norm = next((getattr(self.model, name) for name in NORMS if hasattr(self.model, name)), None)
        return [self._features(_normed(_at(states[1:], block), norm), image, None) for block in chosen]

    def attention(self, image: Image, block: int) -> Maps:
        """The maps of one block, by the slower code that gives them; ValueError where the model has none."""
        before = self.model.config._attn_implementation
        try:
            self.model.set_attn_implementation("eager")
            maps = getattr(self._run(image, output_attentions=True), "attentions", None)
        finally:
            self.model.set_attn_implementation(before)
        if not maps or maps[0] is None:
            raise ValueError(f"transformers' {type(self.model).__name__} gives no attention maps")
        return _at(maps, block)

    def _run(self, image: Tensor, **asked: bool) -> Any:
        if "interpolate_pos_encoding" in inspect.signature(self.model.forward).parameters:
            asked["interpolate_pos_encoding"] = True
        return self.model(pixel_values=image, return_dict=True, **asked)

    def _features(self, x: Tensor, image: Tensor, pooled: Tensor | None) -> Features:
        self.maps = x.ndim == 4
        if self.maps:
            return _of_maps(x, x.mean((2, 3)) if pooled is None else pooled)
        count = self._prefix(x.shape[1], image)
        prefix, tokens = x[:, :count], x[:, count:]
        if pooled is None:
            pooled = prefix[:, 0] if count else tokens.mean(1)
        return _of_tokens(prefix, tokens, image, pooled)

    def _prefix(self, n: int, image: Tensor) -> int:
        """Tokens before the patches: what is left of a plain grid. A pyramid has none."""
        patch = getattr(self.model.config, "patch_size", None)
        if not isinstance(patch, int) or hasattr(self.model.config, "depths"):
            return 0
        return max(n - (image.shape[2] // patch) * (image.shape[3] // patch), 0)


def measured(tower: Adapted, size: int, channels: int) -> Adapted:
    """The tower with its `dim`, after one empty picture: what does not see pictures as we do fails here and not later.

    ValueError saying what the model did.
    """
    try:
        with torch.inference_mode():
            features = tower(torch.zeros(1, channels, size, size))
    except (RuntimeError, TypeError, AttributeError, ValueError, AssertionError) as error:
        name = type(tower.model).__name__
        raise ValueError(f"{name} does not take a picture and give tokens or maps: {error}") from error
    tower.dim = features.pooled.shape[-1]
    return tower


def _of_maps(maps: Tensor, pooled: Tensor) -> Features:
    tokens = maps.flatten(2).transpose(1, 2)
    return Features(pooled=pooled, tokens=tokens, prefix=tokens[:, :0], grid=(maps.shape[2], maps.shape[3]))


def _of_tokens(prefix: Tensor, tokens: Tensor, image: Tensor, pooled: Tensor) -> Features:
    return Features(pooled=pooled, tokens=tokens, prefix=prefix, grid=_grid(tokens.shape[1], image))


def _grid(n: int, image: Tensor) -> Grid:
    """The grid of `n` tokens with the picture's aspect ratio."""
    height, width = image.shape[2:]
    rows = round((n * height / width) ** 0.5)
    if rows < 1 or n % rows or abs(rows / (n // rows) - height / width) > 0.5 * height / width:
        raise ValueError(f"{n} tokens are no grid of a picture of {height} x {width}")
    return rows, n // rows


def _normed(x: Tensor, norm: nn.Module | None) -> Tensor:
    """Stages of a pyramid have other widths than its last norm, and stay as they are."""
    if not isinstance(norm, nn.LayerNorm) or x.ndim != 3 or norm.normalized_shape != (x.shape[-1],):
        return x
    return norm(x)


def _at(values: Any, block: int) -> Any:
    if not -len(values) <= block < len(values):
        raise ValueError(f"no block {block}: the model has {len(values)}, numbered 0 to {len(values) - 1}")
    return values[block]
