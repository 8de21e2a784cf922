"""*locates*: the box of words in a picture, written edge by edge by a `decoder` that knows boxes (LocCa).

The decoder is given "words :" and writes four tokens, of which the likeliest edge is taken each time. What it writes
may be no box (a bottom above its top): then there is none, and it overlaps nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sightline.data.decode.target import extent
from sightline.data.prepare.preprocess import opened
from sightline.data.prepare.seen import onto_picture, seen_part
from sightline.data.sample import BadSample
from sightline.nn.box_tokens import BoxTokens
from sightline.nn.text_decoder import CaptionDecoder
from sightline.towers.naflex import Patches
from sightline.weights.capabilities import Capability
from sightline.weights.encoder import TorchEncoder
from sightline.weights.naflex import Cut

EDGES = 4
Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Place:
    """Where words are in a picture."""

    box: Box | None
    """x, y, width, height in shares of the picture's sides (of the view's, of pictures given as tensors); None where
    what the decoder wrote is no box"""
    score: float
    """the chance that the decoder gave to these four edges"""
    heat: np.ndarray
    """float32 (bins, bins): the chance that each cell of the view lies within the box, its edges taken one by one"""


def locate(encoder: TorchEncoder, images: Any, texts: str | Sequence[str]) -> list[Place]:
    """Where in each of `images`, given as for `encode_image`, its text is: one text a picture.

    ValueError for another number of texts, words that are none or do not fit, and a decoder that knows no boxes.
    """
    decoder: Any = encoder.parts["decoder"]
    tokens: BoxTokens | None = getattr(decoder, "boxes", None)
    if tokens is None:
        raise ValueError(f"{encoder.name} has a decoder that writes no boxes: locca and siglip2 train one that does")
    words = [texts] if isinstance(texts, str) else list(texts)
    distinct, of = _distinct(images)
    shapes = shapes_of(distinct)
    if len(words) != len(of):
        raise ValueError(f"locate needs a text for each picture; got {len(words)} texts and {len(of)} pictures")
    ids = torch.from_numpy(fitting(encoder, words, "locate needs words for each picture")).to(encoder.device)
    found: dict[int, Place] = {}
    first = 0
    for features in encoder.each_features(distinct):
        here = range(first, first + len(features.tokens))
        asked = torch.tensor([k for k, picture in enumerate(of) if picture in here])
        for some in asked.split(encoder.batch_size):
            rows = torch.tensor([of[k] - first for k in some.tolist()])
            mask = None if features.mask is None else features.mask[rows]
            edges, chances = encoder.run(written, decoder, features.tokens[rows], mask, ids[some])
            boxes, valid = tokens.boxes(edges)
            for k, box, there, chance in zip(
                some.tolist(), boxes.cpu(), valid.tolist(), chances.float().cpu(), strict=True
            ):
                found[k] = _place(encoder, box.double().numpy(), there, chance, shapes[of[k]], tokens)
        first = here.stop
    return [found[k] for k in range(len(words))]


def _distinct(images: Any) -> tuple[Any, list[int]]:
    """(the pictures, each once where a list holds one several times; which of them each place of `images` is)."""
    if not isinstance(images, list | tuple) or isinstance(images, Cut):
        return images, list(range(len(shapes_of(images))))
    every = {id(one): one for one in images}
    number = {name: k for k, name in enumerate(every)}
    return list(every.values()), [number[id(one)] for one in images]


def written(
    decoder: CaptionDecoder, memory: Float[Tensor, "b m w"], real: Any, words: Int[Tensor, "b n"]
) -> tuple[Int[Tensor, "b 4"], Float[Tensor, "b 4 k"]]:
    """(the ids of the likeliest edges, the shares of all `k` places of each edge) after "words :"."""
    tokens = decoder.boxes
    assert tokens is not None, "locate refuses decoders without boxes"
    ids = tokens.searched(words, words.new_zeros(len(words), EDGES).float(), decoder.end)
    rows, first = torch.arange(len(ids), device=ids.device), tokens.colon_at(words, decoder.end) + 1
    shares = []
    for edge in range(EDGES):
        logits = decoder(ids, memory, real, start=tokens.refer)[rows, first + edge]
        shares.append(logits[:, tokens.edge : tokens.edge + tokens.bins].float().softmax(-1))
        ids[rows, first + edge] = tokens.edge + shares[-1].argmax(-1)
    return ids.gather(1, first[:, None] + torch.arange(EDGES, device=ids.device)), torch.stack(shares, 1)


def shapes_of(images: Any) -> list[tuple[int, int] | None]:
    """Height and width of each picture as it is seen; None of one that is given as a view."""
    if isinstance(images, Tensor | Patches) or (isinstance(images, np.ndarray) and images.ndim == 4):
        return [None] * len(images)
    if isinstance(images, Cut):
        return [None] * (1 if images.patches.ndim == 2 else len(images.patches))
    every = images if isinstance(images, list | tuple) else [images]
    return [None if isinstance(one, Tensor | Cut) else _shape(one) for one in every]


def _shape(picture: Any) -> tuple[int, int]:
    if hasattr(picture, "size") and not isinstance(picture, np.ndarray):
        return picture.size[1], picture.size[0]
    given = Path(picture) if isinstance(picture, str) else picture
    try:
        return extent(given)
    except BadSample:  # a drawing has no pixels of its own, but a shape
        width, height = opened(given, 64).size
        return height, width


def fitting(encoder: TorchEncoder, texts: list[str], needs: str) -> np.ndarray:
    """The ids of texts. ValueError for those without words, of which `needs` says who needs them, and for those of more
    tokens than the encoder reads."""
    tokenizer: Any = encoder.tokenizer
    if empty := sum(not text.strip() for text in texts):
        raise ValueError(f"{needs}; {empty} of {len(texts)} texts have none")
    for text, cut in zip(texts, tokenizer.cut(texts) if texts else [], strict=True):
        if cut:
            raise ValueError(f"{text[:60]!r} has more than the {tokenizer.length - 1} tokens that {encoder.name} reads")
    return tokenizer(texts)


def _place(
    encoder: TorchEncoder,
    box: np.ndarray,
    there: bool,
    chances: Float[Tensor, "4 k"],
    shape: tuple[int, int] | None,
    tokens: BoxTokens,
) -> Place:
    if shape is not None:
        box = onto_picture(box[None], seen_part(encoder.rule, shape))[0]
    x, y, w, h = box.tolist()
    return Place(
        box=(x, y, w, h) if there and w > 0 and h > 0 else None,
        score=float(chances.amax(-1).prod()),
        heat=_within(chances, tokens),
    )


def _within(chances: Float[Tensor, "4 k"], tokens: BoxTokens) -> np.ndarray:
    """P(top <= row <= bottom) P(left <= column <= right)."""
    top, left, bottom, right = chances[[0, 1, 2, 3] if tokens.order == "yxyx" else [1, 0, 3, 2]].numpy()
    down = top.cumsum() * bottom[::-1].cumsum()[::-1]
    across = left.cumsum() * right[::-1].cumsum()[::-1]
    return np.outer(down, across).astype(np.float32)


CAPABILITY = Capability(needs=("image", "decoder"), do=locate)
