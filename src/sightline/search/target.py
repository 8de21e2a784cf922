"""What lies where a table of vectors is to be written: a table of the same encoder may be replaced, nothing else."""

import json
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np


def refuse_other(out: Path, identity: str, name: str) -> None:
    """Raises ValueError where `out` is anything but a table of the encoder `identity`, called `name`."""
    if not out.exists() or (out.suffix == ".parquet" and find_spec("pyarrow") is None):
        return  # without pyarrow the writer refuses by itself
    about = _about(out)
    if about is None:
        raise ValueError(f"{out} is no table of vectors. Give another --out, or --replace to lose what is there")
    if about.get("identity") != identity:
        raise ValueError(
            f"{out} holds the vectors of {about.get('encoder')}, or of other weights of it, not of {name}. Give "
            "another --out, or --replace to lose them"
        )


def _about(out: Path) -> dict[str, Any] | None:
    """What a table says of itself; None where it is none of ours."""
    try:
        said = json.loads(_parquet(out) if out.suffix == ".parquet" else _npz(out))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None
    return said if isinstance(said, dict) else None


def _parquet(out: Path) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return (pq.read_schema(out).metadata or {})[b"sightline"]
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _npz(out: Path) -> str:
    with np.load(out, allow_pickle=False) as file:
        return str(file["about"])
