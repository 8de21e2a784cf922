"""*captions*: a text for each picture, token by token, by the `decoder` that looks at the image tower's tokens.

At temperature 0 the likeliest token is taken each time; above it one is drawn from softmax(logits / temperature). A
draw depends on (seed, number of the picture, place of the token) alone, so a picture's caption does not depend on how
many are captioned at a time.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sightline.data.draw import uniform
from sightline.weights.capabilities import Capability
from sightline.weights.encoder import TorchEncoder


def caption(
    encoder: TorchEncoder, images: Any, *, temperature: float = 0.0, length: int | None = None, seed: int = 0
) -> list[str]:
    """A caption of at most `length` tokens (None: as long as the decoder can) for each of `images`, given as for
    `encode_image`. ValueError for a temperature below 0, a length that the decoder has not, a tokenizer that only
    hashes.
    """
    if temperature < 0:
        raise ValueError(f"temperature is {temperature}; expected 0 (the likeliest token) or more")
    decoder, tokenizer, longest = writer(encoder, "decoder", length)
    texts: list[str] = []
    for features in encoder.each_features(images):
        count = len(features.tokens)
        draws = uniform(seed, 0, np.arange(len(texts), len(texts) + count), "caption", longest)
        choice = torch.from_numpy(draws).to(features.tokens.device)
        ids = encoder.run(written, decoder, decoder.end, features.tokens, features.mask, choice, temperature)
        texts += [tokenizer.decode(row) for row in ids.cpu().numpy()]
    return texts


def writer(encoder: TorchEncoder, part: str, length: int | None) -> tuple[Any, Any, int]:
    """(the part that writes, the tokenizer that turns its tokens into text, how many it writes at most: `length`, or
    all it can). ValueError for a length that it has not, and a tokenizer that only hashes."""
    model: Any = encoder.parts[part]
    tokenizer = encoder.tokenizer
    longest: int = model.length if length is None else length
    if not 1 <= longest <= model.length:
        raise ValueError(f"length is {longest}; {encoder.name} writes 1 to {model.length} tokens")
    if tokenizer is None or not hasattr(tokenizer, "decode"):
        raise ValueError(f"{encoder.name} has no tokenizer that turns tokens into text")
    return model, tokenizer, longest


def written(
    decode: Callable[[Tensor, Tensor, Any], Tensor],
    end: int,
    memory: Float[Tensor, "b m w"],
    real: Any,
    draws: Float[Tensor, "b n"],
    temperature: float,
) -> Int[Tensor, "b k"]:
    """Token ids of at most n tokens, each row filled with the `end` token from where it ends.

    `decode` gives the logits (b, n, v) of every token given those before it, the memory and what of it is real. Rows
    that have ended are not computed further, and none is once all have.
    """
    ids = torch.full(draws.shape, end, dtype=torch.long, device=memory.device)
    going = torch.arange(len(ids), device=ids.device)
    for place in range(draws.shape[1]):
        seen = None if real is None else real[going]
        logits = decode(ids[going, : place + 1], memory[going], seen)[:, place]
        ids[going, place] = chosen(logits, draws[going, place], temperature)
        going = going[ids[going, place] != end]
        if not len(going):
            return ids[:, : place + 1]
    return ids


def chosen(logits: Float[Tensor, "b v"], draws: Float[Tensor, " b"], temperature: float) -> Int[Tensor, " b"]:
    """The likeliest id at temperature 0; else the one whose share of softmax(logits / temperature) holds the draw."""
    if temperature == 0:
        return logits.argmax(-1)
    shares = (logits.double() / temperature).softmax(-1).cumsum(-1)
    return (shares <= draws[:, None]).sum(-1).clamp(max=logits.shape[-1] - 1)


CAPABILITY = Capability(needs=("image", "decoder"), do=caption)
