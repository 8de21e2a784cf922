import shutil

import pytest
import torch
from torch import nn

from sightline.data.prepare.preprocess import Preprocess
from sightline.text.ngram import NGrams
from sightline.towers.spec import BagSpec, ResNetSpec
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

IMAGE = ResNetSpec(depths=(1, 1), width=8)
TEXT = BagSpec(vocab=64, length=24, dim=16)


def save(folder, *, seed=0, text=TEXT, bias=None):
    """A tiny random encoder of pictures and a bag of words, or of pictures alone."""
    torch.manual_seed(seed)
    tower = IMAGE.build().eval()
    with torch.no_grad():
        for value in tower.parameters():
            value.add_(torch.randn_like(value) * 0.1)
    model = Joint(
        tower,
        None if text is None else text.build(),
        nn.Linear(16, 12),
        nn.Identity() if text is None else nn.Linear(16, 12),
        torch.tensor(2.5),
        None if bias is None else torch.tensor(bias),
    )
    save_encoder(
        folder,
        model,
        image_spec=IMAGE,
        text_spec=text,
        preprocess=Preprocess(size=16),
        tokenizer=None if text is None else NGrams(buckets=64, length=24),
        dim=12,
    )
    return folder


@pytest.fixture(scope="session")
def saved():
    return save


@pytest.fixture(scope="session")
def exported_once(tmp_path_factory):
    run = save(tmp_path_factory.mktemp("exported") / "run", bias=-3.0)
    export_onnx(run)
    return run


@pytest.fixture
def run(exported_once, tmp_path):
    """A run folder with its export, this test's own."""
    return shutil.copytree(exported_once, tmp_path / "run")


@pytest.fixture
def light(run):
    """The same without the weights of torch."""
    (run / "model.safetensors").unlink()
    return run
