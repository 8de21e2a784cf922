"""One run from a recipe to a folder that `sightline.load` reads: data, tokenizer, loop, checkpoints, evaluation."""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from math import ceil
from pathlib import Path
from shlex import quote
from typing import Any

from sightline import dist
from sightline.data.atomic import atomic_write
from sightline.data.feed.order import Window
from sightline.data.sample import Source, Stream
from sightline.data.sources.source import hold_out, open_source
from sightline.text.load import AnyTokenizer, load_tokenizer
from sightline.train import budget, captions, checkpoint, labels, regions
from sightline.train.checks import check_count, check_metric, check_pictures
from sightline.train.folder import RunFolder, plain, versions
from sightline.train.log import Line
from sightline.train.options import Options, Summary
from sightline.train.parallel import processes
from sightline.train.progress import Progress, progress_of
from sightline.train.recipe.given import Init, asked
from sightline.train.recipe.init import Lock, Start, begin
from sightline.train.recipe.phase import in_phase
from sightline.train.recipe.precision import settled
from sightline.train.recipe.recipe import Recipe, length_of
from sightline.train.session import Session
from sightline.train.stage import Stage, Stages
from sightline.train.vocabulary import tokenizer_of

AS_USUAL = Options()


def fit(
    recipe: Recipe,
    *,
    out: str | Path,
    data: str | Source | None = None,
    evaluation: str | Source | None = None,
    overrides: Sequence[str] = (),
    init: Init | None = None,
    lock: Lock = "none",
    options: Options = AS_USUAL,
) -> Summary:
    """Trains `recipe` into the folder `out`, or goes on where an earlier call with the same settings stopped.

    `data` and `evaluation` are SRC texts or open sources; without `evaluation` 5 % of the data is held out. `init` is
    an encoder that the run starts from, or one a tower (`train/recipe/init.py`), `lock` the towers of it that are not
    trained.
    Raises ValueError where the data lacks what the method needs, the folder holds another run, or a setting does not
    fit; NonFinite where the loss stops being a number; OSError where the disk is full (nothing older is lost).
    """
    with processes(options.device) as device, _one_writer(RunFolder(out), options) as folder:
        line = Line(0, quiet=options.quiet or dist.rank() > 0)
        source, held = _sources(recipe, data, evaluation, line)
        recipe = settled(recipe, device, folder)
        start = begin(recipe, init, lock, folder, overrides)
        for note in () if start is None else start.notes:
            line.say(note)
        recipe = recipe if start is None else start.recipe
        config = _config(recipe, source, held, overrides) | ({} if start is None else {"init": start.record})
        folder.check_same(config)
        phases = [in_phase(recipe, number) for number in range(max(1, len(recipe.phases)))]
        for phase in phases:
            check_count(phase, source, dist.world())
        check_metric(recipe, source, held)
        for phase in phases:
            check_pictures(phase, source)
        words = _words(recipe, source, folder)
        tokenizer = _tokenizer(recipe, source, folder, start, line, writes=dist.rank() == 0 or options.dry_run)
        stages = Stages(recipe, source, tokenizer, device, options, start)
        stages.check(held)
        stage, reached = _begun(stages, folder, recipe)
        for note in stage.feed.loader.notes:
            line.say(note)
        _say_reach(stage.recipe, stages.total, line)
        if words is not None:
            _say_words(stage, source, words, tokenizer, line)
        _look_at_regions(stage, source, folder, line)
        _look_at_labels(stage, source, held, line)
        try:
            if options.dry_run:
                return _dry_run(stages, stage, Path(out), line)
            session = Session(folder, stages, stage, tokenizer, options, reached)
            del stage  # the session alone holds what learns, and lets go of it at the end of a phase
            if session.over:
                line.say(_finished(recipe, folder, reached))
            elif reached.step:
                line.say(f"going on from step {reached.step} of {stages.total}")
            if dist.rank() == 0:
                folder.write_config(config)
            session.prepare_evaluation(source, held, line)
            session.prepare_guard(source, _image_of(init), line)
            return session.go()
        finally:
            stages.close()


