"""The triple (model, transform, tokenizer) of `sightline.load` in CLIP_benchmark's own evaluation functions."""

import numpy as np
import pytest
import torch
from clip_benchmark.metrics import zeroshot_classification, zeroshot_retrieval
from PIL import Image
from torch.utils.data import DataLoader

from sightline import load

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220)}


class Coloured:
    """Pictures of one colour with its number, or with captions; a torch dataset as CLIP_benchmark takes them."""

    classes = list(COLOURS)
    templates = ["a picture of {c}", "{c}"]

    def __init__(self, transform, captions=False):
        self.transform, self.captions = transform, captions

    def __len__(self):
        return 6

    def __getitem__(self, index):
        name = self.classes[index % 3]
        picture = self.transform(Image.fromarray(np.full((40, 50, 3), COLOURS[name], np.uint8)))
        return picture, [f"a {name} square", name] if self.captions else index % 3


@pytest.fixture
def triple(run):
    encoder = load(run)
    return encoder.to("cpu").eval(), encoder.preprocess, encoder.tokenize


def accuracy(output, target, topk=(1,)):
    """The package's own, whose last step (`float` of an array with one axis) numpy 2.4 and later refuses."""
    best = output.topk(max(topk), 1).indices
    return [(best[:, :k] == target[:, None]).any(1).float().mean().item() for k in topk]


@pytest.mark.parametrize("amp", [False, True])
def test_zero_shot_classification_runs_unchanged(triple, amp, monkeypatch):
    monkeypatch.setattr(zeroshot_classification, "accuracy", accuracy)
    model, transform, tokenizer = triple
    loader = DataLoader(Coloured(transform), batch_size=4)
    told = zeroshot_classification.evaluate(
        model, loader, tokenizer, Coloured.classes, Coloured.templates, device="cpu", amp=amp
    )
    classifier = zeroshot_classification.zero_shot_classifier(
        model, tokenizer, Coloured.classes, Coloured.templates, "cpu", amp
    )
    assert classifier.shape == (model.dim, 3) and 0 <= told["acc1"] <= 1
    logits, _ = zeroshot_classification.run_classification(model, classifier, loader, "cpu", amp)
    pictures = torch.stack([Coloured(transform)[index][0] for index in range(6)])
    expected = 100 * model.encode_image(pictures, normalize=True) @ classifier.float()
    torch.testing.assert_close(logits, expected, atol=2.0 if amp else 1e-3, rtol=0)


@pytest.mark.parametrize("amp", [False, True])
def test_retrieval_runs_unchanged(triple, amp):
    model, transform, tokenizer = triple

    def together(rows):
        return torch.stack([picture for picture, _ in rows]), [texts for _, texts in rows]

    loader = DataLoader(Coloured(transform, captions=True), batch_size=3, collate_fn=together)
    told = zeroshot_retrieval.evaluate(model, loader, tokenizer, "cpu", amp=amp, recall_k_list=[1, 5])
    assert set(told) == {f"{what}_retrieval_recall@{k}" for what in ("image", "text") for k in (1, 5)}
    assert all(0 <= value <= 1 for value in told.values())
