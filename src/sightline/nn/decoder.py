"""MAE's decoder: a narrow transformer that sees the encoded patches in their places and a learned token in the others.

He et al. 2021, https://arxiv.org/abs/2111.06377, section 3. It is dropped after training.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.nn.patch import Grid
from sightline.nn.position import SinCos, sincos_mae
from sightline.nn.tag import tag
from sightline.nn.transformer import Stack


class MaskDecoder(nn.Module):
    """embed -> mask tokens where nothing was seen -> + fixed positions -> blocks -> norm -> `out` numbers a patch.

    `inner` is the encoder's width, `dim` that of `stack`. The encoder's prefix (class token) enters in front, without a
    position, and leaves without a prediction.
    """

    def __init__(self, inner: int, dim: int, stack: Stack, out: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inner, dim)
        self.token = tag(nn.Parameter(torch.empty(dim)), "no_decay")
        self.position = SinCos(dim, sincos_mae)
        self.stack = stack
        self.head = nn.Linear(dim, out)
        nn.init.normal_(self.token, std=0.02)

    def forward(
        self,
        tokens: Float[Tensor, "b k d"],
        prefix: Float[Tensor, "b p d"],
        keep: Int[Tensor, "b k"],
        grid: Grid,
    ) -> Float[Tensor, "b n o"]:
        """`tokens` stand at the places `keep` of the row-major `grid`; n is all its places."""
        count = prefix.shape[1]
        x = self.embed(torch.cat([prefix, tokens], 1))
        seen = x[:, count:]
        whole = self.token.to(x.dtype).expand(len(x), grid[0] * grid[1], -1)
        whole = whole.scatter(1, keep[..., None].expand_as(seen), seen)
        x = torch.cat([x[:, :count], self.position(whole, grid)], 1)
        return self.head(self.stack(x)[:, count:])


def visible_places(masked: Bool[Tensor, "b n"]) -> Int[Tensor, "b k"]:
    """Where `masked` (b, n) bool is false, in order: what the encoder sees.

    ValueError where pictures keep different numbers of patches, or none or all: a batch is one rectangle of tokens.
    """
    kept = (~masked).sum(1)
    least, most = int(kept.min()), int(kept.max())
    if least != most or not 0 < least < masked.shape[1]:
        raise ValueError(
            f"pictures of this batch keep between {least} and {most} of {masked.shape[1]} patches; masked autoencoding "
            "needs one number, above none and below all: give the masks one ratio (ratio=0.75, share=1)"
        )
    return (~masked).nonzero()[:, 1].view(len(masked), least)
