"""The graph of a text tower: tokens (b, n) int64 -> vector (b, e), not normalised; b and n are free."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sightline.runtime.crop import crop_of
from sightline.runtime.graph import Graph
from sightline.towers.bag import BagOfTokens
from sightline.towers.bert import BertText
from sightline.towers.text import Causal, Full, TransformerText
from sightline.towers.tips import TipsText
from sightline.weights.encoder import TorchEncoder
from sightline.weights.onnx.graph import BATCHES, largest, write_graph
from sightline.weights.onnx.joined import Joined

TEXTS = (
    "credit card",
    "a red star left of a blue circle",
    "",
    "shopping cart with an arrow, two wheels and a plus sign " * 12,
    "🦊 naïve café",
    "x",
    "two people shaking hands",
    "arrow-up-right-from-square",
)


def write(encoder: TorchEncoder, weights: str, at: Mapping[str, Path]) -> tuple[float, dict[str, Any]]:
    """Writes the graph; how far it is from torch, and what `onnx.json` says of it."""
    path = at["text"]
    _export(encoder, weights, path)
    crop = _crop(encoder.model.text)
    difference = _difference(encoder, Graph(path, weights), crop_of(crop))
    return difference, {"bytes": path.stat().st_size, "crop": crop}


def _export(encoder: TorchEncoder, weights: str, path: Path) -> None:
    model = encoder.model
    tokens = _ids(encoder, 2).clone()
    joined = Joined(model.encode_text, (model.text, model.project_text))
    free: dict[int, Any] = {0: torch.export.Dim("b", min=1)}
    match model.text:
        case TransformerText(reading=Full()):
            pass  # padding is read like words, so there is one length
        case TransformerText(length=length) | TipsText(length=length) | BertText(length=length):
            free[1] = torch.export.Dim("n", min=1, max=length)
        case _:
            free[1] = torch.export.Dim("n", min=1)
    write_graph(joined, {"tokens": tokens}, [free], weights, path)


def _ids(encoder: TorchEncoder, count: int) -> Tensor:
    """Token ids of `count` texts; drawn where a published folder came without its tokenizer."""
    if encoder.tokenizer is not None:
        return encoder.tokenize(TEXTS[:count])
    text = encoder.model.text
    ids = torch.randint(0, text.embed.num_embeddings, (count, text.length), generator=torch.Generator().manual_seed(0))
    if isinstance(text, TransformerText) and isinstance(text.reading, Causal):
        ids[ids == text.reading.eot] = 0
        ids[torch.arange(count), torch.arange(1, count + 1) % text.length] = text.reading.eot
    return ids


def _crop(text: nn.Module) -> dict[str, Any] | None:
    """What `sightline.runtime.crop` may drop for this tower."""
    match text:
        case BagOfTokens(pad=pad) | TipsText(pad=pad) | BertText(pad=pad):
            return {"kind": "padding", "id": pad}
        case TransformerText(reading=Causal(eot=eot)):
            return {"kind": "end", "id": eot}
        case _:
            return None


def _difference(encoder: TorchEncoder, graph: Graph, crop: Callable[[np.ndarray], np.ndarray]) -> float:
    batches = [_ids(encoder, count) for count in (*BATCHES, len(TEXTS))]
    pairs = [
        (graph(form(batch.numpy())), encoder.encode_text(batch)) for batch in batches for form in (np.asarray, crop)
    ]
    return largest("text", pairs)
