"""`sightline convert`."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal


def convert(encoder: str, out: Path, *, to: Literal["onnx"]) -> None:
    """Write an encoder in another form: onnx is what search, index and serve use without torch.

    OUT is the run itself, which then holds the export beside its weights, or a folder for a light copy: all that search
    needs, without the weights of torch. Training exports by itself when it ends. The outputs are compared with torch
    before anything is kept.

    Examples:
      sightline convert runs/icons runs/icons --to onnx
      sightline convert runs/icons light/icons --to onnx

    Parameters
    ----------
    encoder
        ENCODER: a run folder.
    out
        The run folder itself, or a new folder.
    to
        The form: onnx.
    """
    from sightline.runtime.description import run_folder
    from sightline.runtime.load import graph_file
    from sightline.weights.onnx import export_onnx

    run = run_folder(encoder)
    if out.is_dir() and run_folder(out).resolve() == run.resolve():
        out = run
    else:
        _may_become_a_copy(out)
    differences = export_onnx(run, out)
    files = [graph_file(out, part) for part, found in asdict(differences).items() if found is not None]
    sizes = ", ".join(f"{file.name} {file.stat().st_size / 1e6:.1f} MB" for file in files)
    worst = max(differences.image, differences.text or 0.0)
    print(f"{files[0].parent}: {sizes}; equal to torch within {worst:.0e}")


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
