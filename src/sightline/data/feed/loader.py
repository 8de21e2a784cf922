"""Batches of a source by their number: from memory, from disk, or from workers that prefetch the same batches."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from itertools import count, islice
from typing import Any, Literal, cast

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from sightline.data.ahead import map_ahead
from sightline.data.batch import check_known, lacking
from sightline.data.decode.record import Bad, Record, asked, attempt
from sightline.data.feed.by_class import ByClass, laid_on
from sightline.data.feed.caption_choice import Chooser, first
from sightline.data.feed.order import EPOCHS, Order
from sightline.data.feed.plan import Loaded, Mirrored, Plan, Tokenize
from sightline.data.feed.store import Memory, Progress, fits
from sightline.data.feed.things import Things
from sightline.data.sample import Sample, Source, Stream
from sightline.data.views.kinds import SPARE
from sightline.protocols import Batch

NOTHING = Things()
PREFETCH = 4
"""Batches a worker holds ready."""


class Loader:
    """The batches of a run. `batch(step)` is a pure function of (source, seed, step, rank, world) and these arguments.

    source:    a Source, a Mixture, or a Stream (which only `iterate` can read).
    batch:     samples a step over all ranks; this rank gets rows from rank * batch / world. Epoch borders do not show.
    size:      what the pictures are trained at, in pixels; they are stored with a shorter side of 1.3 times that,
    stored:    or of this (`views.stored_side` says what crops need).
    workers:   processes that prefetch; not used for what is in memory. For a stream: threads that decode.
    caption:   which words to take, see `caption_choice`.
    tokenize:  texts -> int64 (b, n); without it the batch has no tokens.
    order:     in epochs; or of one source that is read by index: by a window that slides over it, by classes (PK) or in
               episodes, which look at its labels once, now.
    memory:    "auto" decodes everything once, now, if that takes under a quarter of the free memory.
    terms:     words that several samples share, for the batch keys `terms` and `has_term` (see `plan.term_table`).
    things:    the classes of boxes, for the batch key `box_labels`.
    mirrored:  (step, indices) -> which samples the augmentation will mirror: their words then name the other sides.
    fields:    Batch keys needed (a source that lacks one is refused); mask, depth, boxes,
               keypoints are made only when named.
    progress:  called (done, total) while memory is filled.

    With workers, all of source, caption, tokenize and mirrored are sent to other processes and must be picklable.
    `bad` names the samples that were replaced (key -> reason), `waited` counts the seconds `iterate` kept its caller,
    `notes` say what an order of labels leaves out or repeats.
    """

    def __init__(
        self,
        source: Source | Stream,
        *,
        batch: int,
        seed: int = 0,
        size: int = 64,
        stored: int | None = None,
        workers: int = 0,
        rank: int = 0,
        world: int = 1,
        caption: Chooser = first,
        tokenize: Tokenize | None = None,
        order: Order = EPOCHS,
        memory: Literal["auto", "always", "never"] = "auto",
        terms: Iterable[str] = (),
        things: Things = NOTHING,
        mirrored: Mirrored | None = None,
        fields: Iterable[str] = (),
        progress: Progress | None = None,
    ) -> None:
        if batch < 1 or batch % world or not 0 <= rank < world:
            raise ValueError(f"a batch of {batch} cannot be split evenly over {world} ranks (this is rank {rank})")
        if memory not in ("auto", "always", "never"):
            raise ValueError(f"memory is {memory!r}; it can be auto, always or never")
        fields = frozenset(fields)
        check_known(fields, "the loader")
        if lacks := lacking(fields, source.has):
            raise ValueError(f"{source.name!r} has {', '.join(sorted(source.has))}; needed besides: {', '.join(lacks)}")
        laid = laid_on(order, source, batch, world)
        self.notes: tuple[str, ...] = laid.notes if isinstance(laid, ByClass) else ()
        self._source = source
        self._workers = workers
        self._plan = Plan(
            batch=batch,
            seed=seed,
            rank=rank,
            world=world,
            size=round(SPARE * size) if stored is None else stored,
            fields=fields,
            caption=caption,
            tokenize=tokenize,
            terms=frozenset(terms),
            things=things,
            order=laid,
            mirrored=mirrored,
        )
        self.waited = 0.0
        self.bad: dict[str, str] = {}
        self.memory: Memory | None = None
        if isinstance(source, Source):
            side = self._plan.size
            if memory == "always" or (memory == "auto" and fits(source, side, fields=fields, processes=world)):
                self.memory = Memory(source, side, fields=fields, progress=progress)
                self.bad.update(self.memory.bad)

    def batch(self, step: int) -> Batch:
        """Batch number `step`, made now, in this process. Raises TypeError for a stream, which has no random access."""
        return self._take(self._load(step))

    def iterate(self, start: int, stop: int | None = None) -> Iterator[Batch]:
        """Batches start .. stop in order (without end if `stop` is None), prefetched where there are workers.

        Closing the generator, or any exception in the loop around it, ends the workers.
        """
        steps = count(start) if stop is None else range(start, stop)
        batches = self._sequence(steps, start)
        try:
            while True:
                asked = time.perf_counter()
                loaded = next(batches, None)
                self.waited += time.perf_counter() - asked
                if loaded is None:
                    return
                yield self._take(loaded)
        finally:
            batches.close()

    def close(self) -> None:
        """Let go of what is kept in memory."""
        self.memory = None

    def _sequence(self, steps: Iterable[int], start: int) -> Generator[Loaded]:
        if not isinstance(self._source, Source):
            yield from self._stream(steps, start)
        elif self._workers and self.memory is None:
            yield from _prefetch(_Steps(self._source, self._plan), steps, self._workers)
        else:
            yield from map(self._load, steps)

    def _load(self, step: int) -> Loaded:
        if not isinstance(self._source, Source):
            raise TypeError(f"{self._source.name!r} is a stream, read in order: use iterate(start)")
        return _Steps(self._source, self._plan, self.memory)[step]

    def _stream(self, steps: Iterable[int], start: int) -> Iterator[Loaded]:
        stream, plan = cast(Stream, self._source), self._plan
        share = plan.batch // plan.world
        drawn = map_ahead(partial(_decode, plan=plan), plan.slices(stream, start), max(1, self._workers), 2 * share)
        for step in steps:
            yield _tensors(plan.patch(stream.name, list(islice(drawn, share)), step))

    def _take(self, loaded: Loaded) -> Batch:
        batch, bad = loaded
        self.bad.update(bad)
        return cast(Batch, batch)


class _Steps(Dataset[Loaded]):
    """A map from step to batch, which is all a worker needs to know."""

    def __init__(self, source: Source, plan: Plan, memory: Memory | None = None) -> None:
        self.source, self.plan, self.memory = source, plan, memory

    def __getitem__(self, step: int) -> Loaded:
        # tensors travel from a worker in shared memory, arrays would be copied through a pipe
        return _tensors(self.plan.load(self.source, self.memory.__getitem__ if self.memory else self._read, step))

    def _read(self, index: int) -> Record | Bad:
        size, fields = self.plan.size, self.plan.fields
        return attempt(asked(self.source, index, size, fields), size, fields)


def _prefetch(steps: _Steps, numbers: Iterable[int], workers: int) -> Generator[Loaded]:
    """Batches in order, made by processes that start clean: forking one that runs threads can lock it up."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([__name__])  # torch is imported once, not by every worker
    batches = iter(
        DataLoader(
            steps,
            batch_size=None,
            sampler=numbers,
            num_workers=workers,
            prefetch_factor=PREFETCH,
            worker_init_fn=_begin_worker,
            multiprocessing_context=context,
            collate_fn=_same,
        )
    )
    try:
        yield from batches
    finally:
        del batches  # its finaliser stops and joins the workers


def _begin_worker(worker: int) -> None:
    # Ctrl-C reaches every process of a terminal; the parent alone decides, and stops its workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # torch's own watch looks at the fork server, which waits for its children: a killed run would leave them behind
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _same(loaded: Any) -> Any:
    return loaded


def _decode(drawn: tuple[int, Sample], plan: Plan) -> tuple[int, Record | Bad]:
    place, sample = drawn
    return place, attempt(sample, plan.size, plan.fields)


def _tensors(loaded: Loaded) -> Loaded:
    made, bad = loaded
    return {name: _tensor(value) for name, value in made.items()}, bad


def _tensor(value: Any) -> Any:
    match value:
        case np.ndarray():
            return torch.from_numpy(value)
        case [np.ndarray(), *_]:
            return [torch.from_numpy(array) for array in value]
        case _:
            return value
