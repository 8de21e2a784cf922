import pytest
import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.protocols import Kept
from sightline.text.tokenizer import Tokenizer
from sightline.towers.spec import ConvCodecSpec, TextDecoderSpec, ViTSpec
from sightline.weights.run_folder.joint import dim_of
from sightline.weights.run_folder.run import save

WORDS = Tokenizer.train(["a red star", "a blue gear", "a credit card"] * 3, vocab=280, length=10)
RULE = Preprocess(size=16)
SPECS = {
    "image": ViTSpec(size=16, patch=8, dim=12, depth=1, heads=2),
    "decoder": TextDecoderSpec(vocab=280, length=10, dim=8, depth=2, heads=2, memory=12, end=WORDS.eot),
    "codec": ConvCodecSpec(widths=(4,), code=2),
}


def randomised(spec):
    made = spec.build().eval()
    with torch.no_grad():
        for value in made.parameters():
            value.add_(0.3 * torch.randn_like(value))
    return made


@pytest.fixture
def keeping(tmp_path):
    """Saves random parts of those names with those capabilities; the folder and what was kept."""

    def keep(names, capabilities, specs=SPECS, tokenizer=WORDS):
        torch.manual_seed(0)
        kept = Kept(parts={name: randomised(specs[name]) for name in names}, capabilities=capabilities)
        words = tokenizer if "decoder" in names else None
        rule = RULE if {"image", "codec"} & set(names) else None
        save(tmp_path / "run", kept, specs=specs, preprocess=rule, tokenizer=words, dim=dim_of(kept))
        return tmp_path / "run", kept

    return keep
