"""Text transformer: tokens to one vector, read either causally up to the end token (CLIP) or whole (SigLIP)."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.nn.attention import Mask, causal
from sightline.nn.tag import tag
from sightline.nn.transformer import Stack, compute_dtype

Ids = Int[Tensor, "b n"]


@runtime_checkable
class Reading(Protocol):
    """How captions are read: which tokens are computed, what each may look at, which one stands for the caption."""

    def crop(self, ids: Ids) -> Int[Tensor, "b m"]:
        """The columns of token ids that are computed."""
        ...

    def mask(self, x: Float[Tensor, "b n d"]) -> Mask | None:
        """The attention mask of tokens `x`; None where every token sees every other."""
        ...

    def pool(self, x: Float[Tensor, "b n d"], ids: Ids) -> Float[Tensor, "b d"]:
        """The vector of each caption, from its tokens `x` and their ids."""
        ...


@dataclass(frozen=True, kw_only=True)
class Causal:
    """CLIP's: a token sees what came before it; the first end token (id `eot`) stands for the caption.

    By explicit index: CLIP's own argmax of the ids only works where the end token is the largest id.
    """

    eot: int = 1

    def crop(self, ids: Ids) -> Int[Tensor, "b m"]:
        """Cut at the longest caption: what follows an end token cannot reach it, so the answer is the same.

        Only where `values_known`: an accelerator would wait for the length and compile every length anew.
        """
        return ids[:, : int(self._ends(ids).max()) + 1] if values_known(ids) and len(ids) else ids

    def mask(self, x: Float[Tensor, "b n d"]) -> Mask:
        """A token sees itself and those before it."""
        return causal(x.shape[1], x.device, x.dtype)

    def pool(self, x: Float[Tensor, "b n d"], ids: Ids) -> Float[Tensor, "b d"]:
        """The token at each caption's first end token."""
        return x[torch.arange(x.shape[0], device=x.device), self._ends(ids)]

    def _ends(self, ids: Ids) -> Int[Tensor, "b"]:
        found = ids == self.eot
        if values_known(ids) and not bool(found.any(1).all()):
            raise ValueError(
                f"a caption without the end token {self.eot}: tokenize with the tokenizer saved beside this tower"
            )
        return found.int().argmax(1)


@dataclass(frozen=True, kw_only=True)
class Full:
    """SigLIP's: every token sees every other, padding included, at a fixed length; the last position stands for all."""

    def crop(self, ids: Ids) -> Int[Tensor, "b m"]:
        """All of them."""
        return ids

    def mask(self, x: Float[Tensor, "b n d"]) -> None:
        """None: every token sees every other."""
        return None

    def pool(self, x: Float[Tensor, "b n d"], ids: Ids) -> Float[Tensor, "b d"]:
        """The last token."""
        return x[:, -1]


class TransformerText(nn.Module):
    """Embeddings and learned positions, a stack of blocks, and a `reading` that masks and pools."""

    def __init__(self, vocab: int, length: int, dim: int, stack: Stack, reading: Reading) -> None:
        super().__init__()
        self.dim, self.length, self.reading = dim, length, reading
        self.embed = nn.Embedding(vocab, dim)
        self.position = tag(nn.Parameter(torch.empty(length, dim)), "no_decay")
        self.stack = stack
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.normal_(self.position, std=0.01)

    def forward(self, ids: Ids) -> Float[Tensor, "b d"]:
        """The vector of each caption. ValueError for more than `length` tokens, and under `Full` for less."""
        must_fit(ids, self.length)
        if isinstance(self.reading, Full) and ids.shape[1] < self.length:
            raise ValueError(
                f"captions padded to {ids.shape[1]} tokens reached a text tower that always reads {self.length}: its "
                "last place stands for the caption and padding is read like words, so another length gives other, bad "
                f"vectors. Pad to {self.length} with the padding of its tokenizer"
            )
        ids = self.crop(ids)
        return self.reading.pool(self.tokens(ids, F.embedding(ids, self.embed.weight)), ids)

    def crop(self, ids: Ids) -> Int[Tensor, "b m"]:
        """The columns that are computed."""
        return self.reading.crop(ids)

    def tokens(self, ids: Ids, words: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        """What the blocks make of each token, after the last norm, where `words` stand for the vectors of `ids`."""
        must_fit(ids, self.length)
        x = words + self.position[: ids.shape[1]]
        x = x.to(compute_dtype(x))
        return self.stack(x, mask=self.reading.mask(x))


def must_fit(ids: Ids, length: int) -> None:
    """ValueError for captions of more tokens than a tower has positions."""
    if ids.shape[1] > length:
        raise ValueError(f"captions of {ids.shape[1]} tokens reached a text tower of length {length}")


def values_known(ids: Ids) -> bool:
    """Whether the values may decide what is computed: on a CPU, and not into an exported graph."""
    return ids.device.type == "cpu" and not torch.compiler.is_exporting()


def keys_of(real: Bool[Tensor, "b n"]) -> Bool[Tensor, "b 1 1 n"]:
    """The attention mask under which every token sees the real ones.

    A caption without any has no key to look at, which would be undefined: it looks at its padding, and nobody reads it.
    """
    return (real | ~real.any(1, keepdim=True))[:, None, None]


def clip_init(tower: TransformerText) -> TransformerText:
    """OpenAI CLIP's own standard deviations, in place: qkv d^-.5, both outputs d^-.5 (2 depth)^-.5, fc1 (2d)^-.5."""
    depth, d = len(tower.stack.blocks), tower.dim
    spread = {
        "attn.qkv": d**-0.5,
        "attn.proj": (2 * d * depth) ** -0.5,
        "fc1": (2 * d) ** -0.5,
        "fc2": (2 * d * depth) ** -0.5,
    }
    for name, module in tower.named_modules():
        if isinstance(module, nn.Linear):
            std = next(value for ending, value in spread.items() if name.endswith(ending))
            nn.init.normal_(module.weight, std=std)
            nn.init.zeros_(module.bias)
    return tower
