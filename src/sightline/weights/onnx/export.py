"""A run's towers as ONNX graphs, which `sightline.runtime` reads without torch. `docs/run-folder.md` has the files.

Each graph is a whole encoder: image (b, c, y, x) float32 -> vector (b, e), tokens (b, n) int64 -> vector (b, e), not
normalised; b and n are free. A NaFlex tower's takes patches (`onnx_naflex`). Nothing is kept that was not compared with
torch first.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sightline import __version__
from sightline.data.atomic import atomic_write
from sightline.data.prepare.preprocess import Preprocess
from sightline.runtime.crop import crop_of
from sightline.runtime.description import read_description, stored_digest, tokenizer_file
from sightline.runtime.graph import Graph
from sightline.runtime.load import ABOUT, FORMAT, POSITIONS, graph_file, positions_file
from sightline.runtime.position import RESAMPLE
from sightline.towers.bag import BagOfTokens
from sightline.towers.naflex import NaFlex
from sightline.towers.text import Causal, Full, TransformerText
from sightline.towers.tips import TipsText
from sightline.weights.encoder import TorchEncoder
from sightline.weights.onnx.graph import BATCHES, OPSET, largest, write_graph
from sightline.weights.onnx.naflex import export_naflex, learned
from sightline.weights.run_folder.run import load_encoder

PARTS = ("image", "text")
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


@dataclass(frozen=True, slots=True)
class Differences:
    """The largest difference between the engines' unnormalised outputs; None for a tower that is not there."""

    image: float | None
    text: float | None


class Joined(nn.Module):
    """A tower and its projection as one module: what a graph is made of."""

    def __init__(self, encode: Callable[[Tensor], Tensor], parts: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encode, self.parts = encode, nn.ModuleList(parts)

    def forward(self, batch: Tensor) -> Tensor:
        return self.encode(batch)


def export_onnx(folder: str | Path, out: str | Path | None = None) -> Differences:
    """Exports the run in `folder` into its `onnx/`, or as a light copy, all that search needs, into `out`.

    Files are put in place whole, `onnx.json` last: what a kill leaves is refused. Raises ValueError where a tower
    cannot be exported or the engines differ; what was there is then untouched.
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
    optional = {part: graph_file(out, part) for part in PARTS} | {"positions": positions_file(out)}
    parts = [part for part in PARTS if described[part] is not None]
    made = [*parts, *(["positions"] if _cut(encoder) else [])]
    about = positions_file(out).with_name(ABOUT)
    targets = {name: out / name for name in copies} | {name: optional[name] for name in made} | {ABOUT: about}
    with atomic_write(*targets.values()) as temporaries:
        at = dict(zip(targets, temporaries, strict=True))
        for name, file in copies.items():
            at[name].write_bytes(file.read_bytes())
        said: dict[str, Any] = dict.fromkeys(PARTS)
        found: dict[str, float] = {}
        if "image" in parts:
            found["image"], said["image"] = _image(encoder, weights, at)
        if "text" in parts:
            found["text"], said["text"] = _text(encoder, weights, at["text"])
        differences = Differences(found.get("image"), found.get("text"))
        written = {
            "format": FORMAT,
            "weights": weights,
            "identity": encoder.identity,
            "opset": OPSET,
            **said,
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
    """ValueError for an encoder with a tower of which there is no graph."""
    if _cut(encoder):
        learned(encoder)


def _cut(encoder: TorchEncoder) -> bool:
    """Whether its pictures are cut before the tower."""
    return isinstance(encoder.model.image, NaFlex)


def _image(encoder: TorchEncoder, weights: str, at: dict[str, Path]) -> tuple[float, dict[str, Any]]:
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
    difference = _image_difference(encoder, rule, Graph(at["image"], weights))
    return difference, {"bytes": at["image"].stat().st_size}


def _text(encoder: TorchEncoder, weights: str, path: Path) -> tuple[float, dict[str, Any]]:
    """As `_image`."""
    _export_text(encoder, weights, path)
    crop = _crop(encoder.model.text)
    difference = _text_difference(encoder, Graph(path, weights), crop_of(crop))
    return difference, {"bytes": path.stat().st_size, "crop": crop}


def _export_text(encoder: TorchEncoder, weights: str, path: Path) -> None:
    model = encoder.model
    tokens = _ids(encoder, 2).clone()
    joined = Joined(model.encode_text, (model.text, model.project_text))
    free: dict[int, Any] = {0: torch.export.Dim("b", min=1)}
    match model.text:
        case TransformerText(reading=Full()):
            pass  # padding is read like words, so there is one length
        case TransformerText(length=length) | TipsText(length=length):
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
        case BagOfTokens(pad=pad):
            return {"kind": "padding", "id": pad}
        case TransformerText(reading=Causal(eot=eot)):
            return {"kind": "end", "id": eot}
        case _:
            return None


def _image_difference(encoder: TorchEncoder, rule: Preprocess, graph: Graph) -> float:
    size = rule.size
    random = np.random.default_rng(0)

    def pictures(count: int) -> np.ndarray:
        made = [random.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(count)]
        return np.stack([rule(pixels) for pixels in made])

    return largest("image", [(graph(batch), encoder.encode_image(batch)) for batch in map(pictures, BATCHES)])


def _text_difference(encoder: TorchEncoder, graph: Graph, crop: Callable[[np.ndarray], np.ndarray]) -> float:
    batches = [_ids(encoder, count) for count in (*BATCHES, len(TEXTS))]
    pairs = [
        (graph(form(batch.numpy())), encoder.encode_text(batch)) for batch in batches for form in (np.asarray, crop)
    ]
    return largest("text", pairs)
