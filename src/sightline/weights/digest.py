"""A hash of tensors: equal where names, shapes, kinds and values are."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """32 hexadecimal digits; the order of the names does not matter."""
    whole = hashlib.blake2b(digest_size=16)
    for name, value in sorted(tensors.items()):
        whole.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        whole.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return whole.hexdigest()