@contextmanager
def _one_writer(folder: RunFolder, options: Options) -> Iterator[RunFolder]:
    """The run folder, locked by the first rank; a dry run works in a folder that vanishes."""
    if options.dry_run:
        with tempfile.TemporaryDirectory(prefix="sightline-") as scratch:
            yield RunFolder(Path(scratch) / "run")
        return
    if dist.rank() > 0:
        dist.barrier()
        yield folder
        return
    with folder.locked():
        folder.prepare(fresh=options.fresh)
        dist.barrier()
        yield folder


def _begun(stages: Stages, folder: RunFolder, recipe: Recipe) -> tuple[Stage, Progress]:
    """The phase in which the run begins or goes on, and what it has reached: nothing where it is new."""
    if not folder.last.exists():
        return stages.make(0), Progress()
    state = checkpoint.load(folder.last)
    reached = progress_of(state, folder.metric())
    over = reached.over(stages.total, recipe.evaluation)  # perhaps before its last phase
    return stages.make(reached.phase if over else stages.at(reached.step), state), reached


def _say_words(stage: Stage, source: Any, words: captions.Words, tokenizer: AnyTokenizer | None, line: Line) -> None:
    """What a new run's captions give to expect."""
    method: Any = stage.learner.method
    sigmoid = "bias" in method.kept().scalars
    for note in captions.notes(stage.recipe, source, words, sigmoid=sigmoid, world=dist.world()):
        line.say(note)
    for note in captions.cut(stage.recipe, source, words, tokenizer):
        line.say(note)


def _look_at_regions(stage: Stage, source: Any, folder: RunFolder, line: Line) -> None:
    """Refuses a new run, on every rank, whose method learns places that the source does not tell."""
    method: Any = stage.learner.method
    if "regions" not in method.needs:
        return
    found = regions.look(source, stage.recipe.seed) if dist.rank() == 0 and not folder.kept() else regions.Looked()
    reason = regions.why_unlocatable(stage.recipe.name, source.name, found)
    if dist.any_true(bool(reason)):
        raise ValueError(reason or "the first process found no boxes to learn from")
    for note in regions.notes(source.name, found):
        line.say(note)


def _look_at_labels(stage: Stage, source: Any, held: Any, line: Line) -> None:
    """Refuses a run that is to tell classes apart of which there are not two, and says what its labels are like."""
    method: Any = stage.learner.method
    if "classifies" in method.kept().capabilities:
        for note in labels.look(stage.recipe.name, source, held):
            line.say(note)


def _image_of(init: Init | None) -> str:
    """The encoder that gives the image tower; "" for none."""
    names = {} if init is None else asked(init)
    return names.get("image", names.get("", ""))


def _say_reach(recipe: Recipe, total: int, line: Line) -> None:
    """A word where a window ends before it has come to every picture."""
    order, n = recipe.data.order, recipe.samples
    if isinstance(order, Window) and n is not None and (seen := order.reached(n, total * recipe.batch)) < n:
        line.say(
            f"the window (data.order) comes to {seen} of {n} pictures in {total} steps; all of them take "
            f"steps={ceil(n * order.visits / recipe.batch)}, or fewer data.order.visits"
        )


def _sources(recipe: Recipe, data: Any, evaluation: Any, line: Line) -> tuple[Any, Any]:
    """The training source and the held-out one, with a word on how they were split."""
    source = open_source(recipe.data.source if data is None else data) if not hasattr(data, "has") else data
    for note in getattr(source, "notes", ()):
        line.say(f"{source.name}: {note}")
    if evaluation is None and data is None:
        evaluation = recipe.data.held
    if evaluation is not None:
        held = open_source(evaluation) if isinstance(evaluation, str) else evaluation
        for note in getattr(held, "notes", ()):
            line.say(f"{held.name}: {note}")
        return source, held
    if isinstance(source, Stream):
        line.say("no --eval: remote shards cannot be split beforehand, so nothing is measured while training")
        return source, None
    count = len(source)
    if dist.rank() > 0:
        dist.barrier()  # the first rank reads what decides the split, the others find it in the cache
    source, held = hold_out(source)
    if dist.rank() == 0:
        dist.barrier()
    line.say(f"no --eval: {len(held)} of {count} samples are held out for it ({len(held) / count:.1%})")
    return source, held


