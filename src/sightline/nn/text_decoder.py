"""A text decoder: the logits of every token of a text, given those before it and, where there is one, a memory.

The decoder of Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762) in its pre-norm form; with a picture's tokens as
the memory it is the captioner of CapPa (Tschannen et al. 2023, https://arxiv.org/abs/2306.07915).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.nn.attention import causal
from sightline.nn.cross import Memory
from sightline.nn.tag import tag
from sightline.nn.transformer import Stack, compute_dtype


class TextDecoder(nn.Module):
    """Embeddings and learned positions, causal blocks, a linear map to the vocabulary.

    Texts end in the token `end`, which also stands in front of every text: nothing else ever follows it, so it needs no
    row of its own. `memory` is the width of what the blocks look at, None where `stack` is made of blocks that look at
    nothing but the text.
    """

    def __init__(self, vocab: int, length: int, dim: int, stack: Stack, *, memory: int | None, end: int) -> None:
        super().__init__()
        self.vocab, self.length, self.dim, self.memory, self.end = vocab, length, dim, memory, end
        self.embed = nn.Embedding(vocab, dim)
        self.position = tag(nn.Parameter(torch.empty(length, dim)), "no_decay")
        self.stack = stack
        self.head = nn.Linear(dim, vocab)
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.normal_(self.position, std=0.01)

    def forward(
        self, ids: Int[Tensor, "b n"], memory: Memory | None = None, real: Bool[Tensor, "b m"] | None = None
    ) -> Float[Tensor, "b n v"]:
        """Logits of `ids[:, i]` given `ids[:, :i]` and the memory, of which only what is `real` is looked at.

        ValueError for more than `length` tokens, and for a memory that is missing, unasked or of another width.
        """
        self._check(ids, memory)
        before = F.pad(ids[:, :-1], (1, 0), value=self.end)
        x = F.embedding(before, self.embed.weight) + self.position[: ids.shape[1]]
        x = x.to(compute_dtype(x))
        context = {} if memory is None else {"memory": memory, "seen": None if real is None else real[:, None, None]}
        return self.head(self.stack(x, mask=causal(x.shape[1], x.device, x.dtype), **context))

    def _check(self, ids: Tensor, memory: Tensor | None) -> None:
        if ids.shape[1] > self.length:
            raise ValueError(f"texts of {ids.shape[1]} tokens reached a decoder of length {self.length}")
        width = None if memory is None else memory.shape[-1]
        if width != self.memory:
            raise ValueError(f"a decoder made for a memory of width {self.memory} was given one of width {width}")
