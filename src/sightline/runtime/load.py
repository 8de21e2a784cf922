"""Opening an exported run: `onnx/` beside `encoder.json` and `tokenizer.json`, with or without the weights.

`onnx/onnx.json` (format 1) says of which weights and rules the graphs are; `docs/train/run-folder.md` lists its fields.
Everything is checked before a graph is opened, and the graph itself names its weights once more.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sightline.data.prepare.naflex_rule import KIND, rule_from_json
from sightline.runtime.builtin import is_builtin
from sightline.runtime.crop import crop_of
from sightline.runtime.description import (
    identity_of,
    read_description,
    read_json,
    recovery_advice,
    run_folder,
    stored_digest,
    tokenizer_file,
)
from sightline.runtime.encoder import OnnxEncoder, Tower
from sightline.runtime.graph import Graph, copy_or_export, export_advice
from sightline.runtime.naflex import NaFlexTower
from sightline.runtime.position import RESAMPLE, Positions
from sightline.runtime.reading import TwoReadings, readable, reader
from sightline.text.load import load_tokenizer

FORMAT = 1
"""of `onnx.json`"""
FOLDER = "onnx"
ABOUT = "onnx.json"
GRAPHS = ("image", "text")
"""fields of `onnx.json`, NAME.onnx each, and what they do"""
DOES = {"image": "embeds", "text": "reads_text"}
POSITIONS = "positions.safetensors"
"""beside the graph of a NaFlex tower"""


def exported(name: str | Path) -> bool:
    """Whether `load` opens it: the export is there, whole, and of the weights and rules that lie beside it.

    True of every built-in encoder: nothing else opens one that is damaged, and `load` says what is wrong with it.
    """
    if is_builtin(name):
        return True
    try:
        _checked(run_folder(name))
    except ValueError:
        return False
    return True


def load(name: str | Path, device: str = "auto") -> OnnxEncoder:
    """The exported encoder called `name`: `builtin:icons`, a run folder or a light copy of one, also written
    `local-dir:PATH`.

    Nothing large is read before the first picture or text. `device` is auto or cpu. Raises ValueError saying what is
    missing, stale or damaged, and what mends it.
    """
    if device not in ("auto", "cpu"):
        raise ValueError(
            f"device {device!r} needs torch: pip install 'sightline[train]'; an exported encoder runs on auto or cpu"
        )
    folder = run_folder(name)
    described, about, words = _checked(folder)
    try:
        seen = described["preprocess"] if about["image"] else None
        rule = None if seen is None else rule_from_json(seen)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{folder / 'encoder.json'} describes an encoder that this version cannot build: {error}"
        ) from error
    try:
        crop = crop_of(about["text"]["crop"] if about["text"] else None)
    except ValueError as error:
        raise ValueError(f"{folder / FOLDER / ABOUT}: {error}; {export_advice(folder)}") from error
    text = Graph(graph_file(folder, "text"), about["weights"]) if about["text"] else None
    reading = readable(about["text"])
    both = TwoReadings(text) if text is not None and reading else None
    encoder = OnnxEncoder(
        _image(folder, about),
        both or text,
        preprocess=rule,
        tokenizer=None if words is None else partial(_tokenizer, words),
        crop=crop,
        dim=described["dim"],
        name=str(name) if is_builtin(name) else str(folder),
        identity=about["identity"],
        needing_torch=tuple(name for name in described["capabilities"] if name not in DOES.values()),
        logit_scale=described.get("logit_scale") or 0.0,
        logit_bias=described.get("logit_bias"),
    )
    if both is not None and reading:
        encoder.reader = reader(encoder, both, reading)
    return encoder


def graph_file(folder: Path, part: str) -> Path:
    """Where a graph lies in a run; `part` is one of GRAPHS."""
    return folder / FOLDER / f"{part}.onnx"


def positions_file(folder: Path) -> Path:
    """Where the table of positions of a NaFlex tower lies in a run."""
    return folder / FOLDER / POSITIONS


def _image(folder: Path, about: Mapping[str, Any]) -> Tower | None:
    if about["image"] is None:
        return None
    graph = Graph(graph_file(folder, "image"), about["weights"])
    if about["image"].get("positions"):
        return NaFlexTower(graph, Positions(positions_file(folder), about["weights"]))
    return graph


def _checked(folder: Path) -> tuple[dict[str, Any], dict[str, Any], Path | None]:
    """encoder.json, onnx.json and the tokenizer's file of an export that can be used, else ValueError."""
    described = read_description(folder)
    about = _read_about(folder, described)
    for part in GRAPHS:
        if about[part]:
            _check_size(graph_file(folder, part), about[part]["bytes"], folder)
    if about["image"] and about["image"].get("positions"):
        _check_size(positions_file(folder), about["image"]["positions"]["bytes"], folder)
    weights = folder / "model.safetensors"
    if weights.exists() and stored_digest(weights) != about["weights"]:
        raise ValueError(
            f"{folder / FOLDER} is stale: {weights} was written since, with other values; {export_advice(folder)}"
        )
    words = tokenizer_file(folder, described)
    if identity_of(described, about["weights"], words.read_bytes() if words else b"") != about["identity"]:
        raise ValueError(
            f"{folder / FOLDER} was exported with another encoder.json or tokenizer.json than those in {folder}; "
            f"{export_advice(folder)}"
        )
    return described, about, words


