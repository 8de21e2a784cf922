"""*translates*: each text in the other language, token by token, the likeliest each time (`translator`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sightline.towers.bert import without_padding
from sightline.towers.encoder_decoder import EncoderDecoder
from sightline.weights.capabilities import Capability
from sightline.weights.capabilities.captions import written
from sightline.weights.encoder import TorchEncoder


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where the decoder looked as it wrote a translation."""

    source: tuple[str, ...]
    """the tokens of the text, its end among them"""
    target: tuple[str, ...]
    """those of the translation"""
    maps: Float[np.ndarray, "l h n m"]
    """what each block and head gave each token of the source (m) as each of the target (n) was written"""


def translate(encoder: TorchEncoder, texts: str | Sequence[str], *, length: int | None = None) -> list[str]:
    """The translations of one or many texts, of at most `length` tokens (None: as long as the decoder can).

    ValueError for a length that the decoder has not, and for texts that have no words or too many.
    """
    model: Any = encoder.parts["translator"]
    longest: int = model.length if length is None else length
    if not 1 <= longest <= model.length:
        raise ValueError(f"length is {longest}; {encoder.name} writes 1 to {model.length} tokens")
    ids = torch.from_numpy(_ids(encoder, [texts] if isinstance(texts, str) else list(texts)))
    found: list[str] = []
    for rows in ids.split(encoder.batch_size):
        if len(rows):
            made = encoder.run(_translated, model, rows.to(encoder.device), longest)
            found += [encoder.tokenizer.decode(row) for row in made.cpu().numpy()]  # pyright: ignore
    return found


def aligned(encoder: TorchEncoder, text: str) -> Alignment:
    """The translation of one text with where the decoder looked for each of its tokens; refuses what `translate`
    does."""
    model: Any = encoder.parts["translator"]
    tokenizer: Any = encoder.tokenizer
    source = torch.from_numpy(_ids(encoder, [text])).to(encoder.device)
    source = without_padding(source, model.pad)
    target = encoder.run(_translated, model, source, model.length)
    maps = encoder.run(model.looks, source, target)[:, 0]

    def spelt(row: Tensor) -> tuple[str, ...]:
        return tuple("end" if one == model.end else tokenizer.decode([one]) for one in row.tolist())

    return Alignment(spelt(source[0]), spelt(target[0]), maps.float().cpu().numpy())


def _translated(model: EncoderDecoder, ids: Int[Tensor, "b n"], longest: int) -> Int[Tensor, "b k"]:
    memory, real = model.encode(without_padding(ids, model.pad))
    return written(model.decode, model.end, memory, real, memory.new_zeros(len(ids), longest), 0.0)


def _ids(encoder: TorchEncoder, texts: list[str]) -> np.ndarray:
    tokenizer: Any = encoder.tokenizer
    if tokenizer is None or not hasattr(tokenizer, "decode"):
        raise ValueError(f"{encoder.name} has no tokenizer that turns tokens into text")
    if empty := sum(not text.strip() for text in texts):
        raise ValueError(f"translate needs words; {empty} of {len(texts)} texts have none")
    for text, cut in zip(texts, tokenizer.cut(texts) if texts else [], strict=True):
        if cut:
            raise ValueError(f"{text[:60]!r} has more than the {tokenizer.length - 1} tokens that {encoder.name} reads")
    return tokenizer(texts)


CAPABILITY = Capability(needs=("translator",), do=translate)
