"""The memory bank of instance discrimination: one unit vector for every picture (Wu et al. 2018, section 3.1).

    v_i <- normalize( m v_i + (1 - m) f(x_i) ),   m = 0.5, after the optimiser's step

(https://arxiv.org/abs/1805.01978.) lightly's `MemoryBankModule` is MoCo's queue, not this. Departure: where a picture
comes twice in a batch (at the border of two epochs), its last vector counts, on every device; the released code leaves
that to chance.
"""

from math import sqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.dist import gather, mean
from sightline.nn.head import unit


class MemoryBank(nn.Module):
    """`entries` (count, dim), a buffer: it is saved with the method, copied to every rank, and gets no gradient.

    Started uniform in +-1/sqrt(dim / 3), so of length 1 on average and not normalised, as in the released code.
    """

    entries: Tensor

    def __init__(self, count: int, dim: int, momentum: float = 0.5) -> None:
        super().__init__()
        if not 0 <= momentum < 1:
            raise ValueError(f"a memory bank keeps a share of its old entry, 0 <= momentum < 1; got {momentum}")
        self.momentum = momentum
        bound = 1 / sqrt(dim / 3)
        self.register_buffer("entries", torch.empty(count, dim).uniform_(-bound, bound))

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, index: Int[Tensor, "*b"]) -> Float[Tensor, "*b d"]:
        """The entries of some pictures; a copy, which later writing does not change."""
        return self.entries[index]

    @torch.no_grad()
    def write(self, index: Int[Tensor, "b"], features: Float[Tensor, "b d"]) -> None:
        """Moves the entries of everyone's pictures towards their unit vectors; a collective where there are ranks."""
        index, features = gather(index), gather(features.detach().to(self.entries.dtype))
        places = torch.arange(len(index), device=index.device)
        last = ((index[:, None] == index[None]) * places).argmax(1)
        self.entries[index] = unit(torch.lerp(features[last], self.entries[index], self.momentum))


class Partition(nn.Module):
    """Z of the non-parametric softmax, frozen after the first batch that was seen (the released code's `params[2]`)."""

    log_z: Tensor
    known: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_z", torch.zeros(()))
        self.register_buffer("known", torch.zeros((), dtype=torch.bool))

    @torch.no_grad()
    def freeze(self, z: Float[Tensor, ""]) -> None:
        """Keeps the mean over ranks of the first estimate; later ones are not looked at. A collective, once."""
        if not self.known:
            self.log_z.copy_(mean(z).log())
            self.known.fill_(True)
