"""The encoder that search uses: the exported one where there is one, else torch."""

from pathlib import Path

from sightline.runtime.load import exported
from sightline.runtime.load import load as load_exported
from sightline.search.query import Embedder


def open_encoder(name: str | Path, device: str = "auto") -> Embedder:
    """The encoder called `name`, by onnxruntime where the run is exported and `device` is auto or cpu, else by torch.

    Both give the same vectors and the same identity, so an index made by one is searched by the other. Raises
    ValueError saying how to get what is missing: torch, or an export.
    """
    if device in ("auto", "cpu") and exported(name):
        return load_exported(name)
    try:
        from sightline.weights.load import load
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return load_exported(name, device)  # says what the export lacks
    return load(name, device=device)
