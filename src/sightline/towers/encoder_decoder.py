r"""The Transformer of 2017 whole: an encoder reads a text, a decoder writes another (Vaswani et al.,
https://arxiv.org/abs/1706.03762).

    memory = encoder(sqrt(d) E[source] + P)
    logits = decoder(sqrt(d) E[end, target_1 ... target_n-1] + P, memory) E^T
    P[k, 2i] = sin(k / 10000^(2i/d)),   P[k, 2i+1] = cos(k / 10000^(2i/d))

Post-norm blocks, no norm after the last. One table E of word vectors is what the encoder reads, what the decoder reads
and what it writes by (section 3.4). Dropout falls on every branch and on the sums of words and positions.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.nn.attention import causal
from sightline.nn.constant import constant
from sightline.nn.transformer import Stack, compute_dtype
from sightline.towers.text import Ids, keys_of, must_fit


class EncoderDecoder(nn.Module):
    """Texts of at most `length` tokens over `vocab` ids; `encoder` and `decoder` are stacks of post-norm blocks.

    A text ends in the token `end`, which also stands in front of every text that is written; `pad` follows it, and
    nothing looks at that.
    """

    def __init__(
        self, vocab: int, length: int, dim: int, encoder: Stack, decoder: Stack, drop: nn.Module, *, end: int, pad: int
    ) -> None:
        super().__init__()
        self.vocab, self.length, self.dim, self.end, self.pad = vocab, length, dim, end, pad
        self.embed = nn.Embedding(vocab, dim)
        self.encoder, self.decoder, self.drop = encoder, decoder, drop
        nn.init.normal_(self.embed.weight, std=dim**-0.5)

    def forward(self, source: Int[Tensor, "b m"], target: Int[Tensor, "b n"]) -> Float[Tensor, "b n v"]:
        """Logits of `target[:, i]` given `target[:, :i]` and the whole of `source`. ValueError for texts of more than
        `length` tokens."""
        memory, real = self.encode(source)
        return self.decode(target, memory, real)

    def encode(self, ids: Int[Tensor, "b m"]) -> tuple[Float[Tensor, "b m d"], Bool[Tensor, "b m"]]:
        """What the decoder looks at, and which of it is real."""
        real = ids != self.pad
        return self.encoder(self._placed(ids), mask=keys_of(real)), real

    def decode(
        self, ids: Int[Tensor, "b n"], memory: Float[Tensor, "b m d"], real: Bool[Tensor, "b m"]
    ) -> Float[Tensor, "b n v"]:
        """Logits of `ids[:, i]` given `ids[:, :i]` and what `encode` gave."""
        x, context = self._written(ids, memory, real)
        return F.linear(self.decoder(x, **context), self.embed.weight)

    def looks(self, source: Int[Tensor, "b m"], target: Int[Tensor, "b n"]) -> Float[Tensor, "l b h n m"]:
        """Where in `source` every block (l) and head of the decoder looks as it writes `target`: rows sum to one."""
        x, context = self._written(target, *self.encode(source))
        found = []
        for block in self.decoder.blocks:
            asked: Any = block
            found.append(asked.looks(x, **context))
            x = block(x, **context)
        return torch.stack(found)

    def _written(self, ids: Tensor, memory: Tensor, real: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """The decoder's input, each place holding the token before it, and what its blocks are told."""
        x = self._placed(F.pad(ids[:, :-1], (1, 0), value=self.end))
        mask = causal(x.shape[1], x.device, x.dtype)
        return x, {"mask": mask, "memory": memory, "seen": keys_of(real)}

    def _placed(self, ids: Ids) -> Float[Tensor, "b n d"]:
        must_fit(ids, self.length)
        words = F.embedding(ids, self.embed.weight) * self.dim**0.5
        x = self.drop(words + interleaved(self.length, self.dim, ids.device)[: ids.shape[1]].to(words))
        return x.to(compute_dtype(x))


@constant
def interleaved(length: int, dim: int, device: torch.device | str = "cpu") -> Float[Tensor, "n d"]:
    """P of the module: sine and cosine of each frequency side by side. `dim` is even."""
    rates = 10000.0 ** -(torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).float().to(device)
