"""A text decoder: the logits of every token of a text, given those before it and, where there is one, a memory.

The decoder of Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762) in its pre-norm form; with a picture's tokens as
the memory it is the captioner of CapPa (Tschannen et al. 2023, https://arxiv.org/abs/2306.07915), whose training and
places of things are those of `CaptionDecoder`.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.nn.attention import Mask, causal
from sightline.nn.box_tokens import BoxTokens
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
        x = self._placed(self._before(ids, self.end))
        return self._told(x, causal(x.shape[1], x.device, x.dtype), memory, real)

    def _before(self, ids: Int[Tensor, "b n"], start: int) -> Float[Tensor, "b n d"]:
        """What is known at each place: the token before it, `start` at the first."""
        return F.embedding(F.pad(ids[:, :-1], (1, 0), value=start), self.embed.weight)

    def _placed(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        x = x + self.position[: x.shape[1]]
        return x.to(compute_dtype(x))

    def _told(self, x: Tensor, mask: Mask, memory: Tensor | None, real: Tensor | None) -> Float[Tensor, "b n v"]:
        context = {} if memory is None else {"memory": memory, "seen": None if real is None else real[:, None, None]}
        return self.head(self.stack(x, mask=mask, **context))

    def _check(self, ids: Tensor, memory: Tensor | None) -> None:
        if ids.shape[1] > self.length:
            raise ValueError(f"texts of {ids.shape[1]} tokens reached a decoder of length {self.length}")
        width = None if memory is None else memory.shape[-1]
        if width != self.memory:
            raise ValueError(f"a decoder made for a memory of width {self.memory} was given one of width {width}")


class CaptionDecoder(TextDecoder):
    """A text decoder that may also be asked for all tokens at once, and may know places (`boxes`).

    Parallel prediction (CapPa, section 3.2): every input is the same learned mask token, every place sees every other,
    and only its position tells a place what it is. Nothing but the picture then says what the text is.
    """

    def __init__(
        self,
        vocab: int,
        length: int,
        dim: int,
        stack: Stack,
        *,
        memory: int | None,
        end: int,
        boxes: BoxTokens | None = None,
    ) -> None:
        super().__init__(vocab, length, dim, stack, memory=memory, end=end)
        self.boxes = boxes
        self.blank = tag(nn.Parameter(torch.empty(dim)), "no_decay")
        nn.init.normal_(self.blank, std=0.02)

    def forward(
        self,
        ids: Int[Tensor, "b n"],
        memory: Memory | None = None,
        real: Bool[Tensor, "b m"] | None = None,
        *,
        start: int | None = None,
        at_once: Bool[Tensor, " b"] | None = None,
    ) -> Float[Tensor, "b n v"]:
        """As `TextDecoder`; of the texts that are `at_once` every token is predicted from the memory alone.

        `start` is the id in front of every text, the end token where none is given: that of a task (`boxes`).
        """
        self._check(ids, memory)
        x = self._before(ids, self.end if start is None else start)
        mask = causal(x.shape[1], x.device, compute_dtype(x))
        if at_once is not None:
            whole = at_once[:, None, None]
            x, mask = torch.where(whole, self.blank, x), torch.where(whole[:, None], 0.0, mask)
        return self._told(self._placed(x), mask, memory, real)
