"""The graph of an image tower: image (b, c, y, x) float32 -> vector (b, e), not normalised; patches under NaFlex."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.runtime.graph import Graph
from sightline.runtime.load import POSITIONS
from sightline.runtime.position import RESAMPLE
from sightline.towers.naflex import NaFlex
from sightline.weights.encoder import TorchEncoder
from sightline.weights.onnx.graph import BATCHES, largest, write_graph
from sightline.weights.onnx.joined import Joined
from sightline.weights.onnx.naflex import export_naflex, learned


def check(encoder: TorchEncoder) -> None:
    """ValueError for an image tower of which there is no graph."""
    if _cut(encoder):
        learned(encoder)


def write(encoder: TorchEncoder, weights: str, at: Mapping[str, Path]) -> tuple[float, dict[str, Any]]:
    """Writes what the image tower needs; how far it is from torch, and what `onnx.json` says of it."""
    if _cut(encoder):
        difference = export_naflex(encoder, weights, at["image"], at["positions"])
        positions = {"file": POSITIONS, "bytes": at["positions"].stat().st_size, "resample": RESAMPLE}
        return difference, {"bytes": at["image"].stat().st_size, "positions": positions}
    rule, model = encoder.rule, encoder.model
    assert isinstance(rule, Preprocess), "every tower but NaFlex's has pictures of one size"
    example = torch.zeros(2, rule.channels, rule.size, rule.size)
    joined = Joined(model.encode_image, (model.image, model.project_image))
    write_graph(joined, {"image": example}, [{0: torch.export.Dim("b", min=1)}], weights, at["image"])
    difference = _difference(encoder, rule, Graph(at["image"], weights))
    return difference, {"bytes": at["image"].stat().st_size}


def _cut(encoder: TorchEncoder) -> bool:
    """Whether its pictures are cut before the tower."""
    return isinstance(encoder.model.image, NaFlex)


def _difference(encoder: TorchEncoder, rule: Preprocess, graph: Graph) -> float:
    size = rule.size
    random = np.random.default_rng(0)

    def pictures(count: int) -> np.ndarray:
        made = [random.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(count)]
        return np.stack([rule(pixels) for pixels in made])

    return largest("image", [(graph(batch), encoder.encode_image(batch)) for batch in map(pictures, BATCHES)])
