"""The bag-of-tokens text tower of CLIP's pseudo-code (CBOW): order is ignored, which is enough for names and tags."""

import torch
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
        # AdamW moves every number by about the learning rate, so small rows learn their words in fewer steps.
        nn.init.normal_(self.embed.weight, std=0.02)

    def forward(self, ids: Int[Tensor, "b n"]) -> Float[Tensor, "b d"]:
        real = ids != self.pad
        if torch.compiler.is_exporting():
            # ONNX has no bag of embeddings, and its graph may not depend on how many tokens are real.
            rows = torch.einsum("bn,bnd->bd", real.float(), F.embedding(ids, self.embed.weight))
            return self.head(rows / real.sum(1, keepdim=True).clamp(min=1))
        if ids.device.type != "cpu":
            return self.head(F.embedding_bag(ids, self.embed.weight, mode="mean", padding_idx=self.pad))
        # Packed: long padding (256 places for a name of 20) costs nothing. A GPU would wait for the count.
        counts = real.sum(1)
        starts = F.pad(counts.cumsum(0), (1, 0))[:-1]
        return self.head(F.embedding_bag(ids[real], self.embed.weight, starts, mode="mean"))
