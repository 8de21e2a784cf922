"""What a run has reached beside its weights: step, phase, best score and its metric, last scores, whether it is over.

It lies in the checkpoint, so that a run that ended, by its steps or by its patience, ends only once: the same command
finds it finished. Other rules of evaluation (`evaluation.*` may be changed) are other questions: what was decided or
measured by the old ones is then asked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sightline.probes.heldout.usual import USUAL
from sightline.train.folder import plain
from sightline.train.recipe.recipe import Evaluation

STOPS = ("every", "metric", "patience", "guard")
"""of the rules of evaluation, what decides that a run stops early"""


@dataclass
class Progress:
    """See the module. `best` is {value, step, metric}, or empty."""

    step: int = 0
    best: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    """of the last evaluation"""
    scored: int = -1
    """the step of it"""
    rules: dict[str, Any] = field(default_factory=dict)
    """the evaluation's own settings, as it was made"""
    finished: bool = False
    phase: int = 0
    """the index of the phase whose weights were saved last"""
    guard: dict[str, Any] = field(default_factory=dict)
    """what the forgetting guard asks, and how that stood at the start; {} without one"""
    forgot: str = ""
    """why the guard stopped the run"""

    def over(self, total: int, rules: Evaluation) -> bool:
        """Whether nothing is left to do: the steps are done or patience was at its end, by rules that still hold."""
        return self.finished and self.measured(rules) and (self.step >= total or self._stopped(rules))

    def _stopped(self, rules: Evaluation) -> bool:
        now = plain(rules)
        return all(self.rules.get(name) == now[name] for name in STOPS)

    def measured(self, rules: Evaluation) -> bool:
        """Whether the step reached was measured by these rules."""
        now = plain(rules)
        # a checkpoint from before there were others was measured by the usual probes
        before = {"probes": plain(USUAL)} | self.rules
        same = all(before.get(name) == now[name] for name in ("metric", "samples", "probes"))
        return self.scored == self.step and same

    def note(self, scores: dict[str, float], rules: Evaluation) -> bool:
        """Takes an evaluation at the step reached; True where it is the best so far. Nothing that was forgotten is."""
        self.scores, self.scored, self.rules = scores, self.step, plain(rules)
        value = None if self.forgot else scores.get(rules.metric)
        if self.best.get("metric") != rules.metric:
            self.best = {}  # a score of another kind is no measure for this one
        if value is None or not rules.better(value, self.best.get("value")):
            return False
        self.best = {"value": value, "step": self.step, "metric": rules.metric}
        return True

    def patience_over(self, rules: Evaluation) -> bool:
        """Whether `patience` evaluations have passed since the best one; only the rank that measures can tell."""
        rounds = (self.step - self.best.get("step", self.step)) / max(1, rules.every)
        return 0 < rules.patience <= rounds

    def state(self, finished: bool) -> dict[str, Any]:
        """What goes into the checkpoint."""
        self.finished = finished
        names = ("step", "best", "scores", "scored", "rules", "finished", "phase")
        guarded = {"guard": self.guard, "forgot": self.forgot} if self.guard else {}
        return {name: getattr(self, name) for name in names} | guarded


def progress_of(state: Mapping[str, Any], metric_before: str | None) -> Progress:
    """From a checkpoint. `metric_before` is the metric that the run's config names: a best score was once kept without
    its name."""
    best = dict(state["best"])
    if best and "metric" not in best:
        best["metric"] = metric_before
    names = ("scores", "scored", "rules", "finished", "phase", "guard", "forgot")
    kept = {name: state[name] for name in names if name in state}
    return Progress(step=state["step"], best=best, **kept)
