"""The detector that a name means."""

from pathlib import Path

from sightline.weights.load import load
from sightline.weights.published.files import read_object
from sightline.weights.regions.by_encoder import ByEncoder
from sightline.weights.regions.detector import Detector
from sightline.weights.regions.owlvit import OWLS, OwlViT


def detector_of(name: str | Path, device: str = "auto") -> Detector:
    """The detector of that name: a folder in which transformers wrote an OWL-ViT or OWLv2, or any encoder (`load`).

    Raises ValueError for one that finds no words, and where transformers would be needed and is not installed.
    """
    folder = Path(str(name).removeprefix("local-dir:").removeprefix("transformers:"))
    config = folder / "config.json"
    if config.is_file() and read_object(config).get("model_type") in OWLS:
        return OwlViT(folder, str(name), device)
    return ByEncoder(load(name, device=device))
