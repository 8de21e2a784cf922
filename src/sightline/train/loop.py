"""The training loop: batch -> views -> method -> named terms -> backward -> clip -> step -> after_step -> log.

One loop for every system. What a system is stands in its method and its recipe; nothing here knows their names.
"""

import time
from collections.abc import Collection
from contextlib import nullcontext
from functools import partial
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn

from sightline import dist
from sightline.data.draw import seed_of
from sightline.nn.heads import UnitPrototypes
from sightline.nn.noise import seed_draws
from sightline.nn.state.ema import EMA
from sightline.nn.state.lock import keep_locked, locked
from sightline.protocols import Batch, Contrastive, Losses
from sightline.train import checkpoint
from sightline.train.optim.clipping import clip_gradients, norm_of
from sightline.train.optim.gradcache import backward_accumulated, backward_cached, backward_whole
from sightline.train.optim.optimizer import set_decay, set_rate
from sightline.train.optim.several import MAIN, Learning, backward_several, optimisers
from sightline.train.parallel import replicate, reshard
from sightline.train.recipe.recipe import Recipe
from sightline.train.watch.monitor import EVERY, check_finite, check_gradient

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Clock:
    """Seconds by phase of a step since the last `shares()`."""

    def __init__(self) -> None:
        self.waited = 0.0
        self._begin()

    def _begin(self) -> None:
        self.phases = {"wait": 0.0, "augment": 0.0, "compute": 0.0}
        self.images = 0
        self.began = time.monotonic()

    def add(self, *, wait: float, augment: float, compute: float) -> None:
        """`wait` is the loader's running total, the others are seconds of this step."""
        self.phases["wait"] += wait - self.waited
        self.waited = wait
        self.phases["augment"] += augment
        self.phases["compute"] += compute

    def shares(self) -> dict[str, float]:
        """images_per_second, and the share of time waiting for data, augmenting, computing; then starts anew."""
        passed = max(time.monotonic() - self.began, 1e-9)
        row = {"images_per_second": round(self.images / passed, 1)}
        row |= {name: round(seconds / passed, 3) for name, seconds in self.phases.items()}
        self._begin()
        return row


