"""A run's two towers as ONNX graphs, which `sightline.runtime` reads without torch. `docs/run-folder.md` has the files.

Each graph is a whole encoder: image (b, c, y, x) float32 -> vector (b, e), tokens (b, n) int64 -> vector (b, e), not
normalised; b and n are free. Nothing is kept that was not compared with torch first.
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
from sightline.data.atomic import replacing
from sightline.data.preprocess import Preprocess
from sightline.runtime.crop import crop_of
from sightline.runtime.description import read_description, stored_digest, tokenizer_file
from sightline.runtime.graph import MARK, Graph
from sightline.runtime.load import ABOUT, FORMAT, graph_file
from sightline.towers.bag import BagOfTokens
from sightline.towers.text import Causal, Full, TransformerText
from sightline.towers.tips import TipsText
from sightline.weights.encoder import TorchEncoder
from sightline.weights.run import load_encoder

OPSET = 20
"""onnxruntime 1.17 and later"""
TOLERANCE = 1e-4
"""largest difference between the engines, of outputs up to 1; of larger ones, that share of the largest"""
LARGEST = 2_000_000_000
"""bytes of weights in one graph: a protobuf ends at 2 GiB"""
BATCHES = (1, 2, 5)
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
    """The largest difference between the engines' unnormalised outputs; `text` is None without a text tower."""

    image: float
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
    copied = [] if out.resolve() == folder.resolve() else [folder / "encoder.json", tokenizer_file(folder, described)]
    copies = [file for file in copied if file is not None]
    fixed(encoder)
    parts = ["image", *(["text"] if "text" in dict(encoder.model.named_children()) else [])]
    graphs = [graph_file(out, part) for part in parts]
    about = graphs[0].with_name(ABOUT)
    with replacing(*(out / file.name for file in copies), *graphs, about) as temporaries:
        for file, temporary in zip(copies, temporaries, strict=False):
            temporary.write_bytes(file.read_bytes())
        at = dict(zip(parts, temporaries[len(copies) :], strict=False))
        _export_image(encoder, weights, at["image"])
        found = {"image": _image_difference(encoder, Graph(at["image"], weights))}
        crop = None
        if "text" in at:
            _export_text(encoder, weights, at["text"])
            crop = _crop(encoder.model.text)
            found["text"] = _text_difference(encoder, Graph(at["text"], weights), crop_of(crop))
        differences = Differences(found["image"], found.get("text"))
        sizes: dict[str, Any] = {part: {"bytes": file.stat().st_size} for part, file in at.items()}
        written = {
            "format": FORMAT,
            "weights": weights,
            "identity": encoder.identity,
            "opset": OPSET,
            "image": sizes["image"],
            "text": sizes["text"] | {"crop": crop} if "text" in sizes else None,
            "max_difference": asdict(differences),
            "made_with": {"sightline": __version__, "torch": torch.__version__},
        }
        temporaries[-1].write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
        # without it nothing is loaded, so no mixture of two exports ever is
        about.unlink(missing_ok=True)
    if "text" not in parts:
        graph_file(out, "text").unlink(missing_ok=True)
    return differences


def _export_image(encoder: TorchEncoder, weights: str, path: Path) -> None:
    model, rule = encoder.model, fixed(encoder)
    example = torch.zeros(2, rule.channels, rule.size, rule.size)
    joined = Joined(model.encode_image, (model.image, model.project_image))
    _export(joined, example, {0: torch.export.Dim("b", min=1)}, "image", weights, path)


def fixed(encoder: TorchEncoder) -> Preprocess:
    """The rule of an encoder that can be exported. ValueError without an image tower, and for NaFlex."""
    if isinstance(encoder.rule, Preprocess):
        return encoder.rule
    raise ValueError(
        f"{encoder.name} takes pictures of any aspect ratio (NaFlex); this version exports fixed sizes only"
    )


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
    _export(joined, tokens, free, "tokens", weights, path)


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


def _export(module: nn.Module, example: Tensor, free: dict[int, Any], name: str, weights: str, path: Path) -> None:
    size = sum(x.numel() * x.element_size() for x in module.state_dict().values())
    if size > LARGEST:
        raise ValueError(
            f"a tower of {size / 1e9:.1f} GB cannot be exported: one ONNX file holds up to {LARGEST / 1e9:.0f} GB. "
            "Use it with torch"
        )
    with torch.no_grad():
        module.eval()(
            example
        )  # position tables are made once and kept: of real numbers, not of the exporter's stand-ins
    try:
        program = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            dynamic_shapes=(free,),
            input_names=[name],
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


def _root(error: BaseException) -> str:
    """The first cause in a line: the exporter wraps it into a page of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _crop(text: nn.Module) -> dict[str, Any] | None:
    """What `sightline.runtime.crop` may drop for this tower."""
    match text:
        case BagOfTokens(pad=pad):
            return {"kind": "padding", "id": pad}
        case TransformerText(reading=Causal(eot=eot)):
            return {"kind": "end", "id": eot}
        case _:
            return None


def _image_difference(encoder: TorchEncoder, graph: Graph) -> float:
    rule = fixed(encoder)
    size = rule.size
    random = np.random.default_rng(0)

    def pictures(count: int) -> np.ndarray:
        made = [random.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(count)]
        return np.stack([rule(pixels) for pixels in made])

    return _largest("image", [(graph(batch), encoder.encode_image(batch)) for batch in map(pictures, BATCHES)])


def _text_difference(encoder: TorchEncoder, graph: Graph, crop: Callable[[np.ndarray], np.ndarray]) -> float:
    batches = [_ids(encoder, count) for count in (*BATCHES, len(TEXTS))]
    pairs = [
        (graph(form(batch.numpy())), encoder.encode_text(batch)) for batch in batches for form in (np.asarray, crop)
    ]
    return _largest("text", pairs)


def _largest(part: str, pairs: Sequence[tuple[np.ndarray, Tensor]]) -> float:
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
