"""What cannot work, refused before the first step, with the reason and the nearest setting that does.

Each function raises ValueError, or returns nothing. What only a method knows (more prototypes than a batch can balance)
is in the method's own `check(batch)`, called here where there is one.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from torch import nn

from sightline.data.sample import Stream
from sightline.data.views.kinds import View, as_views, check_view_sizes, smallest_side
from sightline.nn.conv.sync_norm import BATCHNORM
from sightline.protocols import Contrastive
from sightline.train.evaluate.evaluator import Evaluator
from sightline.train.recipe.evaluation import METRIC, Evaluation
from sightline.train.recipe.recipe import Recipe, counted, fitted

SAID = {"label": "labels", "text": "captions", "mask": "masks"}
"""what a sample carries, of many samples"""
GIVEN = {
    "label": "labels (a folder of pictures for each class, a label column, .cls in tars)",
    "text": "captions (a .txt file beside each picture, a caption column, .txt in tars)",
    "translation": "the captions in another language (a column translation, grammars)",
    "values": "numbers (--data 'table.csv?values=COLUMN,COLUMN')",
    "depth": "depth (a column depth)",
    "domain": "pictures of the other domain beside them ('domains(SRC, SRC)', the second without labels)",
    "alt": "alt text beside the captions (a column alt, .alt.txt in tars, 'scenes?alt=0.3')",
}
"""and how they are given"""
NEAREST = {
    "boxes": "boxes are found by the words of captions with --data 'regions(SRC, ENCODER)'; captions alone teach "
    "cappa, and with two towers clip and siglip",
    "translation": "captions alone teach mlm",
    "alt": "silc learns from one text a picture",
}
"""what a recipe would learn from instead, where a sample does not carry it"""


def check_count(recipe: Recipe, source: Any, world: int) -> None:
    """One picture; a batch that the ranks cannot share, or in which a picture would stand twice.

    Captions make equal pictures harmless (`method.positives=caption`); methods of pictures alone take a second copy
    for another picture.
    """
    if recipe.batch % world:
        raise ValueError(f"batch {recipe.batch} cannot be shared by {world} processes; make it a multiple of {world}")
    if isinstance(source, Stream):
        return
    count = len(source)
    if count < 2:
        raise ValueError(
            f"{source.name} has {count} samples to train on; a run needs at least two, in one --data SRC, beside those "
            "held out (three in all, or two with --eval SRC)"
        )
    if not recipe.reads_words and recipe.batch > count:
        fits = max(world, count - count % world)
        raise ValueError(
            f"{recipe.name}: batch={recipe.batch} is more than the {count} pictures to train on, and no picture "
            f"comes twice into one. Set batch={fits} or less, or give more pictures"
        )


def check_pictures(recipe: Recipe, source: Any) -> None:
    """Pictures much smaller than a view of a method that learns from views alone."""
    if recipe.reads_words:
        return
    known = cache(lambda: counted(recipe, source))  # some heads read all of the source for this

    def fits(size: int) -> bool:
        """Whether tower and method can be made for pictures of another size, and cut every view into patches."""
        other = fitted(replace(known(), data=replace(recipe.data, size=size)), None)
        try:
            check_patches(other, as_views(other.data.views(size), size))
            other.build(other)
        except ValueError:
            return False
        return True

    check_view_sizes(recipe.data.views, recipe.data.size, smallest_side(source), fits)


def check_patches(recipe: Recipe, views: Sequence[View]) -> None:
    """A view whose side is no multiple of the tower's patch."""
    patch = getattr(recipe.parts.get("image"), "patch", None)
    if uneven := [view.size for view in views if patch is not None and view.size % patch]:
        raise ValueError(
            f"{recipe.name}: a view of {uneven[0]} px does not divide into patches of {patch}; change data.size or the "
            f"views' own sizes (data.views) to multiples, or image.patch"
        )


def check_metric(recipe: Recipe, source: Any, held: Any) -> None:
    """A metric that no probe of the recipe offers, or that nothing here can measure: samples without what its probe
    reads, words without a text tower. The usual metric passes where it decides nothing: no one may have chosen it."""
    rules, probe = recipe.evaluation, recipe.evaluation.deciding
    if probe is None:
        known = ", ".join(rules.metrics)
        raise ValueError(f"{recipe.name}: evaluation.metric is {rules.metric!r}; expected one of {known}")
    if held is None:
        return
    if rules.decides and "reads_text" in probe.needs and "text" not in recipe.parts:
        raise ValueError(
            f"{recipe.name} has no text tower, so {rules.metric} cannot decide what is kept or when to stop: set "
            "evaluation.metric=knn where the pictures have labels, else evaluation.metric=rankme"
        )
    if not (rules.decides or rules.metric != METRIC):
        return
    for which, part, read in (("the training data", source, probe.memory), ("the evaluation data", held, probe.reads)):
        for key in sorted(read - part.has):
            raise ValueError(_unmeasured(rules, f"{which}, {part.name}, has no {SAID.get(key, key)}", key))
    if probe.memory and isinstance(source, Stream):
        raise ValueError(_unmeasured(rules, f"the remote shards of {source.name} cannot be read out of order", "label"))


