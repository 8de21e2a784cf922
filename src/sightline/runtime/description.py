"""What a run's folder says about its encoder, and by which name an encoder is found: the same for both engines."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.runtime.builtin import builtin_folder, is_builtin, is_inside, reinstall
from sightline.runtime.suggestion import did_you_mean

FORMAT = 2
"""of `encoder.json`"""
TOWERS = ("image", "text")
NEEDED = {
    1: ("format", *TOWERS, "dim", "preprocess", "tokenizer"),
    2: ("format", "parts", "capabilities", "dim", "preprocess", "tokenizer"),
}
RULES = ("dim", "preprocess", "tokenizer")
"""fields that decide what comes out of an encoder, beside its parts, its weights and its vocabulary"""
PROJECTIONS = ("project_image", "project_text")
"""parts whose numbers are those of their tensors: format 1 did not name them"""
PUBLISHED = ("hf-hub:", "hf_hub:", "open_clip:", "timm:")
READS = "a run folder (runs/icons), local-dir:PATH, builtin:icons"
HEADER_LIMIT = 100_000_000
"""bytes; what safetensors itself allows"""


def run_folder(name: str | Path) -> Path:
    """The folder that the encoder name `name` means: of a built-in encoder, of a run, else its `best/` or, of a run
    that was stopped, what lies beside its checkpoint, where only that holds the encoder.

    Raises ValueError saying what is wrong with the name and what this version loads.
    """
    where = str(name)
    if is_builtin(where):
        return builtin_folder(where)
    if where.startswith(PUBLISHED):
        raise ValueError(
            f"{where!r}: published encoders are read with torch (pip install 'sightline[train]'). Without it this "
            f"version loads {READS}"
        )
    scheme = re.match(r"([a-z][a-z_-]+):", where)  # two letters at least: C:\runs is a path
    if scheme and scheme[1] != "local-dir" and not Path(where).exists():
        raise ValueError(
            f"{where!r}: unknown kind of encoder {scheme[1]!r}.{did_you_mean(where)} This version loads {READS}"
        )
    folder = Path(where.removeprefix("local-dir:"))
    if folder.is_file():
        raise ValueError(f"{folder} is a file; name the folder that holds encoder.json")
    if not folder.is_dir():
        raise ValueError(
            f"there is no encoder at {folder}.{did_you_mean(where)} This version loads {READS}; train one with "
            "`sightline train`"
        )
    if not (folder / "encoder.json").is_file():
        for inner in (folder / "best", folder / "state" / "encoder"):
            if (inner / "encoder.json").is_file():
                return inner
        if (folder / "state").is_dir() and not (folder / "model.safetensors").is_file():
            raise ValueError(
                f"{folder} is a run that was stopped before it kept an encoder: go on with the command that began it"
            )
    return folder


def read_description(folder: Path) -> dict[str, Any]:
    """`encoder.json` of a run, checked, in the fields of format 2 whichever it was written in.

    Raises ValueError naming the file and what is wrong with it.
    """
    path = folder / "encoder.json"
    described = read_json(path)
    if not isinstance(described, dict) or not isinstance(described.get("format"), int):
        raise ValueError(
            f"{path} has no format number, so it is not a description of an encoder; {recovery_advice(path)}"
        )
    if described["format"] > FORMAT:
        raise ValueError(
            f"{path} has format {described['format']}; this version reads up to {FORMAT}. Upgrade: "
            "pip install --upgrade sightline"
        )
    lacking = [key for key in NEEDED.get(described["format"], ()) if key not in described]
    if lacking or described["format"] not in NEEDED:
        raise ValueError(
            f"{path} lacks {', '.join(lacking) or 'a format that was ever written'}; {recovery_advice(path)}"
        )
    if described["format"] == 1:
        return _second(described)
    parts, able = described["parts"], described["capabilities"]
    if not isinstance(parts, Mapping) or not isinstance(able, list) or not all(isinstance(x, str) for x in able):
        raise ValueError(f"{path}: `parts` is no object, or `capabilities` no list of names; {recovery_advice(path)}")
    return described


def _second(first: Mapping[str, Any]) -> dict[str, Any]:
    """A description of format 1, of two towers, as format 2 writes it."""
    parts = {name: first[name] for name in TOWERS if first[name] is not None}
    able = [name for name, tower in (("embeds", "image"), ("reads_text", "text")) if tower in parts]
    rest = {key: value for key, value in first.items() if key not in TOWERS}
    return rest | {"format": FORMAT, "parts": parts, "capabilities": able}


def tokenizer_file(folder: Path, described: Mapping[str, Any]) -> Path | None:
    """The tokenizer's file, None for an encoder of pictures only. Raises ValueError where it is missing."""
    if described["tokenizer"] is None:
        return None
    try:
        file = folder / Path(described["tokenizer"]["file"]).name
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{folder / 'encoder.json'} names no file of its tokenizer; {recovery_advice(folder)}"
        ) from error
    require_file(file)
    return file


def identity_of(described: Mapping[str, Any], digest: str, words: bytes) -> str:
    """Names weights (by their `digest`), rules and vocabulary (`words`, the tokenizer's file) together.

    `described` has the fields of format 2. Vectors can be compared only where it is equal; it is equal in both engines,
    and what format 1 named is named alike.
    """
    parts = described["parts"]
    others = {name: part for name, part in parts.items() if name not in TOWERS + PROJECTIONS}
    towers = [parts.get(name) for name in TOWERS]
    rules = json.dumps([*towers, *(described[key] for key in RULES), *([others] if others else [])], sort_keys=True)
    return hashlib.blake2b(digest.encode() + rules.encode() + words, digest_size=16).hexdigest()


def stored_digest(weights: Path) -> str:
    """The hash of names, shapes and values that the header of a `safetensors` file states, "" where it states none.

    Raises ValueError naming a file that is cut or of another kind.
    """
    try:
        with weights.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= HEADER_LIMIT else None
    except ValueError as error:
        raise ValueError(f"{weights} is cut or damaged ({error}); {recovery_advice()}") from error
    if not isinstance(header, dict):
        raise ValueError(f"{weights} is not a safetensors file; {recovery_advice()}")
    about = header.get("__metadata__")
    return str(about.get("digest", "")) if isinstance(about, dict) else ""


def read_json(path: Path) -> Any:
    """The value in a JSON file of a run. Raises ValueError naming a file that is missing, cut or not JSON."""
    require_file(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is cut or not JSON ({error}); {recovery_advice(path)}") from error


def require_file(path: Path) -> None:
    """Raises ValueError where `path` is no file, listing what its folder holds."""
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in path.parent.iterdir())[:8]) if path.parent.is_dir() else "no folder"
        raise ValueError(f"{path} is missing (there: {there or 'nothing'}); {recovery_advice(path)}")


def recovery_advice(path: str | Path = "") -> str:
    """A sentence that says how the encoder that has a damaged file at `path` is mended."""
    if is_inside(path):
        return reinstall()
    return (
        "copy the whole run folder again, or go on training with the command that made it, which writes the file anew"
    )
