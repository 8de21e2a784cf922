"""What a run can do without torch, as ONNX graphs, which `sightline.runtime` reads.

`docs/train/run-folder.md` has the files.

Each capability names its own graphs (`weights.capabilities`), possibly none. Nothing is kept that was not compared with
torch first.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from sightline import __version__
from sightline.data.atomic import atomic_write
from sightline.runtime.able import can
from sightline.runtime.description import read_description, stored_digest, tokenizer_file
from sightline.runtime.load import ABOUT, FORMAT, GRAPHS, graph_file, positions_file
from sightline.weights.capabilities import exports
from sightline.weights.encoder import TorchEncoder
from sightline.weights.onnx.graph import OPSET
from sightline.weights.run_folder.run import load_encoder


@dataclass(frozen=True, slots=True)
class Differences:
    """The largest difference between the engines' unnormalised outputs; None for a tower that is not there."""

    image: float | None
    text: float | None


def export_onnx(folder: str | Path, out: str | Path | None = None) -> Differences:
    """Exports the run in `folder` into its `onnx/`, or as a light copy, all that search needs, into `out`.

    Files are put in place whole, `onnx.json` last: what a kill leaves is refused. Raises ValueError where nothing it
    can do has a graph, a tower cannot be exported or the engines differ; what was there is then untouched.
    """
    folder = Path(folder)
    out = folder if out is None else Path(out)
    encoder = load_encoder(folder)
    described = read_description(folder)
    weights = stored_digest(folder / "model.safetensors")
    if not weights:
        raise ValueError(
            f"{folder / 'model.safetensors'} states no digest in its header; only our own runs are exported"
        )
    must_export(encoder)
    copied = [] if out.resolve() == folder.resolve() else [folder / "encoder.json", tokenizer_file(folder, described)]
    copies = {file.name: file for file in copied if file is not None}
    optional = {part: graph_file(out, part) for part in GRAPHS} | {"positions": positions_file(out)}
    graphs = exports(encoder)
    made = [name for graph in graphs for name in (graph.name, *graph.beside(encoder))]
    about = positions_file(out).with_name(ABOUT)
    targets = {name: out / name for name in copies} | {name: optional[name] for name in made} | {ABOUT: about}
    with atomic_write(*targets.values()) as temporaries:
        at = dict(zip(targets, temporaries, strict=True))
        for name, file in copies.items():
            at[name].write_bytes(file.read_bytes())
        fields: dict[str, Any] = dict.fromkeys(GRAPHS)
        found: dict[str, float] = {}
        for graph in graphs:
            found[graph.name], fields[graph.name] = graph.write(encoder, weights, at)
        differences = Differences(found.get("image"), found.get("text"))
        written = {
            "format": FORMAT,
            "weights": weights,
            "identity": encoder.identity,
            "opset": OPSET,
            **fields,
            "max_difference": asdict(differences),
            "made_with": {"sightline": __version__, "torch": torch.__version__},
        }
        at[ABOUT].write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
        # without it nothing is loaded, so no mixture of two exports ever is
        about.unlink(missing_ok=True)
    for name, file in optional.items():
        if name not in made:
            file.unlink(missing_ok=True)
    return differences


def must_export(encoder: TorchEncoder) -> None:
    """ValueError for an encoder with a tower of which there is no graph, and for one that can do nothing by graphs."""
    graphs = exports(encoder)
    if not graphs:
        raise ValueError(f"{encoder.name} {can(encoder.capabilities)}, of which there are no graphs: use it with torch")
    for graph in graphs:
        graph.check(encoder)
