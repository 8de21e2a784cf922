"""A NaFlex tower as an ONNX graph and its table of positions, which `sightline.runtime` resizes for each picture.

The graph takes patches (b, n, k) float32, mask (b, n) bool and position (b, n, d) float32; b and n are free.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from safetensors.numpy import save
from torch import Tensor, nn

from sightline.data.prepare.naflex import stacked
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.nn.position import Learned, Unplaced
from sightline.runtime.graph import Graph
from sightline.runtime.naflex import NaFlexTower
from sightline.runtime.position import RESAMPLE, TENSOR, Positions
from sightline.towers.naflex import NaFlex
from sightline.weights.batcher import own
from sightline.weights.encoder import TorchEncoder
from sightline.weights.onnx.graph import BATCHES, largest, write_graph

SHAPES = ((64, 64), (40, 120), (96, 32), (7, 400), (300, 11), (57, 83), (500, 30), (31, 30))
"""of the pictures that the engines are compared on"""


class Placed(nn.Module):
    """A tower and its projection, given positions instead of grids; it shares its weights."""

    def __init__(self, tower: NaFlex, project: nn.Module) -> None:
        super().__init__()
        self.vit: Any = own(tower.vit)
        self.vit.position = Unplaced()
        self.project = project

    def forward(
        self, patches: Float[Tensor, "b n k"], mask: Bool[Tensor, "b n"], position: Float[Tensor, "b n d"]
    ) -> Float[Tensor, "b e"]:
        # only positions read the grid, and they are there already
        return self.project(self.vit.read_pooled(self.vit.stem(patches) + position, (1, 1), mask))


def learned(encoder: TorchEncoder) -> Learned:
    """The positions of an encoder's NaFlex tower. ValueError for those that the runtime does not know."""
    position = encoder.model.image.vit.position
    if isinstance(position, Learned) and position.resample == RESAMPLE:
        return position
    raise ValueError(
        f"{encoder.name} takes pictures of any aspect ratio (NaFlex) with other positions than a learned table resized "
        f"by {RESAMPLE}: only those are exported. Use it with torch"
    )


def export_naflex(encoder: TorchEncoder, weights: str, graph: Path, table: Path) -> float:
    """Writes the graph and the table; the largest difference from torch. ValueError as `onnx.export_onnx`."""
    position, joint = learned(encoder), encoder.model
    tower = Placed(joint.image, joint.project_image)
    k, d = tower.vit.stem.in_features, tower.vit.dim
    inputs = {
        "patches": torch.zeros(2, 6, k),
        "mask": torch.ones(2, 6, dtype=torch.bool),
        "position": torch.zeros(2, 6, d),
    }
    free = torch.export.Dim.DYNAMIC
    # names for the first input's sides; the exporter finds that the others' are equal, and warns if it is given
    sides = [{0: torch.export.Dim("b", min=1), 1: torch.export.Dim("n", min=1)}, *[{0: free, 1: free}] * 2]
    write_graph(tower, inputs, sides, weights, graph)
    places = position.weight.detach().float().view(*position.grid, -1).numpy()
    # the digest is what binds the table to the weights, as the mark does for the graph
    table.write_bytes(save({TENSOR: np.ascontiguousarray(places)}, metadata={"digest": weights}))
    return _difference(encoder, NaFlexTower(Graph(graph, weights), Positions(table, weights)))


def _difference(encoder: TorchEncoder, tower: NaFlexTower) -> float:
    rule, random = encoder.rule, np.random.default_rng(0)
    assert isinstance(rule, NaFlexRule), "a NaFlex tower's pictures are cut by its rule"
    pictures = [random.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in SHAPES]
    batches = [pictures[:count] for count in BATCHES] + [pictures[-len(pictures) // 2 :]]
    return largest(
        "image", [(tower(stacked([rule(one) for one in batch])), encoder.encode_image(batch)) for batch in batches]
    )
