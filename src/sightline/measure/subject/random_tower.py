"""The encoder's own towers with weights that never learnt anything: what the architecture alone does."""

import copy
import hashlib
from typing import Any

import torch
from torch import nn

from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.weights.encoder import TorchEncoder

WORDS = ("a red star left of a blue circle", "Credit card, 4 of 5; naïve")
"""two tokenizers that read these alike are taken for one"""
CLOUDS, CELLS = 64, (6, 6)
"""pictures of smooth noise, normalised, of so many cells a side"""
DEVIATION = 0.02
"""of what no module draws itself: class tokens, positions"""


def randomised(encoder: TorchEncoder, seed: int) -> TorchEncoder:
    """The same towers and rules, every weight drawn anew: by each module's own `reset_parameters` where it has one;
    other matrices from N(0, 0.02^2), other vectors at 1 where they scale and 0 elsewhere. Statistics that normalise
    over a batch are those of clouds (`_settle`). Drawn from `seed` alone."""
    model = copy.deepcopy(encoder.model)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        seen: set[int] = set()
        for module in model.modules():
            _reset(module, seen)
        if encoder.sees:
            _settle(model, encoder)
    made = TorchEncoder(
        model,
        preprocess=encoder.preparation,
        tokenizer=encoder.tokenizer,
        dim=encoder.dim,
        name=f"random:{encoder.name}",
        capabilities=encoder.capabilities,
        device=encoder.device,
        batch_size=encoder.batch_size,
        precision="bfloat16" if encoder.precision == "bfloat16" else "float32",
        threads=encoder.threads,
    )
    made.identity = f"random:{seed}:{shape_of(encoder)}"
    return made


def shape_of(encoder: Any) -> str:
    """A digest of what two encoders have in common whose random towers are the same: modules and their numbers, names
    and shapes of all weights, rules, and what their tokenizers make of a few words."""
    shapes = [f"{name}{tuple(value.shape)}" for name, value in encoder.model.state_dict().items()]
    numbers = [
        (name, type(part).__name__, sorted((k, v) for k, v in vars(part).items() if isinstance(v, bool | int | float)))
        for name, part in encoder.model.named_modules()
    ]
    words = encoder.tokenize(list(WORDS)).tolist() if encoder.reads_text else []
    told = repr((shapes, numbers, repr(encoder.model), encoder.preparation, words))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def _settle(model: Any, encoder: TorchEncoder) -> None:
    """Means and variances of every BatchNorm as cloudy pictures give them. Left at 0 and 1 the signal of a deep tower
    fades layer by layer, until all pictures have one vector: that would be no rival to anything."""
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d)]
    rule = encoder.rule
    if not norms or isinstance(rule, NaFlexRule):
        return
    moments = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = 1.0
        norm.train()
    coarse = torch.randn(CLOUDS, rule.channels, *CELLS)
    clouds = nn.functional.interpolate(coarse, (rule.size, rule.size), mode="bilinear", align_corners=False)
    model.encode_image(clouds.to(encoder.device))
    for norm, momentum in zip(norms, moments, strict=True):
        norm.momentum = momentum
        norm.eval()


def _reset(module: nn.Module, seen: set[int]) -> None:
    reset = getattr(module, "reset_parameters", None)
    own = dict(module.named_parameters(recurse=False))
    if callable(reset):
        reset()
        seen.update(id(value) for value in module.parameters())
        return
    for name, value in own.items():
        if id(value) in seen:
            continue
        if value.ndim >= 2:
            nn.init.normal_(value, std=DEVIATION)
        elif name in ("weight", "gamma", "scale"):
            nn.init.ones_(value)
        elif name not in ("log_scale", "bias") or value.ndim:
            nn.init.zeros_(value)
