r"""Low-rank adapters (Hu et al. 2021, LoRA, https://arxiv.org/abs/2106.09685): a small change of large matrices.

    W' = W + s B A,     A (r, in) drawn, B (out, r) zero at the start, W as it was

of every matrix in the attention and the MLP of a tower's blocks. s is the paper's alpha / r. The tower keeps its own
tensors under their own names; W' is made for each forward pass and handed to it (`torch.func.functional_call`), so
merging is the same sum, taken once. Departures: all matrices of a block where the paper adapts queries and values; no
dropout before A.
"""

import re
from copy import deepcopy

import torch
from torch import Tensor, nn

MATRICES = re.compile(r"(?:^|\.)blocks\.\d+\.(?:attn|mlp)\..*weight$")


class LowRank(nn.Module):
    """A and B of every adapted matrix of a tower that learns: those of blocks that are held have none.

    ValueError for a tower without such matrices, or a rank of which one of them has no more.
    """

    def __init__(self, tower: nn.Module, rank: int, scale: float = 1.0) -> None:
        super().__init__()
        found = {n: p for n, p in tower.named_parameters() if MATRICES.search(n) and p.ndim == 2 and p.requires_grad}
        if not found:
            raise ValueError(
                f"{type(tower).__name__} has no blocks with attention and MLP that learn, which adapters change: take "
                "a transformer, or method.rank=0"
            )
        smallest = min(min(p.shape) for p in found.values())
        if not 1 <= rank <= smallest:
            raise ValueError(f"method.rank is {rank}; expected 1 to {smallest}, the narrowest matrix of the tower")
        self.rank, self.scale = rank, scale
        self.names = list(found)
        self.down = nn.ParameterList(torch.empty(rank, p.shape[1]) for p in found.values())
        self.up = nn.ParameterList(torch.zeros(p.shape[0], rank) for p in found.values())
        for matrix in self.down:
            nn.init.kaiming_uniform_(matrix, a=5**0.5)

    def weights(self, tower: nn.Module) -> dict[str, Tensor]:
        """{name: W + s B A} of the adapted matrices of `tower`."""
        own = dict(tower.named_parameters())
        pairs = zip(self.names, self.up, self.down, strict=True)
        return {name: own[name] + self.scale * up @ down for name, up, down in pairs}

    @torch.no_grad()
    def merged(self, tower: nn.Module) -> nn.Module:
        """A copy of `tower` with what was learnt in its own matrices."""
        made = deepcopy(tower)
        own = dict(made.named_parameters())
        for name, value in self.weights(tower).items():
            own[name].copy_(value)
        return made

    def moved(self) -> bool:
        """Whether anything is added yet."""
        return any(bool(matrix.any()) for matrix in self.up)

    def adapted(self) -> dict[str, str]:
        """{name of a parameter here: name of the tower's that it adds to}."""
        return {f"{part}.{i}": name for part in ("down", "up") for i, name in enumerate(self.names)}
