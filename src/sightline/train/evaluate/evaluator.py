"""Evaluation while training, on held-out samples: retrieval by captions, zero-shot and kNN by labels, RankMe without.

Pictures go through the one evaluation view of `data/prepare/preprocess.py`, so what is measured is what will be
searched. Labels are compared by the names of their classes (`train/evaluate/prepared.py`).
"""

from typing import Any

import numpy as np
import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.probes.rankme import rankme
from sightline.probes.retrieval import chance, retrieval
from sightline.probes.zero_shot import accuracy, classifier
from sightline.text.load import AnyTokenizer
from sightline.train.evaluate.neighbours import Neighbours
from sightline.train.evaluate.prepared import Prepared
from sightline.weights.encoder import TorchEncoder

BATCH = 256
METRICS = (
    "knn",
    "rankme",
    "zero_shot",
    *(f"{way}_{k}" for way in ("text_to_image", "image_to_text") for k in ("r1", "r5", "r10")),
)
"""what may decide; of each, higher is better"""


class Evaluator:
    """Scores of a method's encoder on held-out samples; a few training samples are the memory of the kNN.

    `notes` says what is left out of the scores and which have none, once, before anything is measured.
    """

    def __init__(
        self,
        held: Prepared,
        memory: Prepared | None,
        *,
        view: Preprocess,
        tokenizer: AnyTokenizer | None,
        dim: int,
        device: torch.device,
        precision: str,
    ) -> None:
        self.held, self.memory = held, memory
        self.neighbours = Neighbours(held, memory) if memory is not None else None
        self.notes: list[str] = []
        if self.neighbours is not None:
            self.notes += self.neighbours.notes
        self.named = tokenizer is not None and len(held.kinds) > 1
        if tokenizer is not None and len(held.kinds) == 1:
            self.notes.append(f"no zero-shot score: the held-out pictures are all {min(held.kinds)!r}")
        if tokenizer is not None and (silent := held.captions.count("")):
            self.notes.append(
                f"{silent} of {len(held)} held-out pictures in {held.name} have no caption: never asked for"
            )
        self.rules: dict[str, Any] = {
            "preprocess": view,
            "tokenizer": tokenizer,
            "dim": dim,
            "device": device,
            "batch_size": BATCH,
            "precision": "float32" if precision == "float32" else "bfloat16",
        }

    def __call__(self, method: Any) -> dict[str, float]:
        """Flat {name: score}, beside each what `score.py` says. The method is measured in eval mode and put back."""
        was = method.training
        try:
            return self._scores(TorchEncoder(method.encoder(), **self.rules))
        finally:
            method.train(was)

    def _scores(self, encoder: TorchEncoder) -> dict[str, float]:
        held, scores = self.held, {}
        if not len(held):
            return scores
        pictures = encoder.encode_image(held.pictures).cpu().numpy()
        if encoder.reads_text and any(held.captions):
            scores |= self._by_words(encoder, pictures)
        if encoder.reads_text and self.named:
            scores |= self._zero_shot(encoder, pictures)
        if self.neighbours is not None and not self.neighbours.reason:
            vectors = encoder.encode_image(self.neighbours.memory.pictures).cpu().numpy()
            scores |= self.neighbours.scores(vectors, pictures)
        if not encoder.reads_text and len(held) > 1:
            scores["rankme"] = rankme(pictures)
        return scores

    def _by_words(self, encoder: TorchEncoder, pictures: np.ndarray) -> dict[str, float]:
        owners = [number for number, caption in enumerate(self.held.captions) if caption]
        captions = [self.held.captions[number] for number in owners]
        texts = encoder.encode_text(captions).cpu().numpy()
        found = retrieval(pictures, texts, np.array(owners), text_group=captions)
        ways = ("text_to_image", "image_to_text")
        scores = {f"{way}_{k}": value for way in ways for k, value in found[way].items()}
        _, group, alike = np.unique(captions, return_inverse=True, return_counts=True)
        scores |= {f"chance_r{k}": chance(alike[group], len(pictures), k) for k in (1, 5, 10)}
        return scores | {"n_retrieval": float(len(captions))}

    def _zero_shot(self, encoder: TorchEncoder, pictures: np.ndarray) -> dict[str, float]:
        names = sorted(set(self.held.classes) | self.held.kinds)
        truth = np.array([-1 if label is None else names.index(label) for label in self.held.labels])
        found = accuracy(pictures, classifier(encoder, names), truth)
        return {"zero_shot": found["top1"], "chance_zero_shot": found["chance"], "n_zero_shot": found["n"]}
