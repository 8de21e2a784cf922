"""Whether an encoder forgets while a run goes on from it: a share of right answers on a guard source, before and since.

Asked is the first of these that the encoder answers better than chance: zero-shot classification and retrieval, where
it has a text tower (that of the run, else the encoder's own is put beside the tower that learns), and kNN between two
halves of the guard source, both ways. A run forgets when more than the share `fall` of what stood above chance is
gone, and more than luck would take.
"""

import json
from dataclasses import dataclass
from functools import cache
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sightline.data.decode.guard import guarded
from sightline.data.feed.order import order
from sightline.data.sample import BadSample, Source, Stream
from sightline.data.sources.source import open_source
from sightline.data.sources.subset import Subset
from sightline.probes.heldout.captions import Retrieval
from sightline.probes.heldout.classes import ZeroShot
from sightline.probes.heldout.neighbours import KNNProbe
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.protocols import Kept
from sightline.runtime.description import run_folder
from sightline.text.load import AnyTokenizer
from sightline.train.evaluate.evaluator import Evaluator
from sightline.train.evaluate.score import error
from sightline.train.recipe.guard import Guard
from sightline.train.recipe.recipe import Recipe
from sightline.weights.convert.source import opened

BUILT_IN = "icons:test"
COMPARED = 20_000
"""training pictures that are compared with those of the guard"""
LUCK = 1.5
"""standard errors of the difference of two independent measurements. These are of the same pictures, of which most are
answered as before, so that it is about three of their own"""
SCORES = {"zero_shot": "zero_shot", "text_to_image_r5": "retrieval", "knn": "knn"}
"""the score by which each of the probes guards -> what its number of pictures is called"""
PROBES: dict[str, Probe] = {"zero_shot": ZeroShot(), "text_to_image_r5": Retrieval(), "knn": KNNProbe()}
"""the same -> who asks"""


@dataclass(frozen=True)
class Standing:
    """A share of right answers, beside what a guess scores, of n pictures."""

    value: float
    chance: float
    n: float

    @property
    def above(self) -> float:
        return self.value - self.chance

    @property
    def error(self) -> float:
        return error(min(1.0, max(0.0, self.value)), self.n)

    @property
    def knows(self) -> bool:
        """Whether it stands above chance by more than two standard errors."""
        return self.above > 2 * self.error and self.n > 0