def _config(recipe: Recipe, source: Any, held: Any, overrides: Sequence[str]) -> dict[str, Any]:
    data = {
        "train": source.name,
        "samples": length_of(source),
        "fingerprint": getattr(source, "fingerprint", ""),
        "evaluation": held.name if held is not None else None,
    }
    resolved = json.loads(json.dumps(plain(recipe)))
    # filled in later, and written beside
    for name in ("samples", "classes", "class_names", "columns"):
        del resolved[name]
    for name in ("phases", "optims"):  # as configs were before there were any
        if not resolved[name]:
            del resolved[name]
    columns = [asdict(column) for column in getattr(source, "columns", ())]
    return {
        "format": 2,
        "recipe": resolved,
        "overrides": list(overrides),
        "data": data,
        "classes": len(getattr(source, "classes", ())),
        **({"columns": columns} if columns else {}),
        "versions": versions(),
    }


def _words(recipe: Recipe, source: Any, folder: RunFolder) -> captions.Words | None:
    """What there is to read, of a run that begins; refused on every rank where nothing can be learnt from it."""
    if not recipe.reads_words:
        return None
    if "text" not in source.has:
        raise ValueError(
            f"{recipe.name} learns from captions, and {source.name} has none. Give each picture a .txt file of the "
            "same name, a caption column, or a telling file name"
        )
    words = captions.words_of(recipe, source) if dist.rank() == 0 and not folder.kept() else None
    reason = captions.why_unlearnable(recipe, source, words) if words is not None else ""
    if dist.any_true(bool(reason)):
        raise ValueError(reason or "the first process found no captions to learn from")
    return words


def _tokenizer(
    recipe: Recipe, source: Any, folder: RunFolder, start: Start | None, line: Line, *, writes: bool
) -> AnyTokenizer | None:
    """The run's own tokenizer, saved with the run by the first rank (`writes`; each has its own scratch in a dry run):
    that of the encoder it starts from, else trained on the captions once."""
    if not recipe.reads_words:
        return None
    if writes and not (folder.tokenizer.exists() and folder.kept()):
        folder.path.mkdir(parents=True, exist_ok=True)
        given = None if start is None else start.tokenizer
        made = tokenizer_of(recipe.data.tokenizer, source, recipe.seed, line.say) if given is None else given
        with atomic_write(folder.tokenizer) as [temporary]:
            made.save(temporary)
    dist.barrier()
    return load_tokenizer(folder.tokenizer)


def _finished(recipe: Recipe, folder: RunFolder, reached: Progress) -> str:
    """How to train on what is finished: its schedule has ended, so it is a new run that begins with its weights."""
    return (
        f"{folder.path} is finished, at step {reached.step}: nothing is left to do. To train on from its encoder: "
        f"sightline train {recipe.name} --init {quote(str(folder.path))} --out {quote(f'{folder.path}-2')} "
        f"steps={recipe.steps or reached.step} optim.lr={recipe.optim.lr / 10:g}"
    )


def _dry_run(stages: Stages, stage: Stage, out: Path, line: Line) -> Summary:
    """Prints what every phase would cost and all of them together; returns that."""
    found = []
    for number, (first, end) in enumerate(stages.spans):
        stage = stage if stage.number == number else stages.make(number)
        found.append(_measured(stage))
        if stage.name:
            line.say(f"{stage.name}, steps {first} to {end - 1}:")
        for text in found[-1].lines():
            line.say(text)
    whole = budget.together(found)
    if len(found) > 1:
        line.say(
            f"all phases      {whole.steps} steps: {whole.hours:.2f} hours, {whole.peak_bytes / 2**30:.2f} GiB at most"
        )
    return Summary(out, 0, 0.0, 0.0, finished=False, budget=whole)


def _measured(stage: Stage) -> budget.Budget:
    learner, feed, first = stage.learner, stage.feed, stage.first
    batches = feed.batches(first, first + 5)

    def one(step: int) -> float:
        batch = feed.augment(next(batches), first + step, learner.device)
        began = time.monotonic()
        learner.step(first + step, batch)
        return time.monotonic() - began

    return budget.measure(learner.method, stage.recipe, one, total=stage.end - first, device=learner.device.type)
