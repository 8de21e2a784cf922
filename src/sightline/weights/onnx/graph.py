"""One module as an ONNX graph that names the weights it was made from, and how far an engine may be from torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sightline.runtime.graph import MARK

OPSET = 20
"""onnxruntime 1.17 and later"""
TOLERANCE = 1e-4
"""largest difference between the engines, of outputs up to 1; of larger ones, that share of the largest"""
LARGEST = 2_000_000_000
"""bytes of weights in one graph: a protobuf ends at 2 GiB"""
BATCHES = (1, 2, 5)
"""pictures or texts at a time, when the engines are compared"""


def write_graph(
    module: nn.Module, inputs: dict[str, Tensor], free: Sequence[dict[int, Any]], weights: str, path: Path
) -> None:
    """Exports `module` into `path`; `inputs` are examples by name, `free` the free sides of each.

    ValueError where the module is too large for one file, or the exporter cannot do it.
    """
    size = sum(x.numel() * x.element_size() for x in module.state_dict().values())
    if size > LARGEST:
        raise ValueError(
            f"a tower of {size / 1e9:.1f} GB cannot be exported: one ONNX file holds up to {LARGEST / 1e9:.0f} GB. "
            "Use it with torch"
        )
    example = tuple(inputs.values())
    with torch.no_grad():
        # position tables are made once and kept: of real numbers, not of the exporter's stand-ins
        module.eval()(*example)
    try:
        program = torch.onnx.export(
            module,
            example,
            dynamo=True,
            dynamic_shapes=tuple(free),
            input_names=list(inputs),
            output_names=["vector"],
            opset_version=OPSET,
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        raise ValueError(f"this tower cannot be exported to ONNX: {_root(error)}") from error
    assert program is not None, "the exporter returns a program wherever dynamo=True"
    proto = program.model_proto
    entry = proto.metadata_props.add()
    entry.key, entry.value = MARK, weights
    path.write_bytes(proto.SerializeToString())


def largest(part: str, pairs: Sequence[tuple[np.ndarray, Tensor]]) -> float:
    """The largest difference; ValueError where it is above the tolerance or no number."""
    worst = 0.0
    for got, expected in pairs:
        difference = float(np.abs(got - expected.numpy()).max())
        if not difference <= TOLERANCE * max(1.0, float(expected.abs().max())):
            raise ValueError(
                f"the exported {part} tower differs from torch by {difference:.1e}, more than {TOLERANCE:.0e}: it is "
                "not kept. Use the run with torch"
            )
        worst = max(worst, difference)
    return worst


def _root(error: BaseException) -> str:
    """The first cause in a line: the exporter wraps it into a page of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
