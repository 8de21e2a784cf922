"""An exported encoder of texts alone: half of a published model."""

import json
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from sightline.runtime.load import exported, load
from sightline.search.batcher import batcher_of
from sightline.search.query import Embedder
from sightline.text.ngram import NGrams
from sightline.towers.spec import BagSpec
from sightline.weights.load import load as load_torch
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

TEXT = BagSpec(vocab=64, length=24, dim=16)
TEXTS = ["a red star", "", "🦊" * 300]


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A saved and exported run, and how far the engines were apart."""
    folder = tmp_path_factory.mktemp("words") / "run"
    torch.manual_seed(0)
    model = Joint(None, TEXT.build(), nn.Identity(), nn.Linear(16, 12), torch.tensor(2.5), None)
    words = NGrams(buckets=64, length=24)
    save_encoder(folder, model, image_spec=None, text_spec=TEXT, preprocess=None, tokenizer=words, dim=12)
    return folder, export_onnx(folder)


@pytest.fixture
def run(once, tmp_path):
    return shutil.copytree(once[0], tmp_path / "run")


@pytest.fixture
def traced(once, monkeypatch):
    """Exporting takes the graph that was traced for the same weights: what is tried here stands around it."""
    monkeypatch.setattr(
        "sightline.weights.onnx.text.write_graph", lambda *args: shutil.copy(once[0] / "onnx" / "text.onnx", args[-1])
    )


def test_its_texts_are_as_in_torch(run, once):
    found = once[1]
    assert found.image is None and found.text is not None and found.text <= 1e-4
    assert sorted(path.name for path in (run / "onnx").iterdir()) == ["onnx.json", "text.onnx"]
    assert json.loads((run / "onnx" / "onnx.json").read_text())["image"] is None
    ours, torchs = load(run), load_torch(run, device="cpu")
    assert isinstance(ours, Embedder) and ours.reads_text and not ours.sees and not torchs.sees
    assert ours.identity == torchs.identity
    np.testing.assert_allclose(ours.encode_text(TEXTS), torchs.encode_text(TEXTS).numpy(), rtol=0, atol=1e-5)


def test_pictures_are_refused_as_in_torch(run):
    picture = np.zeros((8, 8, 3), np.uint8)
    for encoder in (load(run), load_torch(run, device="cpu")):
        for call in (encoder.encode_image, encoder.preprocess, encoder.features):
            with pytest.raises(ValueError, match="embeds texts only: it has no image tower"):
                call(picture)
        with pytest.raises(ValueError, match="embeds texts only: it has no image tower"):
            batcher_of(encoder)


def test_what_an_earlier_export_left_goes(run, traced):
    for name in ("image.onnx", "positions.safetensors"):
        (run / "onnx" / name).write_bytes(b"old")
    export_onnx(run, run)
    assert sorted(path.name for path in (run / "onnx").iterdir()) == ["onnx.json", "text.onnx"]


def test_a_light_copy_holds_its_words(run, tmp_path, traced):
    export_onnx(run, tmp_path / "light")
    assert sorted(p.name for p in (tmp_path / "light").iterdir()) == ["encoder.json", "onnx", "tokenizer.json"]
    assert exported(tmp_path / "light") and load(tmp_path / "light").encode_text("a").shape == (1, 12)
