"""CLIP's attention pooling of a map (Radford et al. 2021, section 2.4): the mean place asks, every place answers."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.attention import attend
from sightline.nn.patch import Grid
from sightline.nn.resample import resize
from sightline.nn.tag import tag


class AttentionPool2d(nn.Module):
    """x = [mean; places] + positions;  proj(MHA(q = x_0, k = x, v = x)). No norm, no residual, biases everywhere.

    `position` holds the mean's row first, then the places of `grid` row-major. Another grid gets the rows of the places
    resized (bicubic, antialiased) and keeps the mean's; OpenAI's own code refuses other sizes.
    """

    def __init__(self, grid: Grid, dim: int, heads: int, out: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"attention pooling of width {dim} cannot have {heads} heads: the width is no multiple")
        self.grid, self.heads, self.out = grid, heads, out
        self.position = tag(nn.Parameter(torch.empty(1 + grid[0] * grid[1], dim)), "no_decay")
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.proj = nn.Linear(dim, out)
        for part in (self.position, self.q.weight, self.k.weight, self.v.weight, self.proj.weight):
            nn.init.normal_(part, std=dim**-0.5)

    def dim(self, width: int) -> int:
        """The width of what it returns for a map of `width` channels."""
        return self.out

    def forward(self, maps: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        places = maps.flatten(2).transpose(1, 2)
        seen = torch.cat([places.mean(1, keepdim=True), places], 1)
        return self._answered(seen + self._position((maps.shape[2], maps.shape[3])).to(maps.dtype))

    def each(self, tokens: Float[Tensor, "b n d"], grid: Grid) -> Float[Tensor, "b n e"]:
        """What it makes of a picture that is one place everywhere: two keys, the place and the mean that it then is.

        MaskCLIP (Zhou et al. 2021, https://arxiv.org/abs/2112.01071, section 3.2) takes proj(v(x)) alone; here a place
        keeps its position, and the mean its own, so that a map of one place gives exactly the pooled vector.
        """
        b, n, _ = tokens.shape
        position = self._position(grid).to(tokens.dtype)
        seen = torch.stack([tokens + position[0], tokens + position[1:]], 2)
        return self._answered(seen.flatten(0, 1)).unflatten(0, (b, n))

    def _answered(self, seen: Float[Tensor, "b m d"]) -> Float[Tensor, "b e"]:
        """The first row asks, all of them answer."""
        b, _, c = seen.shape
        q, k, v = (
            layer(part).view(b, -1, self.heads, c // self.heads).transpose(1, 2)
            for layer, part in ((self.q, seen[:, :1]), (self.k, seen), (self.v, seen))
        )
        return self.proj(attend(q, k, v).reshape(b, c))

    def _position(self, grid: Grid) -> Tensor:
        if grid == self.grid:
            return self.position
        mean, places = self.position[:1], self.position[1:]
        return torch.cat([mean, resize(places.view(*self.grid, -1), grid, "bicubic_antialias").flatten(0, 1).to(mean)])
