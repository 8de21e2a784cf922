"""The bag-of-tokens text tower of CLIP's pseudo-code (CBOW): order is ignored, which is enough for names and tags."""

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn


class BagOfTokens(nn.Module):
    """The mean of the embeddings of the tokens that are not `pad`, then a `head`; no tokens at all give the head of
    zero.
    """

    def __init__(self, vocab: int, dim: int, head: nn.Module, *, pad: int = 0) -> None:
        super().__init__()
        self.dim, self.pad = dim, pad
        self.embed = nn.Embedding(vocab, dim)
        self.head = head
        # The mean of n rows has 1/n of their variance: N(0, 1) rows keep it near 1/n, in reach of the head's norm.
        nn.init.normal_(self.embed.weight)

    def forward(self, ids: Int[Tensor, "b n"]) -> Float[Tensor, "b d"]:
        return self.head(F.embedding_bag(ids, self.embed.weight, mode="mean", padding_idx=self.pad))
