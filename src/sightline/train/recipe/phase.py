"""Phases of one run: what the recipe changes from some step on, a learning rate's schedule running through.

    phases=(
        Phase(steps=0.8),
        Phase(build=siglip2_with_teacher, method=siglip2.Config(...), data={"views": MultiCrop(count=8)}),
    )

A phase has what the recipe has, but for what it says itself: it does not follow from the phase before it. What it
changes of a Config, the data or an optimiser is given by field ({"views": ...}), so that the recipe's other settings
hold in it as well, or whole, in place of the recipe's. Between two phases weights carry over by name and shape, the
optimiser's moments and the average with them, while the step, the schedule, the order of the data and every draw go on;
a part that is new starts fresh, drawn from (seed, phase), without moments. The new method may put itself in order by
`begin_phase(previous)`, called once, with the state dictionary of the one before (teacher := student).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from sightline.train.optim.clipping import Clip
from sightline.train.optim.schedule import Schedule
from sightline.train.recipe.parts import Parts


@dataclass(frozen=True, kw_only=True)
class Phase:
    """See the module. None is what the recipe has."""

    steps: int | float | None = None
    """how many, or a share of the whole run (0.8), between 0 and 1; None, in one phase, is what the others leave"""
    build: Callable[[Any], nn.Module] | None = None
    """recipe of the phase -> its method"""
    method: Any = None
    """another Config, or {field: value} of the recipe's"""
    parts: Parts = field(default_factory=Parts)
    """parts that are added, or put in place of the recipe's of that name"""
    data: Any = None
    """another Data, of the recipe's size and preprocessing, or {field: value} of the recipe's"""
    optim: Any = None
    """another optimiser, or {field: value} of the recipe's"""
    optims: Mapping[str, Any] = field(default_factory=dict)
    """optimisers that are added, or put in place of the recipe's of that name"""
    schedule: Schedule | None = None
    """one that begins and ends with the phase; None lets the run's go on"""
    clip: Clip | None = None
    micro: int | None = None

    def __post_init__(self) -> None:
        steps = self.steps
        if isinstance(steps, float) and not 0 < steps < 1:
            raise ValueError(f"a phase of steps={steps}: a share of the run lies between 0 and 1, a number is whole")
        if isinstance(steps, int) and steps < 1:
            raise ValueError(f"a phase of steps={steps}: it has at least one")
        if self.micro is not None and self.micro < 0:
            raise ValueError(f"a phase of micro={self.micro}: it must be 0 or more")


CHANGED = ("build", "method", "parts", "data", "optim", "optims", "schedule", "clip", "micro")
"""the settings of a recipe that a phase may have otherwise"""


def in_phase(recipe: Any, number: int) -> Any:
    """The recipe as phase `number`, from 0, has it, without phases of its own; the recipe itself where it has none.

    ValueError for a field that the Config, data or optimiser has not, or for another picture size.
    """
    if not recipe.phases:
        return recipe
    phase: Phase = recipe.phases[number]
    data = _changed(recipe.data, phase.data, f"phases.{number}.data")
    if data.evaluation_view() != recipe.data.evaluation_view():
        raise ValueError(
            f"{recipe.name}: phases.{number}.data has size={data.size} and the recipe {recipe.data.size}, or another "
            "preprocess: pictures keep their size through a run, whose towers are made for it. For another size start "
            "a second run from this one (--init)"
        )
    return replace(
        recipe,
        phases=(),
        build=phase.build or recipe.build,
        method=_changed(recipe.method, phase.method, f"phases.{number}.method"),
        parts=recipe.parts | phase.parts,
        data=data,
        optim=_changed(recipe.optim, phase.optim, f"phases.{number}.optim"),
        optims={**recipe.optims, **phase.optims},
        schedule=phase.schedule or recipe.schedule,
        clip=recipe.clip if phase.clip is None else phase.clip,
        micro=recipe.micro if phase.micro is None else phase.micro,
    )


def spans(recipe: Any, total: int) -> list[tuple[int, int]]:
    """The steps (first, last + 1) of every phase in a run of `total`; the whole run where the recipe has no phases.

    ValueError where the phases' steps do not add up to `total`, leave nothing for one, or two of them say none.
    """
    given = [phase.steps for phase in recipe.phases] or [None]
    counts = [round(steps * total) if isinstance(steps, float) else steps for steps in given]
    listed = ", ".join(str(steps) for steps in given)
    if counts.count(None) > 1:
        raise ValueError(f"{recipe.name}: phases have steps {listed}; only one of them can be what the others leave")
    left = total - sum(count or 0 for count in counts)
    if None not in counts and isinstance(given[-1], float) and abs(left) < len(given):
        counts[-1] = None  # shares that were rounded
        left += round(given[-1] * total)
    if left and None not in counts:
        raise ValueError(
            f"{recipe.name}: phases of steps {listed} make {total - left}, and the run has {total}. Leave the last "
            "one's out, or set steps to the sum"
        )
    lengths = [left if count is None else count for count in counts]
    if min(lengths) < 1:
        raise ValueError(
            f"{recipe.name}: phases of steps {listed} leave {min(lengths)} steps for one of them in a run of {total}; "
            "set steps, or phases.N.steps, so that each has at least one"
        )
    ends = [sum(lengths[: number + 1]) for number in range(len(lengths))]
    return list(zip([0, *ends], ends, strict=False))


def _changed(base: Any, given: Any, where: str) -> Any:
    if given is None:
        return base
    if not isinstance(given, Mapping):
        return given
    known = base.__dataclass_fields__
    if unknown := sorted(given.keys() - known.keys()):
        raise ValueError(f"{where} changes {', '.join(unknown)}; {type(base).__name__} has {', '.join(known)}")
    return replace(base, **given)
