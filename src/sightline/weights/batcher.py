"""The quick way from many pictures to vectors in torch: uint8 in, normalised in one pass, weights already in bfloat16.

On a CPU a batch runs in one thread and several batches side by side (`search.stream`): threads that share one matrix
product wait for each other at every layer, and wait for a decoder that has one of their cores.
"""

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from sightline.data.prepare.naflex import CutPicture, stacked
from sightline.data.prepare.preprocess import Preprocess
from sightline.towers.naflex import Patches
from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.naflex import moved
from sightline.weights.packed import pack

PAYS = 1.3
"""times as fast as float32 must a product be for bfloat16 to be chosen"""


class TorchBatcher:
    """Prepared pictures to vectors, for one encoder at one precision. Safe in several threads."""

    def __init__(self, encoder: TorchEncoder, precision: Precision) -> None:
        self.encoder, self.rule, self.precision = encoder, encoder.rule, precision
        self.device = encoder.device
        self.parallel = self.device.type == "cpu"
        """whether batches run side by side, a thread each"""
        self.model: Any = lowered(encoder.model) if precision == "bfloat16" else encoder.model
        if self.device.type == "cpu":
            self.model = pack(own(encoder.model) if self.model is encoder.model else self.model)
        if isinstance(self.rule, Preprocess):
            self.mean = torch.tensor(self.rule.mean, device=self.device)[:, None, None]
            self.std = torch.tensor(self.rule.std, device=self.device)[:, None, None]

    def vectors(self, prepared: Sequence[Any]) -> np.ndarray:
        """float32 (b, e), not normalised, of pictures as the rule's `pixels` (or the rule itself) leaves them."""
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"),
        ):
            return self.model.encode_image(self._batch(prepared)).float().cpu().numpy()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Torch itself uses one thread in here: the batches are what runs in parallel."""
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def enter(self) -> None:
        """Called once in every thread that will call `vectors`."""
        torch.set_num_threads(1)  # OpenMP keeps the number for each thread

    def _batch(self, prepared: Sequence[Any]) -> Any:
        if isinstance(prepared[0], CutPicture):
            patches, mask, grid = (torch.from_numpy(part) for part in stacked(prepared))
            return moved(Patches(patches=patches, mask=mask, grid=grid), self.device)
        batch = torch.from_numpy(np.stack(prepared)).to(self.device, non_blocking=True)
        if batch.dtype != torch.uint8:
            return batch
        # (x / 255 - mean) / std in the order of `Preprocess`, so that the result is the same to the bit
        channels = batch.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
        return channels.div_(255.0).sub_(self.mean).div_(self.std)


def lowered(model: nn.Module) -> nn.Module:
    """A copy for bfloat16 autocast whose products need not cast their weights at every batch; it computes the same.

    Everything but the weights of linear layers is shared with `model`.
    """
    made = own(model)
    for part in made.modules():
        if type(part) is nn.Linear:
            for name, value in list(part.named_parameters(recurse=False)):
                if value.is_floating_point():
                    low = value.detach().to(torch.bfloat16)
                    setattr(part, name, nn.Parameter(low, requires_grad=False))
    return made


def own(model: nn.Module) -> nn.Module:
    """A copy of the modules of `model` that shares every tensor with it."""
    shared: dict[int, Any] = {id(value): value for value in [*model.parameters(), *model.buffers()]}
    return copy.deepcopy(model, shared)


def bfloat16_pays(device: torch.device) -> bool:
    """Whether products in bfloat16 are clearly faster here, by trying on a CPU: no flag of a processor says so."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    return _seconds(torch.float32) > PAYS * _seconds(torch.bfloat16)


def _seconds(dtype: torch.dtype) -> float:
    """The best of a few products of a tower's usual sides."""
    a, b = (torch.ones(rows, 768, dtype=dtype) for rows in (512, 1024))
    times: list[float] = []
    with torch.inference_mode():
        for _ in range(5):
            start = time.perf_counter()
            torch.mm(a, b.T)
            times.append(time.perf_counter() - start)
    return min(times)
