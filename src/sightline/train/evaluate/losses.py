"""A method's own loss on held-out samples: batches made as in training, the same ones at every evaluation."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from sightline import dist
from sightline.data.draw import seed_of
from sightline.data.feed.order import Epochs
from sightline.data.sample import Source
from sightline.nn.noise import seed_draws
from sightline.text.load import AnyTokenizer
from sightline.train.feed import Feed
from sightline.train.loop import DTYPES
from sightline.train.options import Options
from sightline.train.recipe.recipe import Recipe


class HeldOutTerms:
    """{term: mean over held-out batches} of a method in eval mode, with the views, masks and noise of the first steps,
    so that between two evaluations only the weights differ.

    Batches are the recipe's, smaller where there are fewer samples; what fills no batch is left out. Runs on the one
    process that measures. Raises ValueError where the held-out samples lack what the method needs.
    """

    def __init__(
        self, recipe: Recipe, held: Source, tokenizer: AnyTokenizer | None, method: nn.Module, device: torch.device
    ) -> None:
        count = min(len(held), recipe.evaluation.samples)
        batch = min(recipe.batch, count)
        self.recipe = replace(recipe, batch=batch, data=replace(recipe.data, order=Epochs()))
        self.steps, self.device = count // batch, device
        with dist.alone():
            self.feed = Feed(self.recipe, held, tokenizer, method, Options(memory="never", quiet=True))

    def __call__(self, method: Any) -> dict[str, float]:
        dtype, sums = DTYPES[self.recipe.precision], dict[str, float]()
        kept = {name: buffer.clone() for name, buffer in method.named_buffers()}  # queues and centers move in `forward`
        cast = nullcontext() if dtype is torch.float32 else torch.autocast(self.device.type, dtype)
        with dist.alone(), torch.no_grad(), cast:
            method.eval()
            for step, batch in enumerate(self.feed.batches(0, self.steps)):
                batch = self.feed.augment(batch, step, self.device)
                seed_draws(seed_of(self.recipe.seed, step, 0, 0), pictures=self.recipe.batch)
                for name, value in method(batch).items():
                    sums[name] = sums.get(name, 0.0) + float(value) / self.steps
            own = dict(method.named_buffers())
            for name, buffer in kept.items():
                own[name].copy_(buffer)
        return sums
