"""An encoder in another layout: written into a folder beside OUT, read back, compared, and only then renamed to OUT."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from sightline import __version__
from sightline.data.atomic import atomic_folder
from sightline.runtime.description import read_description, run_folder
from sightline.towers.spec import Causal, LearnedSpec, Map, TransformerTextSpec, ViTSpec
from sightline.weights.convert.source import Opened, opened
from sightline.weights.convert.write import MARK, planned, write
from sightline.weights.encoder import TorchEncoder
from sightline.weights.onnx.export import export_onnx, must_export
from sightline.weights.peers import peer_files, readback
from sightline.weights.peers.adapter import TIMM, TRANSFORMERS
from sightline.weights.published.checkpoint import published
from sightline.weights.published.names import published_source
from sightline.weights.run_folder.joint import kept_of
from sightline.weights.run_folder.run import load_encoder, save

Form = Literal["sightline", "hf", "open_clip", "onnx"]
HF = ("clip", "siglip", "siglip2", "vit", "dinov2", "dinov3")
"""layouts of transformers, in the order in which an encoder of ours is tried on them"""
KEEP = "--to sightline keeps everything"
BIAS = "image.stem.proj.bias"
CLIP_VOCABULARY = 49408
"""which open_clip ships"""
WEIGHTS = ("model.safetensors", "open_clip_model.safetensors")
WRITTEN = {"encoder.json", "config.json", "open_clip_config.json", "preprocessor_config.json", *WEIGHTS}
"""the files of a conversion beside those of its tokenizer"""


@dataclass(frozen=True)
class Converted:
    """What was written and how far its reader is from the encoder it came from."""

    folder: Path
    layout: str
    read_by: str
    differences: Mapping[str, float]


def convert(name: str | Path, out: str | Path, to: Form) -> Converted:
    """Writes the encoder called `name` into `out` in the form `to`; `out` is new, empty, or an earlier conversion.

    Raises ValueError naming what the form has no place for, before anything is written, or where what was written does
    not compute the same: `out` is then as it was. To onnx, `out` may be the run itself.
    """
    out = Path(out)
    if to == "onnx":
        return _onnx(str(name), out)
    _may_be_replaced(out)
    source = opened(name)
    makers = {"sightline": _sightline, "hf": _transformers, "open_clip": _open_clip}
    if to not in makers:
        raise ValueError(f"unknown form {to!r}; known are sightline, hf, open_clip and onnx")
    with atomic_folder(out) as folder:
        made = makers[to](source, folder)
    return Converted(out, *made)


Made = tuple[str, str, Mapping[str, float]]
"""the layout, who read it back, the differences"""


def _sightline(source: Opened, folder: Path) -> Made:
    _save(source, folder)
    again = load_encoder(folder)
    if again.identity != source.encoder.identity:
        raise ValueError(f"{source.encoder.name} came back with another identity from what was written")
    return "sightline", "sightline", _ours_against(source, again)


def _transformers(source: Opened, folder: Path) -> Made:
    layout = _layout(source)
    encoder = source.encoder
    files = peer_files.transformers_pictures(encoder.rule, layout) if encoder.sees else {}
    files |= peer_files.words(encoder.tokenizer, source.words if source.family in HF else None)
    write(folder, layout, source.towers, _tensors(source, layout))
    _put(folder, files)
    found = dict(_ours_against(source, published(folder)))
    if not readback.installed("transformers"):
        return layout, "sightline (transformers is not installed)", found
    pictures, ids = readback.examples(source.towers, encoder)
    theirs = readback.of_transformers(folder, pictures, ids)
    found = readback.compared(readback.ours(encoder, pictures, ids), theirs, "transformers")
    if encoder.tokenizer is not None:
        from transformers import AutoTokenizer

        try:
            peer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except ImportError as error:  # sentencepiece, for SigLIP's own tokenizer file
            return layout, f"transformers (words not compared: {str(error).strip().splitlines()[0]})", found
        length = encoder.tokenizer.length
        readback.same_ids(
            encoder,
            lambda texts: peer(texts, padding="max_length", truncation=True, max_length=length).input_ids,
            _end(source),
            "transformers",
        )
    return layout, "transformers", found


def _open_clip(source: Opened, folder: Path) -> Made:
    encoder = source.encoder
    if source.towers.image is None or source.towers.text is None:
        raise ValueError("open_clip's layout holds both towers, and this encoder has one; --to sightline keeps it")
    config, _ = planned("open_clip", source.towers, _tensors(source, "open_clip"))
    model = config["model_cfg"]
    files, said = _open_clip_words(source)
    model["text_cfg"] |= said
    extra = {"model_cfg": model, "preprocess_cfg": peer_files.open_clip_pictures(encoder.rule)}
    write(folder, "open_clip", source.towers, _tensors(source, "open_clip"), extra)
    _put(folder, files)
    found = dict(_ours_against(source, published(folder)))
    if not readback.installed("open_clip"):
        return "open_clip", "sightline (open_clip is not installed)", found
    pictures, ids = readback.examples(source.towers, encoder)
    theirs = readback.of_open_clip(folder, pictures, ids)
    found = readback.compared(readback.ours(encoder, pictures, ids), theirs, "open_clip")
    if encoder.tokenizer is not None and (not said or readback.installed("transformers")):
        import open_clip

        peer: Any = open_clip.get_tokenizer(f"local-dir:{folder}")
        readback.same_ids(encoder, peer, _end(source), "open_clip")
    return "open_clip", "open_clip", found


def _open_clip_words(source: Opened) -> tuple[peer_files.Files, dict[str, Any]]:
    """The tokenizer's files, and what `text_cfg` says of them: nothing where it is CLIP's own, which open_clip has."""
    tokenizer, text = source.encoder.tokenizer, source.towers.text
    if tokenizer is None or (getattr(tokenizer, "vocab", 0) == CLIP_VOCABULARY and _causal(text)):
        return {}, {}
    files = peer_files.words(tokenizer, source.words)
    # open_clip takes any name for a folder's own files, and only asks whether there is one
    said: dict[str, Any] = {"hf_tokenizer_name": "local"}
    if _causal(text):
        return files, said
    clean = "canonicalize" if "canonical" in getattr(tokenizer, "clean", "") else "lower"
    return files, said | {"tokenizer_kwargs": {"clean": clean}}


def _causal(text: Any) -> bool:
    return isinstance(text, TransformerTextSpec) and isinstance(text.reading, Causal)


def _end(source: Opened) -> int | None:
    """The token after which a text's ids reach nothing."""
    text = source.towers.text
    return text.reading.eot if isinstance(text, TransformerTextSpec) and isinstance(text.reading, Causal) else None


