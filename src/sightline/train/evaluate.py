"""Evaluation while training, on held-out samples: retrieval by captions, zero-shot and kNN by labels, RankMe without.

Pictures go through the one evaluation view of `data/preprocess.py`, so what is measured is what will be searched.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from sightline.data.order import order
from sightline.data.preprocess import Preprocess
from sightline.data.sample import BadSample, Sample, Source
from sightline.probes.knn import KNN
from sightline.probes.rankme import rankme
from sightline.probes.retrieval import retrieval
from sightline.probes.zero_shot import accuracy, classifier
from sightline.text.load import AnyTokenizer
from sightline.weights.encoder import TorchEncoder

BATCH = 256
METRICS = (
    "knn",
    "rankme",
    "zero_shot",
    *(f"{way}_{k}" for way in ("text_to_image", "image_to_text") for k in ("r1", "r5", "r10")),
)
"""what may decide; of each, higher is better"""


class Prepared:
    """Some samples of a source, decoded once: pictures (n, 3, y, x) float32, main captions, labels (n,) or None."""

    def __init__(self, source: Source, view: Preprocess, *, samples: int, seed: int) -> None:
        chosen = sorted(order(len(source), seed, 0)[:samples].tolist())
        with ThreadPoolExecutor(4) as pool:
            read = [r for r in pool.map(lambda i: _read(source, i, view), chosen) if r is not None]
        self.pictures = torch.from_numpy(np.stack([p for p, _ in read])) if read else torch.zeros(0)
        texts = [s.captions[0] if s.captions else "" for _, s in read]
        self.captions = texts if all(texts) else []
        labels = [s.label for _, s in read]
        self.labels = np.array(labels) if labels and all(label is not None for label in labels) else None
        self.labelled = sum(label is not None for label in labels)
        self.classes = source.classes

    def __len__(self) -> int:
        return len(self.pictures)


def _read(source: Source, index: int, view: Preprocess) -> tuple[np.ndarray, Sample] | None:
    try:
        sample = source[index]
        return view(sample.image), sample
    except BadSample:
        return None


class Evaluator:
    """Scores of a method's encoder on held-out samples; a few training samples are the memory of the kNN."""

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
        self.rules: dict[str, Any] = {
            "preprocess": view,
            "tokenizer": tokenizer,
            "dim": dim,
            "device": device,
            "batch_size": BATCH,
            "precision": "float32" if precision == "float32" else "bfloat16",
        }

    def __call__(self, method: Any) -> dict[str, float]:
        """Flat {name: score}. The method is measured in eval mode and put back."""
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
        if encoder.reads_text and held.captions:
            texts = encoder.encode_text(held.captions).cpu().numpy()
            found = retrieval(pictures, texts, np.arange(len(texts)), text_group=held.captions)
            for direction in ("text_to_image", "image_to_text"):
                scores |= {f"{direction}_{k}": v for k, v in found[direction].items()}
            scores["chance_r10"] = found["chance_r10"]
        if held.labels is not None and held.classes and encoder.reads_text:
            scores["zero_shot"] = accuracy(pictures, classifier(encoder, held.classes), held.labels)["top1"]
        if held.labels is not None and self.memory is not None and self.memory.labels is not None:
            vectors = encoder.encode_image(self.memory.pictures).cpu().numpy()
            scores["knn"] = KNN(k=min(20, len(vectors))).fit(vectors, self.memory.labels).score(pictures, held.labels)
        if not encoder.reads_text and len(held) > 1:
            scores["rankme"] = rankme(pictures)
        return scores
