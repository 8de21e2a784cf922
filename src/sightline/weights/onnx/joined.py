"""A tower and its projection as one module: what a graph is made of."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn


class Joined(nn.Module):
    """`encode` as a module that holds the `parts` whose weights it reads."""

    def __init__(self, encode: Callable[[Tensor], Tensor], parts: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encode, self.parts = encode, nn.ModuleList(parts)

    def forward(self, batch: Tensor) -> Tensor:
        return self.encode(batch)
