import pytest
import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.methods.image_text.clip import CLIP
from sightline.text.tokenizer import Tokenizer
from sightline.towers.spec import BagSpec, Mean, ResNetSpec, TransformerTextSpec, ViTSpec
from sightline.weights.run_folder.run import save_encoder

CAPTIONS = ["a red star", "a blue gear", "a credit card", "an arrow up"] * 3
IMAGE = {
    "resnet": ResNetSpec(depths=(1, 1), width=8),
    "vit": ViTSpec(size=16, patch=8, dim=16, depth=1, heads=2, pool=Mean()),
}
RULE = Preprocess(size=16)


@pytest.fixture(scope="session")
def tokenizer():
    return Tokenizer.train(CAPTIONS, vocab=300, length=12)


@pytest.fixture
def made(tokenizer):
    """(method, keywords of save_encoder) for a tiny model with random weights."""

    def make(kind="vit", method=CLIP, seed=0):
        torch.manual_seed(seed)
        text = {
            "vit": TransformerTextSpec(vocab=tokenizer.vocab, length=12, dim=16, depth=1, heads=2),
            "resnet": BagSpec(vocab=tokenizer.vocab, length=12, dim=16),
        }[kind]
        model = method(IMAGE[kind].build(), text.build(), dim=16)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.05)
        return model.eval(), {
            "image_spec": IMAGE[kind],
            "text_spec": text,
            "preprocess": RULE,
            "tokenizer": tokenizer,
            "dim": 16,
        }

    return make


@pytest.fixture
def run(made, tmp_path):
    """A saved run folder."""
    model, described = made()
    save_encoder(tmp_path / "run", model, **described)
    return tmp_path / "run"