class Forgetting:
    """The guard of one run. `begun` is what it asks and how that stood at the start: {} until the first look.

    `name` is the encoder that the run begins from; its text tower is used where it has one. `notes` are for the user.
    Raises ValueError for a guard source that cannot be had, or has nothing to ask of.
    """

    def __init__(
        self,
        rules: Guard,
        name: str,
        recipe: Recipe,
        source: Any,
        device: torch.device,
        *,
        tokenizer: AnyTokenizer | None = None,
        reads: bool = False,
    ) -> None:
        """`reads` says that the run's own method reads text, by `tokenizer`."""
        self.rules, self.name = rules, name
        self.begun: dict[str, Any] = {}
        self.notes: list[str] = []
        given = self._source()
        if isinstance(given, Stream):
            raise ValueError(f"evaluation.guard.source={given.name} is streamed; a guard needs files that are here")
        chosen = order(len(given), recipe.seed, 0)[: rules.samples]
        halves = [Subset(given, sorted(chosen[part::2].tolist()), given.name) for part in (0, 1)]
        view = recipe.data.evaluation_view()
        everyone = Subset(given, sorted(chosen.tolist()))
        self.other = None if reads else self._text_tower()
        self.able = frozenset({"embeds", "reads_text"} if reads or self.other is not None else {"embeds"})
        self.plain: dict[str, Any] = {"view": view, "device": device, "precision": recipe.precision}
        self.plain |= {"tokenizer": tokenizer if self.other is None else self.other.tokenizer}
        self.pairs: dict[str, list[tuple[Subset, Subset | None]]] = {
            "zero_shot": [(everyone, None)],
            "text_to_image_r5": [(everyone, None)],
            "knn": [(halves[0], halves[1]), (halves[1], halves[0])],
        }
        # decoded where something is asked of them: a set takes hundreds of megabytes for as long as the run lasts
        self.prepared = cache(lambda some: Prepared(some, view, samples=len(some), seed=recipe.seed))
        self.notes += self._shared(everyone, source)
        self.where = given.name

    def look(self, method: Any) -> tuple[dict[str, float], str]:
        """(scores for the log, what fell from what to what; "" while the guard holds). The first look is the start."""
        seen = _Beside(method, self.other)
        first = not self.begun
        if first:
            self.begun = self._begin(seen)
        metric = self.begun["metric"]
        if not metric:
            return {}, ""
        start = Standing(self.begun["value"], self.begun["chance"], self.begun["n"])
        now = start if first else self._standing(metric, seen)
        scores = {f"guard_{metric}": now.value, f"chance_guard_{metric}": now.chance, f"n_guard_{metric}": now.n}
        lost = start.value - now.value
        if lost <= self.rules.fall * start.above or lost <= LUCK * hypot(start.error, now.error):
            return scores, ""
        return scores, (
            f"the encoder forgets: {metric} on {self.where} fell from {start.value:.3f} at the start to "
            f"{now.value:.3f} (chance {now.chance:.3f}, n {now.n:.0f}), more than {self.rules.fall:.0%} of what it knew"
        )

    def _begin(self, seen: "_Beside") -> dict[str, Any]:
        """The first question that the encoder answers, and how it does; without a metric where it answers none."""
        for metric in filter(self._can, self.pairs):
            found = self._standing(metric, seen)
            if found.knows:
                return {"metric": metric, "value": found.value, "chance": found.chance, "n": found.n}
        return {"metric": "", "value": 0.0, "chance": 0.0, "n": 0.0}

    def said(self) -> str:
        """What is guarded, after the first look."""
        if not self.begun["metric"]:
            return (
                f"no guard against forgetting: on {self.where} the encoder stands no better than chance. Name pictures "
                "that it knows: evaluation.guard.source=SRC"
            )
        return (
            f"guarded against forgetting: {self.begun['metric']} on {self.where} is {self.begun['value']:.3f} at the "
            f"start (chance {self.begun['chance']:.3f}); the run stops when {self.rules.fall:.0%} of what stands above "
            "chance is lost (evaluation.guard)"
        )

    def _can(self, metric: str) -> bool:
        probe = PROBES[metric]
        return probe.answered_by(self.able) and not any(
            probe.reason(one.held, one.memory) for one in self._evaluators(metric)
        )

    def _evaluators(self, metric: str) -> list[Evaluator]:
        """Who asks, and of which pictures."""
        return [
            Evaluator(
                self.prepared(held),
                None if memory is None else self.prepared(memory),
                probes=(PROBES[metric],),
                capabilities=self.able,
                **self.plain,
            )
            for held, memory in self.pairs[metric]
        ]

    def _standing(self, metric: str, seen: "_Beside") -> Standing:
        found = [one(seen) for one in self._evaluators(metric)]
        counts = [scores[f"n_{SCORES[metric]}"] for scores in found]
        chance = "chance_r5" if metric.startswith("text") else f"chance_{metric}"
        mean = {
            name: float(np.average([scores[name] for scores in found], weights=counts)) for name in (metric, chance)
        }
        return Standing(mean[metric], mean[chance], sum(counts))

    def _source(self) -> Any:
        """The guard source: the one that is set, else that of the run it began from, else the built-in icons."""
        if self.rules.source:
            return open_source(self.rules.source)
        for src in _measured_on(self.name):
            try:
                found = open_source(src)
            except (ValueError, OSError):
                continue
            if not isinstance(found, Stream) and found.has & {"label", "text"}:
                return found
        return open_source(BUILT_IN)

    def _text_tower(self) -> Any:
        """The encoder that the run began from, where it reads words: its face."""
        found = opened(self.name).encoder
        return found if "reads_text" in found.capabilities and "embeds" in found.capabilities else None

    def _shared(self, guard: Subset, source: Any) -> list[str]:
        """Whether pictures of the guard are trained on too."""
        if isinstance(source, Stream):
            return []
        known = {_content(guard, index) for index in range(len(guard))} - {b""}
        count = min(len(source), COMPARED)
        both = known & {_content(source, index) for index in range(count)}
        if not both:
            return []
        return [
            f"{len(both)} of {len(guard)} pictures of the guard source {guard.name} are trained on too: of those it "
            "cannot tell what is forgotten. Name other pictures: evaluation.guard.source=SRC"
        ]


class _Beside:
    """A method as an evaluator takes it: what it keeps, and beside its image tower the text tower of `other`."""

    def __init__(self, method: Any, other: Any) -> None:
        self.method, self.other = method, other

    @property
    def training(self) -> bool:
        return self.method.training

    def train(self, mode: bool = True) -> nn.Module:
        return self.method.train(mode)

    def kept(self) -> Kept:
        mine: Kept = self.method.kept()
        parts = {name: part for name, part in mine.parts.items() if name in TOWERS}
        if self.other is None or "text" in parts:
            able = tuple(name for name in ("embeds", "reads_text") if name in mine.capabilities)
            return Kept(parts=parts, scalars=mine.scalars, capabilities=able)
        theirs = {name: part for name, part in self.other.parts.items() if name in TOWERS and name != "image"}
        return Kept(parts=theirs | {"image": parts["image"]}, capabilities=("embeds", "reads_text"))


TOWERS = ("image", "text", "project_image", "project_text")


def stopped(step: int, forgot: str, best: Path, rate: float) -> str:
    """What the guard found, which weights are kept (`best` is their best.json), and what to try next."""
    kept = json.loads(best.read_text(encoding="utf-8"))
    value = f", of {kept['metric']} {kept['value']:.3f}" if "value" in kept else ""
    return (
        f"step {step}: {forgot}: the run is stopped, and the weights of step {kept['step']}{value} are kept. Lower "
        f"optim.lr (it is {rate:g}; a tenth is a good next try), hold first blocks (method.freeze), learn adapters "
        "alone (finetune.adapters), or let more be forgotten (evaluation.guard.fall)"
    )


def _measured_on(name: str) -> list[str]:
    """The SRCs that a run says it was measured and trained on; nothing of what is no run."""
    try:
        data = json.loads((run_folder(name) / "config.json").read_text(encoding="utf-8"))["data"]
    except (ValueError, OSError, KeyError, TypeError):
        return []
    return [src for src in (data.get("evaluation"), data.get("train")) if src]


def _content(source: Source, index: int) -> bytes:
    try:
        with guarded():
            return source[index].content()
    except BadSample:
        return b""
