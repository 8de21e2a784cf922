"""Batches of a run, ready for its method: loaded, moved to the device, augmented there."""

from collections.abc import Iterator
from typing import Any

import torch

from sightline import dist
from sightline.data.augment import Augment
from sightline.data.loader import Loader
from sightline.protocols import Batch
from sightline.train.log import filling
from sightline.train.options import Options
from sightline.train.recipe import Recipe
from sightline.train.vocabulary import shared_terms


class Feed:
    """The loader of this rank's share and the recipe's augmentation."""

    def __init__(self, recipe: Recipe, source: Any, tokenizer: Any, method: Any, options: Options) -> None:
        view = recipe.data.evaluation_view()
        self.seed = recipe.seed
        self.loader = Loader(
            source,
            batch=recipe.batch,
            seed=recipe.seed,
            size=recipe.data.size,
            workers=options.workers,
            memory=options.memory,
            progress=filling(quiet=options.quiet),
            rank=dist.rank(),
            world=dist.world(),
            caption=recipe.data.caption,
            tokenize=tokenizer,
            terms=shared_terms(source, recipe.seed) if "terms" in method.needs else (),
            fields=(method.needs | (method.uses & source.has)) - {"image", "tokens", "views"},
        )
        self.views = Augment(recipe.data.views(recipe.data.size), size=recipe.data.size, mean=view.mean, std=view.std)

    def batches(self, start: int, stop: int) -> Iterator[Batch]:
        return self.loader.iterate(start, stop)

    def augment(self, batch: Batch, step: int, device: torch.device) -> Batch:
        """The batch on the device, `image` replaced by its view of this step: (b, 3, size, size) float32."""
        moved: Any = {
            k: v.to(device, non_blocking=True) if isinstance(v, torch.Tensor) else v for k, v in batch.items()
        }
        moved["image"] = self.views(moved, self.seed, step)
        return moved

    @property
    def waited(self) -> float:
        """Seconds the trainer has waited for data so far."""
        return self.loader.waited

    @property
    def bad(self) -> dict[str, str]:
        """Samples left out, with the reason."""
        return self.loader.bad

    def close(self) -> None:
        self.loader.close()