class Learner:
    """A method with its optimisers and average: everything one step changes.

    `total` are the steps of the whole run, over which rate and decay follow the recipe's schedule; a phase with a
    schedule of its own gives its `span`, the steps (first, last + 1) over which that runs. `decayed` are the names of
    the parameters with weight decay, asked for before sharding. Raises ValueError where several optimisers are to learn
    from a batch in parts, or of sharded weights.
    """

    def __init__(
        self,
        recipe: Recipe,
        method: nn.Module,
        ema: EMA | None,
        device: torch.device,
        *,
        total: int,
        decayed: Collection[str],
        sharded: bool,
        span: tuple[int, int] | None = None,
    ) -> None:
        self.recipe, self.method, self.ema, self.device, self.total = recipe, method, ema, device, total
        self.span = (0, total) if span is None else span
        check_several(recipe, sharded=sharded)
        self.optimisers = optimisers(method, {MAIN: recipe.optim, **recipe.optims}, decayed)
        self.optimizer = self.optimisers[0].optimizer
        self.active = self.optimisers
        self.scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "float16")
        self.sharded = sharded
        self.locked = locked(method)
        self.last, self.trunk = last_and_trunk(method)
        self.prototypes = [part for part in method.modules() if isinstance(part, UnitPrototypes)]
        self.share = recipe.batch // dist.world()
        self.micro = recipe.micro if 0 < recipe.micro < self.share else 0
        self.cached = bool(self.micro) and isinstance(method, Contrastive)
        # several backwards a step (GradCache, accumulation, several optimisers): averaged over ranks once, at its end
        self.often = bool(self.micro) or len(self.optimisers) > 1
        self.replica = replicate(method) if dist.world() > 1 and not sharded and not self.often else method

    def step(self, step: int, batch: Batch) -> dict[str, float]:
        """One update. Returns the loss, its terms, the gradient's norm and the learning rate; those of a further
        optimiser as `gradient_NAME` and `lr_NAME`.

        Raises NonFinite, before the update, when a term or the gradient is not a number.
        """
        method: Any = self.method
        keep_locked(self.locked)
        first, end = self.span
        rates = {}
        for one in self.optimisers:
            rates[_beside("lr", one)] = rate = one.spec.lr * self.recipe.schedule.factor(step - first, end - first)
            set_rate(one.optimizer, rate)
            set_decay(one.optimizer, one.spec, step - first, end - first)
            one.optimizer.zero_grad(set_to_none=True)
        method.before_step(step, self.total)
        with self.autocast():
            losses = self.backward(step, batch)
        if self.sharded:
            reshard(self.method)
        if self.often and not self.sharded:
            dist.all_reduce_gradients(list(self.method.parameters()))
        losses = {name: dist.mean(value) for name, value in losses.items()}
        check_finite(losses, step)
        for one in self.active:
            self.scaler.unscale_(one.optimizer)
        ratio = self.last_layer() if step % EVERY == 0 else {}
        norms = {_beside("gradient", one): self.clip(one, step) for one in self.optimisers}
        self.leave_frozen()
        for one in self.active:
            self.scaler.step(one.optimizer)
        self.scaler.update()
        method.after_step()
        if self.ema is not None:
            self.ema.update(self.method, step)
        terms = {name: float(value) for name, value in losses.items()}
        return {"loss": sum(terms.values()), **terms, **rates, **norms, **ratio}

    def backward(self, step: int, batch: Batch) -> Losses:
        """Gradients of the whole batch, in one piece, by chunks, or of several optimisers; returns the terms."""
        reseed = partial(self.reseed, step)
        if len(self.optimisers) > 1:
            reseed(0)
            losses, self.active = backward_several(self.method, batch, self.scaler.scale, self.optimisers)
            return losses
        if self.cached:
            return backward_cached(self.method, batch, self.micro, self.scaler.scale, reseed)
        if self.micro:
            return backward_accumulated(self.method, batch, self.micro, self.scaler.scale, reseed)
        reseed(0)
        return backward_whole(self.replica, batch, self.scaler.scale)

    def clip(self, one: Learning, step: int) -> float:
        """Clips the gradient of one optimiser's parameters by the recipe's rule. Returns its norm before; 0 where it
        takes no step."""
        if one not in self.active:
            return 0.0
        norm = clip_gradients(one.parameters.values(), self.recipe.clip)
        if not self.scaler.is_enabled():  # under float16 a non-finite gradient is a skipped step, not an error
            check_gradient(norm, step)
        return float(norm)

    def leave_frozen(self) -> None:
        """Takes the gradients of zeros of frozen prototypes away: the optimiser then leaves them whole, undecayed, and
        counts no step, so that its averages of their gradient start with the first that is one."""
        for part in self.prototypes:
            if not part.open:
                for parameter in part.parameters():
                    parameter.grad = None

    def last_layer(self) -> dict[str, float]:
        """The gradient of the prototypes' layer as a multiple of the trunk's, where there is such a layer."""
        if not self.last or not self.trunk:
            return {}
        trunk = float(norm_of(self.trunk))
        return {"watch_last_layer": float(norm_of(self.last)) / trunk if trunk else 0.0}

    def reseed(self, step: int, chunk: int) -> None:
        """Drop path and noise draw from (seed, step, part of the batch): nothing to save, nothing to restore.

        Parts are numbered through the ranks, so that any number of them draws alike.
        """
        if self.micro:
            seed_draws(seed_of(self.recipe.seed, step, 0, dist.rank() * ceil(self.share / self.micro) + chunk))
        else:
            seed_draws(seed_of(self.recipe.seed, step, 0, 0), pictures=self.share)

    def autocast(self) -> Any:
        dtype = DTYPES[self.recipe.precision]
        return nullcontext() if dtype is torch.float32 else torch.autocast(self.device.type, dtype)

    def kept(self) -> nn.Module:
        """The method whose weights are evaluated and saved."""
        return self.method if self.ema is None else self.ema.average

    def state(self) -> dict[str, Any]:
        """All that changes, as CPU tensors; a collective where there are several ranks."""
        moments = {one.name: checkpoint.gather_moments(self.method, one.optimizer) for one in self.optimisers}
        state = {
            "method": checkpoint.gather_weights(self.method),
            "optimizer": moments.pop(MAIN),
            "ema": checkpoint.gather_weights(self.ema.average) if self.ema is not None else {},
            "scaler": self.scaler.state_dict(),
        }
        return state | {"optimizers": moments} if moments else state

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `state()` returned."""
        checkpoint.load_weights(self.method, state["method"])
        moments = {MAIN: state["optimizer"], **state.get("optimizers", {})}
        for one in self.optimisers:
            checkpoint.load_moments(self.method, one.optimizer, moments[one.name])
        if self.ema is not None:
            checkpoint.load_weights(self.ema.average, state["ema"])
        self.scaler.load_state_dict(state["scaler"])

    def carry(self, state: dict[str, Any], before: Recipe) -> None:
        """Takes over, of the `state()` with which the phase of recipe `before` ended, the moments of every parameter
        that has the same name and shape, where both phases' optimisers of it keep the same ones, and the scaler.
        Weights and averages were taken over when they were made (train/stage.py)."""
        specs = {MAIN: before.optim, **before.optims}
        moments = {MAIN: state["optimizer"], **state.get("optimizers", {})}
        for one in self.optimisers:
            alike = [moments[name]["state"] for name, spec in specs.items() if spec.moments == one.spec.moments]
            known = {name: kept for part in alike for name, kept in part.items() if name in one.parameters}
            checkpoint.carry_moments(self.method, one.optimizer, known)
        self.scaler.load_state_dict(state["scaler"])

    def watched(self) -> dict[str, Tensor]:
        """Embeddings of the last batch, where the method keeps them for the monitor."""
        return getattr(self.method, "watched", {})


def check_several(recipe: Recipe, *, sharded: bool) -> None:
    """ValueError for what several optimisers cannot do: each follows its terms back through the whole graph, which
    chunks do not keep, and whose weights FSDP2 lets go of after the first backward."""
    names = ", ".join(f"optims.{name}" for name in recipe.optims)
    if names and recipe.micro:
        raise ValueError(
            f"{recipe.name} has several optimisers ({names}) and micro={recipe.micro}: they learn from a whole batch "
            "only. Set micro=0, with a smaller batch where memory is short"
        )
    if names and sharded:
        raise ValueError(f"{recipe.name} has several optimisers ({names}), which --shard cannot do; leave it out")


def _beside(name: str, one: Learning) -> str:
    return f"{name}_{one.name}" if one.name else name


def last_and_trunk(method: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Trainable parameters of the modules called `last` (prototypes: nn/heads.py), and of the tower that is kept."""
    named = [(name.split("."), p) for name, p in method.named_parameters() if p.requires_grad]
    last = [p for path, p in named if "last" in path]
    return last, [p for path, p in named if {"image", "tower"} & set(path)] if last else []
