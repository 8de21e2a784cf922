"""The phases of a run as they are carried out: what learns in each, made fresh, from a checkpoint of its own, or from
the one with which the phase before it ended.

The change is made by reading that checkpoint, whether the run stopped there or not: a run killed at the border and one
that was not are the same.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from sightline import dist
from sightline.data.batch import check_known, lacking, missing
from sightline.data.draw import seed_of
from sightline.data.feed.by_class import laid_on
from sightline.nn.conv.resnet import Basic, Bottleneck
from sightline.nn.conv.sync_norm import across_ranks
from sightline.nn.cross import BLOCKS
from sightline.nn.state.ema import EMA
from sightline.nn.state.lock import lock_named
from sightline.nn.tag import decayed
from sightline.text.load import AnyTokenizer
from sightline.train.checkpoint import carry_weights
from sightline.train.checks import GIVEN, NEAREST, check_method
from sightline.train.feed import Feed, views_of
from sightline.train.loop import Learner, check_several
from sightline.train.optim.gradcache import check_gradcache
from sightline.train.optim.several import MAIN, optimisers
from sightline.train.options import Options
from sightline.train.parallel import shard
from sightline.train.recipe.init import BuildFrom, Start
from sightline.train.recipe.phase import in_phase, spans
from sightline.train.recipe.recipe import Recipe, counted, fitted, length_of
from sightline.weights.capabilities import must_have_parts
from sightline.weights.run_folder.run import spec_of


@dataclass
class Stage:
    """One phase, ready to run: steps `first` to `end` - 1 of the run by `recipe`, which has no phases of its own."""

    number: int
    count: int
    """of how many"""
    first: int
    end: int
    recipe: Recipe
    learner: Learner
    feed: Feed
    fresh: list[str]
    """the tensors that the phase before did not have, or in another shape; of a first phase none"""

    @property
    def name(self) -> str:
        """`phase 2 of 2`; "" where there is one."""
        return f"phase {self.number + 1} of {self.count}" if self.count > 1 else ""


class Stages:
    """Makes them. `recipe` still has its phases, and parts that do not fit the data; `source` is what it is trained on.

    Raises ValueError where the phases' steps do not make the run's.
    """

    def __init__(
        self,
        recipe: Recipe,
        source: Any,
        tokenizer: AnyTokenizer | None,
        device: torch.device,
        options: Options,
        start: Start | None,
    ) -> None:
        self.source, self.tokenizer, self.device = source, tokenizer, device
        self.options, self.start = options, start
        self.total = recipe.total(length_of(source))
        self.spans = spans(recipe, self.total)
        self.own_schedule = [phase.schedule is not None for phase in recipe.phases] or [False]
        self.recipes = [counted(one, source) for one in phase_recipes(recipe, tokenizer, start)]
        self.feed: Feed | None = None
        self.capabilities: set[str] = set()
        """what the methods of all phases made so far can do together"""

    def check(self, held: Any) -> None:
        """Refuses, before the first step, what a later phase would be refused for at its own, or on its evaluation."""
        for number, recipe in enumerate(self.recipes[1:], 1):
            method = self._checked(recipe, self._built(recipe, number))
            optimisers(method, {MAIN: recipe.optim, **recipe.optims}, decayed(method))
            views_of(recipe, method)
            laid_on(recipe.data.order, self.source, recipe.batch, dist.world())
            if held is not None and any("learns" in probe.needs for probe in recipe.evaluation.probes):
                check_needs(recipe, method, held)
            self.capabilities |= {*method.kept().capabilities}

    def at(self, step: int) -> int:
        """The phase in which step number `step` is taken; the last one at the end of the run."""
        return sum(step >= end for _, end in self.spans[:-1])

    def make(self, number: int, state: dict[str, Any] | None = None) -> Stage:
        """Phase `number`, as it begins, or as it was in the checkpoint `state`. One in which the phase before was saved
        is carried over. The feed of the stage before it is closed."""
        self.close()
        recipe, (first, end) = self.recipes[number], self.spans[number]
        earlier = state if state is not None and state.get("phase", 0) < number else None
        method = self._built(recipe, number)
        if state is None and number == 0 and self.start is not None:
            self.start.fill(method)
        fresh = [] if earlier is None else _carried(method, earlier["method"])
        method = self._checked(recipe, method)
        ema = EMA(method, recipe.ema) if recipe.ema else None
        if ema is not None and earlier is not None:
            _carried(ema.average, earlier["ema"])
        if self.options.compile:
            for module in method.modules():
                if isinstance(module, BLOCKS | Basic | Bottleneck):
                    module.compile()
        self.capabilities |= {*method.kept().capabilities}
        names = decayed(method)
        if self.options.shard:
            shard(method)
            if ema is not None:
                shard(ema.average)
        learner = Learner(
            recipe,
            method.train(),
            ema,
            self.device,
            total=self.total,
            decayed=names,
            sharded=self.options.shard,
            span=(first, end) if self.own_schedule[number] else None,
        )
        if earlier is not None:
            learner.carry(earlier, self.recipes[earlier.get("phase", 0)])
        elif state is not None:
            learner.load_state(state)
        self.feed = Feed(recipe, self.source, self.tokenizer, method, self.options)
        return Stage(number, len(self.spans), first, end, recipe, learner, self.feed, fresh)

    def close(self) -> None:
        """Ends the loading of the stage made last."""
        if self.feed is not None:
            self.feed.close()
            self.feed = None

    def _built(self, recipe: Recipe, number: int) -> Any:
        torch.manual_seed(seed_of(recipe.seed, "phase", number) if number else recipe.seed)
        return recipe.build(recipe)

    def _checked(self, recipe: Recipe, method: nn.Module) -> Any:
        """The method on its device, its frozen parts locked; ValueError where it cannot learn from what there is."""
        lock_named(method)
        method = across_ranks(method.to(self.device), self.device)
        check_needs(recipe, method, self.source)
        check_kept(recipe, method)
        check_method(recipe, method, dist.world())
        check_several(recipe, sharded=self.options.shard)
        if recipe.micro:
            check_gradcache(method.train(), recipe.name)
        return method


def phase_recipes(recipe: Recipe, tokenizer: AnyTokenizer | None, start: Start | None) -> list[Recipe]:
    """The recipe of every phase, its parts as they will be built: a run that starts from an encoder has that one's."""
    made = []
    for number in range(max(1, len(recipe.phases))):
        one: Recipe = in_phase(recipe, number)
        if start is None:
            made.append(fitted(one, tokenizer))
            continue
        if isinstance(recipe.build, BuildFrom) and one.build is not recipe.build:
            one = replace(one, build=replace(recipe.build, build=one.build))
        one = replace(start, recipe=one).fitted(tokenizer)
        if recipe.phases:  # what it adds is no part of the encoder, which has its own size and words
            added = recipe.phases[number].parts
            one = replace(one, parts=one.parts | fitted(replace(one, parts=added), tokenizer).parts)
        made.append(one)
    return made