def _onnx(name: str, out: Path) -> Converted:
    if published_source(name) is None and not name.startswith((TIMM, TRANSFORMERS)):
        run = run_folder(name)
        if out.is_dir() and run_folder(out).resolve() == run.resolve():
            return _exported(run, run)
        _may_become_a_copy(out)
        return _exported(run, out)
    _may_become_a_copy(out)
    source = opened(name)
    must_export(source.encoder)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent) as made:
        _save(source, Path(made))
        return _exported(Path(made), out)


def _exported(run: Path, out: Path) -> Converted:
    found = {part: value for part, value in asdict(export_onnx(run, out)).items() if value is not None}
    return Converted(out, "onnx", "onnxruntime", found)


def _layout(source: Opened) -> str:
    """The layout of transformers that holds the encoder, the one it came from first. ValueError with every reason."""
    both = source.towers.image is not None and source.towers.text is not None
    tried = HF if not both else HF[:3]
    reasons = []
    for layout in dict.fromkeys((source.family, *tried)):
        if layout not in tried:
            continue
        try:
            planned(layout, source.towers, _tensors(source, layout))
            return layout
        except (ValueError, AssertionError) as error:
            reasons.append(f"{layout}: {str(error) or 'another kind of tower'}")
    said = "; ".join(reason.replace("this encoder does not fit the layout: ", "") for reason in reasons)
    said = said.replace(f". {KEEP}", "")
    raise ValueError(f"{source.encoder.name} fits no layout of transformers ({said}). {KEEP}")


def _tensors(source: Opened, layout: str) -> dict[str, Tensor]:
    """The tensors for `layout`. CLIP's patches have no bias: one that was trained is added to their positions instead.

    That is the same sum at every size: resizing positions keeps what all of them share.
    """
    image, tensors = source.towers.image, dict(source.tensors)
    bias = tensors.get(BIAS)
    plain = isinstance(image, ViTSpec) and isinstance(image.position, LearnedSpec) and image.pool != Map()
    if layout in ("clip", "open_clip") and plain and bias is not None and "image.position.weight" in tensors:
        tensors["image.position.weight"] = tensors["image.position.weight"] + bias
        tensors[BIAS] = torch.zeros_like(bias)
    return tensors


def _save(source: Opened, folder: Path) -> None:
    encoder = source.encoder
    save(
        folder,
        kept_of(encoder.model, encoder.capabilities),
        specs=source.towers.specs() | source.others,
        preprocess=encoder.preparation,
        tokenizer=source.tokenizer,
        dim=source.towers.dim,
        extra=source.extra | {MARK: f"sightline {__version__}"},
    )


def _ours_against(source: Opened, again: TorchEncoder) -> dict[str, float]:
    pictures, ids = readback.examples(source.towers, source.encoder)
    mine: dict[str, Tensor] = readback.ours(source.encoder, pictures, ids)
    return readback.compared(mine, readback.ours(again, pictures, ids), "sightline")


def _put(folder: Path, files: peer_files.Files) -> None:
    for name, contents in files.items():
        (folder / name).write_bytes(contents)


def _may_be_replaced(out: Path) -> None:
    """ValueError where `out` is anything but new, empty or an earlier conversion."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; name a folder")
    there = sorted(path.name for path in out.iterdir()) if out.exists() else []
    if not there:
        return
    words = {name for name in there if name in peer_files.WORDS or name.endswith(".model")}
    if set(there) <= WRITTEN | words and _marked(out):
        return
    raise ValueError(f"{out} holds {', '.join(there[:3])} and was not made by this command; name a new folder")


def _marked(out: Path) -> bool:
    """Whether the weights there are as converting left them: training and transformers' own saves drop the mark."""
    try:
        if (out / "encoder.json").is_file():
            return MARK in read_description(out)
        with safe_open(next(out / name for name in WEIGHTS if (out / name).is_file()), framework="pt") as file:
            return MARK in (file.metadata() or {})
    except (ValueError, StopIteration, SafetensorError):
        return False


def _may_become_a_copy(out: Path) -> None:
    """ValueError where `out` is anything but new, empty or an earlier light copy."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; name a folder")
    there = {path.name for path in out.iterdir()} if out.exists() else set()
    strangers = sorted(there - {"encoder.json", "tokenizer.json", "onnx"})
    if strangers:
        raise ValueError(
            f"{out} holds {', '.join(strangers[:3])}, so it is no copy made by this command; name a new folder, or the "
            "run itself"
        )
