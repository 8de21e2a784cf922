"""Weights that are no numbers: a training that ran away, or a cast that overflowed, is named when it is read."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

NAMED = 4
"""names that a refusal lists"""


def must_be_finite(tensors: Mapping[str, Tensor]) -> None:
    """ValueError naming the tensors that hold NaN or infinity, and how many values of each."""
    bad = {name: count for name, value in tensors.items() if (count := _bad(value))}
    if bad:
        listed = some_of([f"{name} ({count:,} of {tensors[name].numel():,} values)" for name, count in bad.items()])
        raise ValueError(
            f"{len(bad)} of {len(tensors)} tensors hold NaN or infinity: {listed}. Vectors made with them would be no "
            "numbers either: take an earlier checkpoint, or save the weights again in float32"
        )


def some_of(names: Sequence[str], most: int = NAMED) -> str:
    """The first names and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _bad(value: Tensor) -> int:
    if value.device.type == "meta" or not (value.is_floating_point() or value.is_complex()):
        return 0
    # a sum that is a number has none but numbers in it; one that is not may have overflowed
    if bool(torch.isfinite(value.sum(dtype=torch.float32))):
        return 0
    return int((~torch.isfinite(value)).sum())
