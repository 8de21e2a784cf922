"""An image tower's weights for pictures of another size: learned positions are resized, nothing else changes.

The vectors are those that the tower gives at that size anyway; what is learnt from there has its own positions.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from sightline.nn.resample import resize
from sightline.towers.spec import ImageSpec, LearnedSpec, ModifiedResNetSpec, NaFlexSpec, ViTSpec


def with_size(spec: ImageSpec, tensors: Mapping[str, Tensor], size: int) -> tuple[ImageSpec, dict[str, Tensor]]:
    """The spec and the tensors of a model for pictures of `size` px; the tower's names begin with `image.`.

    Towers without positions of a size (convolutions, FlexiViT, sines, rotary ones) keep their tensors. Raises
    ValueError where the tower does not divide `size`.
    """
    given = dict(tensors)
    match spec:
        case ViTSpec():
            changed = replace(spec, size=size)
            if size % spec.patch:
                changed.build()  # says so
            if isinstance(spec.position, LearnedSpec):
                name, old, new = "image.position.weight", spec.size // spec.patch, size // spec.patch
                given[name] = _resized(given[name], old, new, spec.position.resample)
            return changed, given
        case ModifiedResNetSpec():
            changed, stride = replace(spec, size=size), 2 ** (len(spec.depths) + 1)
            if size % stride:
                changed.build()  # says so
            name = "image.pool.position"
            places = _resized(given[name][1:], spec.size // stride, size // stride, "bicubic_antialias")
            given[name] = torch.cat([given[name][:1], places])
            return changed, given
        case NaFlexSpec():
            raise ValueError("a NaFlex tower has no size: it reads pictures of any")
        case _:
            return (replace(spec, size=size) if hasattr(spec, "size") else spec), given  # pyright: ignore


def _resized(table: Tensor, old: int, new: int, how: str) -> Tensor:
    """The table of a square grid at another side."""
    return resize(table.reshape(old, old, -1), (new, new), how).flatten(0, 1)  # pyright: ignore[reportArgumentType]
