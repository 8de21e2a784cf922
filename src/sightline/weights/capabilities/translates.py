"""*translates*: each text in the other language, token by token, the likeliest each time (`translator`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sightline.towers.bert import without_padding
from sightline.towers.encoder_decoder import EncoderDecoder
from sightline.weights.capabilities import Capability
from sightline.weights.capabilities.captions import writer, written
from sightline.weights.capabilities.locates import fitting
from sightline.weights.encoder import TorchEncoder

NEEDS = "translate needs words"


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
    model, tokenizer, longest = writer(encoder, "translator", length)
    ids = torch.from_numpy(fitting(encoder, [texts] if isinstance(texts, str) else list(texts), NEEDS))
    found: list[str] = []
    for rows in ids.split(encoder.batch_size):
        if len(rows):
            # padding is cut off before the ids leave the processor: an accelerator would have to be asked for them
            source = without_padding(rows, model.pad).to(encoder.device)
            made = encoder.run(_translated, model, source, longest)
            found += [tokenizer.decode(row) for row in made.cpu().numpy()]
    return found


def aligned(encoder: TorchEncoder, text: str, *, length: int | None = None) -> Alignment:
    """The translation of one text with where the decoder looked for each of its tokens; refuses what `translate`
    does."""
    model, tokenizer, longest = writer(encoder, "translator", length)
    source = without_padding(torch.from_numpy(fitting(encoder, [text], NEEDS)), model.pad).to(encoder.device)
    target = encoder.run(_translated, model, source, longest)
    maps = encoder.run(model.looks, source, target)[:, 0]

    def spelt(row: Tensor) -> tuple[str, ...]:
        return tuple("end" if one == model.end else tokenizer.decode([one]) for one in row.tolist())

    return Alignment(spelt(source[0]), spelt(target[0]), maps.float().cpu().numpy())


def _translated(model: EncoderDecoder, ids: Int[Tensor, "b n"], longest: int) -> Int[Tensor, "b k"]:
    memory, real = model.encode(ids)
    return written(model.decode, model.end, memory, real, memory.new_zeros(len(ids), longest), 0.0)


CAPABILITY = Capability(needs=("translator",), do=translate)
