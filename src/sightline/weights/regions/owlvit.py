"""OWL-ViT and OWLv2 of transformers as a detector, by the package's own code: from a folder that it wrote.

Minderer et al. 2022 (https://arxiv.org/abs/2205.06230) and 2023 (https://arxiv.org/abs/2306.09683). Each of the model's
boxes is called what of the phrases fits it best; its score is that one's chance.
"""

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from sightline.data.prepare.preprocess import visible_background
from sightline.weights.load import pick
from sightline.weights.peers.adapter import first_line
from sightline.weights.published.files import read_object
from sightline.weights.regions.detector import Found

OWLS = {
    "owlvit": ("OwlViTForObjectDetection", "OwlViTProcessor"),
    "owlv2": ("Owlv2ForObjectDetection", "Owlv2Processor"),
}
"""model_type in config.json -> classes of the package"""
LEAST = 0.3
"""the score from which LocCa takes a box (Wan et al. 2024)"""
READ = 2**20
WHITE = (255, 255, 255)


class OwlViT:
    """A detector of words. ValueError where the package is not installed or cannot read the folder."""

    least = LEAST

    def __init__(self, folder: Path, name: str, device: str = "auto") -> None:
        if find_spec("transformers") is None:
            raise ValueError(f"{name} is an OWL-ViT, which needs transformers: pip install transformers")
        import transformers

        model, processor = OWLS[read_object(folder / "config.json")["model_type"]]
        try:
            self.model: Any = getattr(transformers, model).from_pretrained(folder, local_files_only=True)
            self.processor: Any = getattr(transformers, processor).from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
            raise ValueError(
                f"{name} cannot be read by transformers ({first_line(error)}); expected a folder with model and "
                "processor, as save_pretrained of both writes it"
            ) from error
        self.device = pick(device)
        self.model.eval().to(self.device)
        self.name, self.identity = name, _digest(folder)

    def detect(self, picture: Image.Image, phrases: Sequence[str]) -> list[Found]:
        """Every box of the model under the phrase that fits it best."""
        page = Image.new("RGB", picture.size, visible_background(picture, WHITE))
        page.paste(picture, mask=picture if picture.mode == "RGBA" else None)
        given = self.processor(images=page, text=[list(phrases)], truncation=True, return_tensors="pt")
        with torch.inference_mode():
            out = self.model(**given.to(self.device))
        (every,) = self.processor.image_processor.post_process_object_detection(
            out, threshold=0.0, target_sizes=[(picture.height, picture.width)]
        )
        boxes, scores, labels = (every[key].float().cpu().numpy() for key in ("boxes", "scores", "labels"))
        boxes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).astype(np.float64)
        scores = scores.astype(np.float64)
        return [Found(boxes[labels == number], scores[labels == number]) for number in range(len(phrases))]


def _digest(folder: Path) -> str:
    """Of the names and bytes of all files of the folder: weights, sizes, vocabulary and how pictures are prepared."""
    whole = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith("."):
            continue
        whole.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(READ):
                whole.update(block)
    return whole.hexdigest()
