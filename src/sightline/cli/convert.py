"""`sightline convert`."""

from pathlib import Path
from typing import Literal


def convert(encoder: str, out: Path, *, to: Literal["sightline", "hf", "open_clip", "onnx"]) -> None:
    """Write an encoder in another form: for transformers, for open_clip, or for search without torch.

    sightline is a run's own layout; hf that of the family in transformers which holds the encoder; open_clip that of
    open_clip; onnx a light copy that search, index and serve use without torch, or, where OUT is the run itself, the
    export beside its weights (training makes that by itself). What was written is read back, by transformers or
    open_clip where they are installed, and compared before anything is kept.

    Examples:
      sightline convert runs/icons runs/icons --to onnx
      sightline convert hf-hub:google/siglip-base-patch16-224 light/siglip --to onnx
      sightline convert runs/photos for-transformers --to hf

    Parameters
    ----------
    encoder
        ENCODER: a run folder or a published encoder.
    out
        A new folder, or one made by this command before; for onnx also the run itself.
    to
        The form.
    """
    from sightline.weights.convert.conversion import convert as write

    made = write(encoder, out, to)
    files = sorted(path for path in made.folder.rglob("*") if path.suffix in (".onnx", ".safetensors"))
    if made.layout == "onnx":
        files = [path for path in files if path.suffix == ".onnx" and path.parent == made.folder / "onnx"]
    sizes = ", ".join(f"{file.name} {file.stat().st_size / 1e6:.1f} MB" for file in files)
    worst = max(made.differences.values())
    if made.layout == "onnx":
        print(f"{files[0].parent}: {sizes}; equal to torch within {worst:.0e}")
    else:
        print(f"{made.folder}: {sizes}; layout {made.layout}, read back by {made.read_by}, equal within {worst:.0e}")
