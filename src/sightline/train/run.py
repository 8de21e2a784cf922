"""One run from a recipe to a folder that `sightline.load` reads: data, tokenizer, loop, checkpoints, evaluation."""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import ceil
from pathlib import Path
from shlex import quote
from typing import Any

import torch

from sightline import dist
from sightline.data.atomic import atomic_write
from sightline.data.batch import check_known, missing
from sightline.data.feed.order import Window
from sightline.data.sample import Source, Stream
from sightline.data.sources.source import hold_out, open_source
from sightline.nn.conv.resnet import Basic, Bottleneck
from sightline.nn.conv.sync_norm import across_ranks
from sightline.nn.state.ema import EMA
from sightline.nn.tag import decayed
from sightline.nn.transformer import Block
from sightline.text.load import AnyTokenizer, load_tokenizer
from sightline.train import budget, captions, checkpoint
from sightline.train.checks import check_count, check_method, check_metric, check_pictures
from sightline.train.feed import Feed
from sightline.train.folder import RunFolder, plain, versions
from sightline.train.log import Line
from sightline.train.loop import Learner
from sightline.train.optim.gradcache import check_gradcache
from sightline.train.options import Options, Summary
from sightline.train.parallel import processes, shard
from sightline.train.progress import Progress, progress_of
from sightline.train.recipe.init import Lock, Start, begin
from sightline.train.recipe.precision import settled
from sightline.train.recipe.recipe import Recipe, fitted
from sightline.train.session import Session
from sightline.train.vocabulary import tokenizer_of

AS_USUAL = Options()


def fit(
    recipe: Recipe,
    *,
    out: str | Path,
    data: str | Source | None = None,
    evaluation: str | Source | None = None,
    overrides: Sequence[str] = (),
    init: str | Path | None = None,
    lock: Lock = "none",
    options: Options = AS_USUAL,
) -> Summary:
    """Trains `recipe` into the folder `out`, or goes on where an earlier call with the same settings stopped.

    `data` and `evaluation` are SRC texts or open sources; without `evaluation` 5 % of the data is held out. `init` is
    an encoder that the run starts from (`train/recipe/init.py`), `lock` the towers of it that are not trained.
    Raises ValueError where the data lacks what the method needs, the folder holds another run, or a setting does not
    fit; NonFinite where the loss stops being a number; OSError where the disk is full (nothing older is lost).
    """
    with processes(options.device) as device, _one_writer(RunFolder(out), options) as folder:
        line = Line(0, quiet=options.quiet or dist.rank() > 0)
        source, held = _sources(recipe, data, evaluation, line)
        recipe = settled(recipe, device, folder)
        start = begin(recipe, init, lock, folder, overrides)
        recipe = recipe if start is None else start.recipe
        config = _config(recipe, source, held, overrides) | ({} if start is None else {"init": start.record})
        folder.check_same(config)
        check_count(recipe, source, dist.world())
        check_metric(recipe, source, held)
        check_pictures(recipe, source)
        words = _words(recipe, source, folder)
        tokenizer = _tokenizer(recipe, source, folder, start, line, writes=dist.rank() == 0 or options.dry_run)
        recipe = fitted(recipe, tokenizer) if start is None else start.fitted(tokenizer)
        recipe = replace(recipe, samples=_length(source))
        learner = _learner(recipe, source, device, options, start)
        feed = Feed(recipe, source, tokenizer, learner.method, options)
        for note in feed.loader.notes:
            line.say(note)
        _say_reach(recipe, learner.total, line)
        if words is not None:
            method: Any = learner.method
            sigmoid = "bias" in dict(method.encoder().named_parameters())
            for note in captions.notes(recipe, source, words, sigmoid=sigmoid, world=dist.world()):
                line.say(note)
        try:
            if options.dry_run:
                return _dry_run(learner, feed, Path(out), line)
            reached = _resume(folder, learner)
            session = Session(recipe, folder, learner, feed, tokenizer, options, reached)
            if session.over:
                line.say(_finished(recipe, folder, reached))
            elif reached.step:
                line.say(f"going on from step {reached.step} of {learner.total}")
            if dist.rank() == 0:
                folder.write_config(config)
            session.prepare_evaluation(source, held, line)
            return session.go()
        finally:
            feed.close()


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
        "samples": _length(source),
        "fingerprint": getattr(source, "fingerprint", ""),
        "evaluation": held.name if held is not None else None,
    }
    resolved = json.loads(json.dumps(plain(recipe)))
    del resolved["samples"]  # filled in later, and said under `data`
    return {"format": 2, "recipe": resolved, "overrides": list(overrides), "data": data, "versions": versions()}


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
    reason = captions.refused(recipe, source, words) if words is not None else ""
    if dist.any_true(bool(reason)):
        raise ValueError(reason or "the first process found no captions to learn from")
    return words


def _length(source: Any) -> int:
    return len(source) if hasattr(source, "__len__") else 0


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


def _learner(recipe: Recipe, source: Any, device: torch.device, options: Options, start: Start | None) -> Learner:
    torch.manual_seed(recipe.seed)
    method: Any = recipe.build(recipe)
    if start is not None:
        start.fill(method)
    method = across_ranks(method.to(device), device)
    check_known(method.needs | method.uses, recipe.name)
    if lacking := missing(method.needs, source.has):
        raise ValueError(
            f"{recipe.name} needs {', '.join(lacking)} of every sample, and {source.name} has only "
            f"{', '.join(sorted(source.has))}"
        )
    check_method(recipe, method, dist.world())
    if recipe.micro:
        check_gradcache(method.train(), recipe.name)
    ema = EMA(method, recipe.ema) if recipe.ema else None
    if options.compile:
        for module in method.modules():
            if isinstance(module, Block | Basic | Bottleneck):
                module.compile()
    names = decayed(method)
    if options.shard:
        shard(method)
        if ema is not None:
            shard(ema.average)
    total = recipe.total(_length(source))
    return Learner(recipe, method.train(), ema, device, total=total, decayed=names, sharded=options.shard)


def _resume(folder: RunFolder, learner: Learner) -> Progress:
    """What the run has reached: nothing where it is new."""
    if not folder.last.exists():
        return Progress()
    state = checkpoint.load(folder.last)
    learner.load_state(state)
    return progress_of(state, folder.metric())


def _finished(recipe: Recipe, folder: RunFolder, reached: Progress) -> str:
    """How to train on what is finished: its schedule has ended, so it is a new run that begins with its weights."""
    return (
        f"{folder.path} is finished, at step {reached.step}: nothing is left to do. To train on from its encoder: "
        f"sightline train {recipe.name} --init {quote(str(folder.path))} --out {quote(f'{folder.path}-2')} "
        f"steps={recipe.steps or reached.step} optim.lr={recipe.optim.lr / 10:g}"
    )


def _dry_run(learner: Learner, feed: Feed, out: Path, line: Line) -> Summary:
    batches = feed.batches(0, 5)

    def one(step: int) -> float:
        batch = feed.augment(next(batches), step, learner.device)
        began = time.monotonic()
        learner.step(step, batch)
        return time.monotonic() - began

    found = budget.measure(learner.method, learner.recipe, one, total=learner.total, device=learner.device.type)
    for text in found.lines():
        line.say(text)
    return Summary(out, 0, 0.0, 0.0, finished=False, budget=found)
