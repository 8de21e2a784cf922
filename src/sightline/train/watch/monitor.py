"""What goes wrong while training, reported while it happens: no number, a plateau at chance, every kind of collapse.

Quantities are those of train/watch/collapse.py, taken every 50 steps; a cause is reported once, when two looks in a row
show it, and a plateau when the mean loss of 50 steps does.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from sightline.protocols import Losses
from sightline.train.watch.collapse import Usage, measured, shapes

EVERY = 50
"""steps between looks"""
_SLOWER = "Lower optim.lr or lengthen schedule.warmup, or weaken the augmentation (data.views)"
_LABELLED = f"Check that labels are right (sightline data SRC). {_SLOWER}"


class Untold(NamedTuple):
    """A term's value for embeddings that tell nothing apart."""

    chance: Callable[[int], float]
    """of the whole batch"""
    formula: str
    """the same as it is printed"""
    what: str
    """is not being told apart"""
    advice: str


UNTOLD = {
    "contrastive": Untold(
        lambda b: math.log(b),
        "ln(batch)",
        "pictures and captions",
        "Check that captions belong to their pictures (sightline data SRC), lower optim.lr, or weaken the augmentation "
        "(random colours hide shapes)",
    ),
    "ntxent": Untold(
        lambda b: math.log(2 * b - 1), "ln(2 batch - 1)", "two views of a picture and other pictures", _SLOWER
    ),
    "npair": Untold(
        lambda b: math.log(max(2, b // 2)),
        "ln(batch / 2)",
        "two pictures of a class and those of other classes",
        _LABELLED,
    ),
    "histogram": Untold(lambda b: 0.5, "1/2", "pairs of one class and of two", _LABELLED),
}
"""by the name of the term"""
AT_MARGIN = 1e-3
"""A triplet loss this near to that of one point for all has collapsed (Schroff et al. 2015, section 3.2)."""
LATE = frozenset({"few directions", "few prototypes", "few prototypes of patches"})
"""causes that a young run still grows out of: reported once its patience is over"""
ENDS = frozenset({"constant image", "constant text"})
"""causes that need no second look at the end of a run: there is nothing left to wait for"""
PATCH = "patch_"
"""how the quantities begin of a teacher that is asked about patches too"""
PATCHES = "method.patch_head.prototypes; of iBOT, whose head is one, method.head.prototypes"


class NonFinite(FloatingPointError):
    """A loss term or the gradient stopped being a number; raised before the update."""


def check_finite(losses: Losses, step: int) -> None:
    """Raises NonFinite naming every term that is not finite, and the step."""
    bad = [name for name, value in losses.items() if not torch.isfinite(value).all()]
    if bad:
        values = ", ".join(f"{name} = {float(losses[name])}" for name in bad)
        raise NonFinite(
            f"step {step}: the loss is not finite ({values}); the weights were not updated. The last checkpoint is "
            "intact. Usual causes: a learning rate too high (optim.lr), float16 without need (precision=bfloat16), "
            "or broken input"
        )


def check_gradient(norm: Tensor, step: int) -> None:
    """Raises NonFinite where the gradient's norm is not a number although the loss is."""
    if not torch.isfinite(norm):
        raise NonFinite(
            f"step {step}: the gradient is not finite (norm {float(norm)}) although the loss is; the weights were not "
            "updated. Lower optim.lr or set precision=float32"
        )


class Monitor:
    """Watches one run. `observe` returns a warning when there is something to report, once per cause.

    A constant encoder scores exactly ln(batch) under InfoNCE and ln(2 batch - 1) under NT-Xent; a run whose
    mean loss over 50 steps is within 2 % of it, from step `patience` on, has learnt nothing.
    """

    def __init__(self, batch: int, *, patience: int = 300, numbers: str = "method") -> None:
        """`numbers` is where a recipe keeps what the advice says to change: a method around another has it deeper."""
        self.numbers = numbers
        self.chance = {term: untold.chance(max(2, batch)) for term, untold in UNTOLD.items()}
        self.patience = patience
        self.recent: deque[float] = deque(maxlen=50)
        self.usage = {name: Usage() for name in ("", PATCH)}
        self.seen: set[str] = set()
        """causes that the last look showed"""
        self.reported: set[str] = set()
        self.quantities: dict[str, float] = {}
        """of this step, where it was a look"""
        self.note = ""
        """the last look in a few words, for the progress line"""

    def observe(
        self, step: int, row: Mapping[str, float], watched: dict[str, Tensor], *, last: bool = False
    ) -> list[str]:
        """`row` is the step's losses, `watched` what the method keeps of its last batch.

        The `last` step of a run is looked at too; a constant tower is then reported without a second look.
        """
        for name, usage in self.usage.items():
            if f"{name}teacher" in watched:
                usage.add(watched[f"{name}teacher"])
        self.quantities = {}
        messages = [self._once("plateau", text) for text in self._plateau(step, row)]
        if last or step % EVERY == 0:
            self.quantities = measured(watched)
            for name, usage in self.usage.items() if step else ():
                self.quantities |= {f"{name}{key}": value for key, value in usage.look().items()}
            size = shapes(watched)
            seen = self.quantities | {"last_layer": row.get("watch_last_layer", 0.0)}
            shown = dict(causes(seen, size)) if step else {}
            shown = {cause: text for cause, text in shown.items() if step >= self.patience or cause not in LATE}
            shown = {cause: text.replace("method.", f"{self.numbers}.") for cause, text in shown.items()}
            self.note = _note(self.quantities)
            sure = self.seen | (ENDS if last else set())
            messages += [self._once(cause, text) for cause, text in shown.items() if cause in sure]
            self.seen = set(shown)
        return [f"step {step}: {message}" for message in messages if message]

    def begins(self, row: Mapping[str, float]) -> str:
        """What the loss is before anything is learnt: by the formula where a term has one, else as it was measured."""
        known = [f"{term} = {UNTOLD[term].formula} = {value:.2f}" for term, value in self.chance.items() if term in row]
        formula = f" (who tells nothing apart has {', '.join(known)})" if known else ""
        return f"before the first update the loss is {row['loss']:.3f}{formula}"

    def _plateau(self, step: int, row: Mapping[str, float]) -> Iterator[str]:
        term = next((term for term in self.chance if term in row), None)
        if term is None:
            return
        self.recent.append(row[term])
        mean, chance = sum(self.recent) / len(self.recent), self.chance[term]
        if step >= self.patience and len(self.recent) == self.recent.maxlen and abs(mean - chance) < 0.02 * chance:
            _, formula, what, advice = UNTOLD[term]
            yield f"the {term} loss has stayed at {formula} = {chance:.2f}: {what} are not being told apart. {advice}"

    def _once(self, cause: str, message: str) -> str:
        fresh = cause not in self.reported
        self.reported.add(cause)
        return message if fresh else ""


def causes(q: Mapping[str, float], size: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    """(cause, sentence) for what the quantities `q` of one look show; `size` are the shapes they were taken of.

    The first kind that shows hides the others, which it would bring about: a shortcut, prototypes, target, margin,
    embeddings.
    The bounds leave room to what healthy runs of our recipes show (tests/train/test_alarms.py).
    """
    for kind in (_shortcut, _teacher, _target, _margin, _embeddings):
        found = list(kind(q, size))
        if found:
            yield from found
            return


def _shortcut(q: Mapping[str, float], size: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    """Relative position told of pictures never seen before, as nothing but a trick can."""
    if q.get("accuracy_first_epoch", 0.0) > 0.6:
        yield (
            "shortcut",
            f"places of patches are told right {q['accuracy_first_epoch']:.0%} of the time in the first epoch (chance "
            "12.5%): the network reads them off something other than what patches show, lines that run on or colour "
            "fringes. Widen data.views.gap and data.views.jitter, or take data.views.colours=drop",
        )


def _teacher(q: Mapping[str, float], size: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    """The teacher's of pictures, and its of patches where there is one."""
    for name in ("", PATCH):
        if f"{name}entropy" in q:
            mine = {key.removeprefix(name): value for key, value in q.items() if key.startswith(name)}
            what = ("of patches", "patches", PATCHES) if name else ("", "pictures", "method.head.prototypes")
            # balanced targets of a constant tower are uniform by construction: the tower is what has to be named
            constant = q.get("image_cosine", 0.0) > 0.995
            yield from _prototypes(mine, size[f"{name}teacher"], what, constant)


def _prototypes(
    q: Mapping[str, float], size: tuple[int, ...], what: tuple[str, str, str], constant: bool
) -> Iterator[tuple[str, str]]:
    """The two opposite collapses of self-distillation, and a head of which little is used."""
    (rows, k), (of, all_of, head) = size, what
    whose, of = (f"the teacher {of}", f" {of}") if of else ("the teacher", "")
    top, spread = math.log(k), math.log(min(rows, k))
    if q["entropy"] > 0.99 * top and q.get("divergence", 0.0) < 0.01:
        if constant:
            return
        yield (
            f"uniform{of}",
            f"{whose} gives every prototype the same share (H = {q['entropy']:.2f} = ln {k}, KL to the student "
            f"{q.get('divergence', 0.0):.3f}): uniform collapse, centering without sharpening. Halve "
            "method.teaching.temperature: the student's is 0.1, the papers' 0.04, small runs want "
            "method.teaching.temperature=0.01,0.01",
        )
    elif q["marginal"] < 0.35 * spread:
        yield (
            f"one prototype{of}",
            f"{whose} gives all {all_of} the same few prototypes (H = {q['entropy']:.2f}, of the mean over the "
            f"batch {q['marginal']:.2f}, healthy near ln {min(rows, k)} = {spread:.2f}): one-prototype collapse, "
            "sharpening without centering. Centre the teacher (method.targets=Centering, or "
            "method.targets=Sinkhorn), or raise method.teaching.temperature",
        )
    elif q.get("prototypes", 1.0) < 0.02:
        yield (
            f"few prototypes{of}",
            f"{q['prototypes']:.1%} of the {k} prototypes{of} are in use: most of the head learns nothing. Take fewer "
            f"({head}), a larger batch, or a longer method.teaching.freeze",
        )


def _target(q: Mapping[str, float], size: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    """BYOL's collapse."""
    if q.get("target_std", 1.0) < 0.2:
        yield (
            "constant target",
            f"the target network gives every picture nearly the same vector (normalised std {q['target_std']:.3f}; "
            "healthy 0.6 to 1), so the loss falls to 0 and nothing is learnt. Usual causes: no predictor behind the "
            "online projection, a gradient through the target, no BatchNorm in the heads, or optim.lr too high",
        )


def _margin(q: Mapping[str, float], size: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    """What the hardest negatives do to a network that is still random."""
    if q.get("margin_gap", 1.0) < AT_MARGIN:
        yield (
            "margin",
            "the triplet loss stands at what it is when all vectors are one point (its margin, where it is a hinge): "
            "collapse, as the hardest negatives bring it about in a network that knows nothing yet. Begin with "
            "method.mining=semihard or all_active (a first phase of the recipe), take more classes a batch "
            "(data.order.classes), or lower optim.lr",
        )


def _embeddings(q: Mapping[str, float], size: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    """The towers' own: a point, a few directions, a trunk that hears nothing but the last layer."""
    for name in ("image", "text"):
        if q.get(f"{name}_cosine", 0.0) > 0.995:
            yield (
                f"constant {name}",
                f"all {name} embeddings are nearly the same (mean cosine {q[f'{name}_cosine']:.3f}, normalised std "
                f"{q[f'{name}_std']:.3f}): the {name} tower has collapsed. Lower optim.lr, lengthen schedule.warmup, "
                "or check that the inputs differ",
            )
    b, d = size.get("image", (0, 0))
    if q.get("image_cosine", 1.0) <= 0.995 and q["image_rankme"] < min(5.0, 0.08 * min(b, d)):
        yield (
            "few directions",
            f"the image embeddings fill {q['image_rankme']:.1f} of {min(b, d)} directions (RankMe): dimensional "
            "collapse. Usual causes: augmentations so weak that one feature solves the task (data.views), optim.lr or "
            "weight_decay too high, or a batch too small",
        )
    if q["last_layer"] > 100:
        yield (
            "loud last layer",
            f"the gradient of the last layer is {q['last_layer']:.0f} times that of the trunk, and drowns it. Freeze "
            "it for longer (method.teaching.freeze), or lower optim.lr",
        )


def _note(q: Mapping[str, float]) -> str:
    words = {"image_std": "std", "target_std": "target std", "entropy": "H", "image_rankme": "rank"}
    return "  ".join(f"{word} {q[key]:.2f}" for key, word in words.items() if key in q)
