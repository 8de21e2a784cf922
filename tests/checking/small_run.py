"""A run folder of an encoder of pictures and words that learnt nothing: in no time, for what needs no more."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from sightline.data.prepare.preprocess import Preprocess
from sightline.methods.image_text.clip import CLIP
from sightline.text.tokenizer import Tokenizer
from sightline.towers.spec import BagSpec, ViTSpec
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

VIT = ViTSpec(size=16, patch=4, dim=32, depth=2, heads=4)


def save_run(folder: Path, image: Any = VIT, *, words: tuple[str, ...] = ("arrow", "ball"), seed: int = 0) -> Path:
    """The folder: a tower of 16 px, a bag of words that knows `words`, weights of `seed`."""
    torch.manual_seed(seed)
    tokenizer = Tokenizer.train([*words] * 2, vocab=300, length=8)
    text = BagSpec(vocab=tokenizer.vocab, length=8, dim=16)
    save_encoder(
        folder,
        CLIP(image.build(), text.build(), dim=16),
        image_spec=image,
        text_spec=text,
        preprocess=Preprocess(size=16),
        tokenizer=tokenizer,
        dim=16,
    )
    return folder


def save_seer(folder: Path, image: Any = VIT) -> Path:
    """The folder of an encoder of pictures alone."""
    torch.manual_seed(0)
    tower = image.build()
    save_encoder(
        folder,
        Joint(tower, None, nn.Identity(), nn.Identity(), None, None),
        image_spec=image,
        text_spec=None,
        preprocess=Preprocess(size=16),
        tokenizer=None,
        dim=tower.dim,
    )
    return folder