def check_probe(recipe: Recipe, evaluator: Evaluator) -> None:
    """A probe that decides and that what the method keeps cannot be asked, or between whose samples nothing can be
    asked. Samples without a label are left out of kNN."""
    rules, probe = recipe.evaluation, recipe.evaluation.deciding
    if probe is None or not (rules.decides or rules.metric != METRIC):
        return
    if rules.decides and probe not in evaluator.probes:
        lacking = ", ".join(sorted(probe.needs - evaluator.capabilities)).replace("_", " ")
        others = ", ".join(sorted((metric for p in evaluator.probes for metric in p.metrics), key=len))
        raise ValueError(
            f"{recipe.name}: {rules.metric} cannot decide what is kept or when to stop, for it is asked of "
            f"{f'what {lacking}, which this method does not' if lacking else 'other methods'}. Set evaluation.metric "
            f"to {f'one of {others}' if others else 'that of another probe (evaluation.probes)'}"
        )
    if probe in evaluator.probes and (reason := probe.reason(evaluator.held, evaluator.memory)):
        raise ValueError(_unmeasured(rules, reason, *sorted(probe.reads)[:1]))


def _unmeasured(rules: Evaluation, reason: str, key: str = "") -> str:
    """That `metric` cannot be measured for a `reason`, what else can, and how `key` is given to the samples."""
    assert rules.deciding is not None
    others = [probe for probe in rules.probes if probe != rules.deciding]
    free = [metric for probe in others if not probe.reads | probe.memory for metric in probe.metrics]
    other = f"Set evaluation.metric={free[-1]}, which needs none" if free else "Set another evaluation.metric"
    give = f", or give {GIVEN.get(key, SAID.get(key, key))}" if key else ""
    return f"evaluation.metric={rules.metric} {rules.deciding.asks}, and {reason}. {other}{give}"


def check_method(recipe: Recipe, method: nn.Module, world: int) -> None:
    """A batch of one where pictures of a batch are compared or normalised together, a batch in parts where its loss is
    of the whole; then the method's own check, of the fewest pictures that any part of a step has, over all devices."""
    share = recipe.batch // world
    parted = 0 < recipe.micro < share and not isinstance(method, Contrastive)  # GradCache compares the whole batch
    if recipe.batch < 2 and (reason := _needs_company(method)):  # of all processes: what is compared is everyone's
        raise ValueError(
            f"{recipe.name}: batch={recipe.batch} leaves one picture at a time, and {reason}. Set batch=2 or more "
            "(64 is a good start)"
        )
    if parted and (reason := _whole(method)):
        raise ValueError(
            f"{recipe.name}: micro={recipe.micro} learns from a batch in parts, and {reason}. Set micro=0, with a "
            "smaller batch where memory is short"
        )
    own = getattr(method, "check", None)
    if own is None:
        return
    own(recipe.batch)
    if parted:
        last = share % recipe.micro or recipe.micro
        try:
            own(last * world)
        except ValueError as error:
            raise ValueError(
                f"{recipe.name}: micro={recipe.micro} leaves {last} of {share} pictures for the last part of a batch. "
                f"Set micro=0, or batch to a multiple of micro={max(2, recipe.micro)} for each process. ({error})"
            ) from error


def _whole(method: nn.Module) -> str:
    """Why the loss of a batch is not the mean of its parts' losses; "" where it is."""
    for path, module in method.named_modules():
        if isinstance(module, BATCHNORM) and module.training:
            return f"{path} is a BatchNorm, whose statistics would be those of a part"
    return getattr(method, "needs_whole_batch", "")


def _needs_company(method: nn.Module) -> str:
    for path, module in method.named_modules():
        if isinstance(module, BATCHNORM) and module.training:
            return f"{path} is a BatchNorm, which has no variance over one"
    return "its loss tells a picture from the others of its batch" if isinstance(method, Contrastive) else ""