def _read_about(folder: Path, described: Mapping[str, Any]) -> dict[str, Any]:
    path = folder / FOLDER / ABOUT
    if not path.is_file():
        raise ValueError(
            f"{folder} is not exported ({path} is missing), and without torch only an exported encoder can be used. "
            f"Install torch: pip install 'sightline[train]'; or {export_advice(folder)}"
        )
    about = read_json(path)
    if not isinstance(about, dict) or not isinstance(about.get("format"), int):
        raise ValueError(f"{path} has no format number, so it describes no export; {export_advice(folder)}")
    if about["format"] > FORMAT:
        raise ValueError(
            f"{path} has format {about['format']}; this version reads up to {FORMAT}. Upgrade: "
            "pip install --upgrade sightline"
        )
    if not (
        isinstance(about.get("weights"), str)
        and isinstance(about.get("identity"), str)
        and all(_sized(about.get(part, 0), DOES[part] in described["capabilities"]) for part in GRAPHS)
        and (about["image"] is None or _placed(about["image"], described["preprocess"]))
        and (about["text"] is None or "crop" in about["text"])
    ):
        raise ValueError(f"{path} lacks fields or holds other kinds of values; {export_advice(folder)}")
    return about


def _sized(part: Any, there: bool) -> bool:
    """Whether `part` states the size of a file, where it is to be there; else it is None."""
    return isinstance(part, Mapping) and isinstance(part.get("bytes"), int) if there else part is None


def _placed(part: Mapping[str, Any], rule: Any) -> bool:
    """Whether there is a table of positions where one is needed, and nowhere else."""
    table = part.get("positions")
    if not isinstance(rule, Mapping) or rule.get("kind") != KIND:
        return table is None
    return (
        isinstance(table, Mapping)
        and _sized(table, True)
        and (table.get("file"), table.get("resample")) == (POSITIONS, RESAMPLE)
    )


def _check_size(path: Path, size: int, folder: Path) -> None:
    found = path.stat().st_size if path.is_file() else None
    if found != size:
        said = "is missing" if found is None else f"has {found} bytes and was written with {size}: it is cut or foreign"
        raise ValueError(f"{path} {said}; {copy_or_export(folder)}")


def _tokenizer(file: Path) -> Any:
    try:
        return load_tokenizer(file)
    except ValueError as error:
        raise ValueError(f"{error}; {recovery_advice(file)}") from error
