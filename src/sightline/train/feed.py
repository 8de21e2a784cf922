"""Batches of a run, ready for its method: loaded, moved to the device, augmented there."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor

from sightline import dist
from sightline.data.augment import AugmentViews
from sightline.data.augment.bands import AugmentBands
from sightline.data.augment.draws import Draws
from sightline.data.augment.patches import AugmentPatches, PatchView
from sightline.data.augment.targets import TARGETS, followed
from sightline.data.batch import loaded
from sightline.data.feed.banded import Banded
from sightline.data.feed.loader import Loader
from sightline.data.feed.things import Things
from sightline.data.masks import Masks
from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import COLOURS, Preprocess
from sightline.data.sample import Stream
from sightline.data.views.kinds import View, as_views, stored_side
from sightline.protocols import Batch
from sightline.towers.naflex import Patches
from sightline.towers.spec import NaFlexSpec
from sightline.train.checks import check_patches
from sightline.train.log import filling
from sightline.train.options import Options
from sightline.train.recipe.recipe import Recipe
from sightline.train.vocabulary import shared_terms

PICTURES = frozenset({"image", "views", "masks"})


class Feed:
    """The loader of this rank's share and the recipe's augmentation and masks; raises what `views_of` does.

    For a method that names no picture (`sees` is False) none is decoded, and its batches have none.
    """

    def __init__(self, recipe: Recipe, source: Any, tokenizer: Any, method: Any, options: Options) -> None:
        view = recipe.data.evaluation_view()
        views, self.grids = views_of(recipe, method)
        stored = stored_side(views, recipe.data.size)
        self.views: AugmentViews | AugmentPatches
        mirrored = None
        if isinstance(view, NaFlexRule) and isinstance(views[0], PatchView):
            self.views = AugmentPatches(views[0], patch=view.patch, mean=view.mean, std=view.std)
            stored = max(stored, replace(view, length=max(views[0].lengths)).side)
        else:
            banded = isinstance(view, Preprocess) and view.channels not in COLOURS
            if banded:
                source = _bands_of(recipe, source, view.channels)
            self.views = (AugmentBands if banded else AugmentViews)(views, mean=view.mean, std=view.std)
            mirrored = partial(self.views.mirrored, recipe.seed) if self.views.mirrors else None
        self.masks = recipe.data.masks
        self.sees = not PICTURES.isdisjoint(method.needs | method.uses)
        self.every = "view_targets" in method.needs | method.uses
        self.flip = getattr(source, "keypoint_flip", ())
        self.seed = recipe.seed
        self.loader = Loader(
            source,
            batch=recipe.batch,
            seed=recipe.seed,
            stored=stored if self.sees else 0,
            workers=options.workers,
            memory=options.memory,
            progress=filling(quiet=options.quiet),
            rank=dist.rank(),
            world=dist.world(),
            caption=recipe.data.caption,
            order=recipe.data.order,
            tokenize=tokenizer,
            terms=shared_terms(source, recipe.seed) if "terms" in method.needs else (),
            things=getattr(method, "things", Things()),
            fields=loaded(method.needs, method.uses, source.has),
            mirrored=mirrored,
        )

    def batches(self, start: int, stop: int) -> Iterator[Batch]:
        return self.loader.iterate(start, stop)

    def augment(self, batch: Batch, step: int, device: torch.device) -> Batch:
        """The batch on the device, `image` replaced by its first view of this step, (b, 3, size, size) float32, or by
        `Patches` of pictures that keep their shape, with what they show in `size`; beside it `views`, the further ones,
        where there are several, and `masks` where the recipe has them.

        Mask, depth, boxes and keypoints are those of `image`; `view_targets` has them for the further views, where the
        method names it."""
        moved: Any = {
            k: v.to(device, non_blocking=True) if isinstance(v, torch.Tensor) else v for k, v in batch.items()
        }
        if not self.sees:
            return cast(Batch, {key: value for key, value in moved.items() if key not in ("image", "size")})
        if isinstance(self.views, AugmentPatches):
            return self._cut(self.views, moved, step)
        made, transforms = self.views.with_transforms(moved, self.seed, step)
        if not TARGETS.isdisjoint(batch):
            pairs = list(zip(transforms, made, strict=True))[: None if self.every else 1]
            first, *others = (followed(cast(Batch, moved), each, view.shape[3], self.flip) for each, view in pairs)
            moved |= first
            if self.every:
                moved["view_targets"] = others
        moved["image"] = made[0]
        if len(made) > 1:
            moved["views"] = made[1:]
        if self.masks is not None:
            moved["masks"] = self._masked(self.views, self.masks, made, batch, step)
        return moved

    def _cut(self, views: AugmentPatches, batch: Any, step: int) -> Batch:
        """The same of pictures that keep their shape."""
        cut = views(batch, self.seed, step)
        sides = cut.grid * views.patch
        if not TARGETS.isdisjoint(batch):
            batch |= followed(cast(Batch, batch), cut.transform, int(sides.max()), self.flip)
        return batch | {"image": Patches(patches=cut.patches, mask=cut.mask, grid=cut.grid), "size": sides}

    def _masked(self, made: AugmentViews, masks: Masks, views: list[Tensor], batch: Batch, step: int) -> list[Tensor]:
        index = batch["index"].cpu().numpy()
        everyone, first = (
            dist.gather(views[0].new_tensor(index, dtype=torch.int64)).cpu().numpy(),
            dist.offset(len(index)),
        )
        return [
            masks(made.restored(view), grid, Draws(self.seed, step, index, f"mask {number}", everyone, first))
            for number, (view, grid) in enumerate(zip(views, self.grids, strict=False))
        ]

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


def _bands_of(recipe: Recipe, source: Any, channels: int) -> Banded:
    """The source with its pictures in `channels` bands. ValueError for a stream, or a tower of another number."""
    tower = getattr(recipe.parts.get("image"), "channels", channels)
    if tower != channels:
        raise ValueError(
            f"{recipe.name}: data.preprocess has channels={channels} and the tower {tower}; set image.channels="
            f"{channels}"
        )
    if isinstance(source, Stream):
        raise ValueError(f"{source.name} is streamed; pictures of {channels} bands are read from files that are here")
    return Banded(source, channels)


def views_of(recipe: Recipe, method: Any) -> tuple[list[View], list[tuple[int, int]]]:
    """The views of every picture, and the patches, down and across, of each that is masked.

    Raises ValueError where the method needs views or masks that the recipe does not make, a view is no multiple of the
    tower's patch, or masks cannot be laid on the views.
    """
    views = as_views(recipe.data.views(recipe.data.size), recipe.data.size)
    _check_shape(recipe, views)
    check_patches(recipe, views)
    grids = _grids(recipe, [made.size for made in views])
    _check(recipe, method.needs, len(views))
    return views, grids


def _check_shape(recipe: Recipe, views: list[View]) -> None:
    """Pictures that keep their shape take views, an evaluation view and a tower that are made for them."""
    rule = recipe.data.evaluation_view()
    image: Any = recipe.parts.get("image")
    said = {
        "data.views=AnyShape": any(isinstance(view, PatchView) for view in views),
        "data.preprocess=NaFlexRule": isinstance(rule, NaFlexRule),
        "image=NaFlexSpec": isinstance(image, NaFlexSpec),
    }
    if not any(said.values()):
        return
    if not all(said.values()):
        given, lacking = (" and ".join(k for k, v in said.items() if v == there) for there in (True, False))
        raise ValueError(
            f"{recipe.name} has {given} without {lacking}: pictures of any shape take all three, as the recipe naflex "
            "has them"
        )
    patch = rule.patch if isinstance(rule, NaFlexRule) else 0
    if image.patch != patch or len(views) > 1 or recipe.data.masks is not None:
        raise ValueError(
            f"{recipe.name}: a tower of patches of {image.patch} px, pictures cut into {patch} px, {len(views)} "
            f"views, data.masks={recipe.data.masks}; pictures of any shape are one view, cut as the tower reads them, "
            "and not masked"
        )


def _check(recipe: Recipe, needs: frozenset[str], views: int) -> None:
    if "views" in needs and views < 2:
        raise ValueError(
            f"{recipe.name} compares several views of a picture, and data.views makes one; give it TwoViews() or "
            "another set of sightline.data.views.kinds"
        )
    if "masks" in needs and recipe.data.masks is None:
        raise ValueError(
            f"{recipe.name} learns from masked patches, and data.masks is None; set 'data.masks=RandomMask(ratio=0.6)'"
        )
    if recipe.data.masks is not None and "masks" not in needs:
        raise ValueError(f"{recipe.name} reads no masks: leave data.masks out, or train mae, ibot or dinov2 with them")


def _grids(recipe: Recipe, sizes: list[int]) -> list[tuple[int, int]]:
    """The patches, down and across, of each view that is masked."""
    masks = recipe.data.masks
    if masks is None:
        return []
    patch = getattr(recipe.parts.get("image"), "patch", None)
    if patch is None:
        raise ValueError(
            f"{recipe.name}: masks cover patches, and {type(recipe.parts.get('image')).__name__} has none; take a ViT"
        )
    if masks.views > len(sizes):
        raise ValueError(f"{recipe.name}: data.masks.views is {masks.views}, and data.views makes {len(sizes)}")
    return [(size // patch, size // patch) for size in sizes[: masks.views]]