def check_needs(recipe: Recipe, method: Any, source: Any) -> None:
    """ValueError for a batch key that there is not, or that the method cannot do without and the source lacks."""
    check_known(method.needs | method.uses, recipe.name)
    if keys := missing(method.needs, source.has):
        lacks = lacking(keys, source.has)
        give = [f"give {GIVEN[key]}" for key in lacks if key in GIVEN]
        mend = "; ".join([*give, *(NEAREST[key] for key in lacks if key in NEAREST)])
        raise ValueError(
            f"{recipe.name} needs {', '.join(keys)} of every sample, and {source.name} has only "
            f"{', '.join(sorted(source.has))}{f': {mend}' if mend else ''}"
        )


def check_kept(recipe: Recipe, method: Any) -> None:
    """ValueError where what the method keeps could not be loaded again: a part without a spec, a capability without its
    parts."""
    kept = method.kept()
    for name, part in kept.parts.items():
        spec_of(name, part, recipe.parts)
    must_have_parts(kept)


def _carried(method: Any, weights: dict[str, Any]) -> list[str]:
    """Fills the method of a new phase, or its average, with the `weights` of the one before; returns the names of what
    is fresh."""
    fresh = carry_weights(method, weights)
    if hasattr(method, "begin_phase"):
        method.begin_phase(weights)
    return fresh
