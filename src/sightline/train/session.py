"""A run between its first and its last step: batches, updates, evaluation, checkpoints, the kept encoder."""

import shutil
import threading
import time
from typing import Any, Literal

import torch
from torch import nn

from sightline import dist
from sightline.data.sample import Source, Stream
from sightline.probes.heldout.prepared import Prepared
from sightline.runtime.description import read_description, run_folder
from sightline.runtime.load import exported
from sightline.text.load import AnyTokenizer
from sightline.towers.spec import reads_words, sees_pictures
from sightline.train import checkpoint
from sightline.train.checks import check_probe
from sightline.train.evaluate.evaluator import Evaluator
from sightline.train.evaluate.losses import HeldOutTerms
from sightline.train.evaluate.score import formatted
from sightline.train.feed import Feed
from sightline.train.folder import RunFolder, write_json
from sightline.train.log import Board, Line, Metrics, tensorboard
from sightline.train.loop import Clock, Learner
from sightline.train.options import Options, Summary
from sightline.train.progress import Progress
from sightline.train.recipe.recipe import Recipe
from sightline.train.signals import signals
from sightline.train.stage import Stage, Stages
from sightline.train.watch.guard import Forgetting, stopped
from sightline.train.watch.monitor import Monitor
from sightline.weights.capabilities import exportable
from sightline.weights.run_folder.joint import dim_of
from sightline.weights.run_folder.run import save


class Session:
    """Drives a run through its phases to the end of its recipe, to a stop signal, or to the end of its patience."""

    def __init__(
        self,
        folder: RunFolder,
        stages: Stages,
        stage: Stage,
        tokenizer: AnyTokenizer | None,
        options: Options,
        reached: Progress,
    ) -> None:
        self.folder, self.stages, self.stage = folder, stages, stage
        self.bad: dict[str, str] = {}
        """samples that could not be read in the phases before this one"""
        self.tokenizer, self.options, self.reached = tokenizer, options, reached
        self.evaluator: Evaluator | None = None
        self.guard: Forgetting | None = None
        self.heldout: tuple[Source, Prepared, Prepared | None] | None = None
        self.lead = dist.rank() == 0
        self.metrics: Metrics | None = None
        self.board: Board | None = None

    @property
    def recipe(self) -> Recipe:
        """Of the present phase, as are `learner` and `feed`."""
        return self.stage.recipe

    @property
    def learner(self) -> Learner:
        return self.stage.learner

    @property
    def feed(self) -> Feed:
        return self.stage.feed

    def prepare_evaluation(self, source: Any, held: Source | None, line: Line) -> None:
        """Decodes the held-out samples once, on the first rank; nothing for a run that is over."""
        if held is None or not self.lead or self.over:
            return
        recipe, can = self.recipe, self.stages.capabilities
        sees = self.feed.sees or "embeds" in can  # a later phase may be the first that looks at pictures
        view, rules = recipe.data.evaluation_view() if sees else None, recipe.evaluation
        prepared = Prepared(held, view, samples=rules.samples, seed=recipe.seed)
        memory, remembered = None, [probe for probe in rules.probes if probe.memory and probe.answered_by(can)]
        if not isinstance(source, Stream) and any(p.memory <= source.has and p.reads <= held.has for p in remembered):
            memory = Prepared(source, view, samples=rules.samples, seed=recipe.seed)
        self.heldout = held, prepared, memory
        self.evaluator = self.evaluator_now()
        for note in self.evaluator.notes:
            line.say(note)
        check_probe(recipe, self.evaluator)

    def prepare_guard(self, source: Any, name: str, line: Line) -> None:
        """Watches, on the first rank, what the run forgets of the encoder called `name`, where the recipe guards it."""
        rules = self.recipe.evaluation.guard
        if rules is None or not self.lead or self.over:
            return
        if not name:
            line.say("nothing is guarded against forgetting: the run begins from no encoder (--init)")
            return
        reads = "reads_text" in self.stages.capabilities
        device, words = self.learner.device, self.tokenizer
        self.guard = Forgetting(rules, name, self.recipe, source, device, tokenizer=words, reads=reads)
        self.guard.begun = self.reached.guard
        for note in self.guard.notes:
            line.say(note)

    def evaluator_now(self) -> Evaluator:
        """The recipe's probes for the method of the present phase, over the samples that were decoded."""
        assert self.heldout is not None
        recipe, (held, prepared, memory) = self.recipe, self.heldout
        learns = len(held) > 0 and any("learns" in probe.needs for probe in recipe.evaluation.probes)
        terms = HeldOutTerms(recipe, held, self.tokenizer, self.method, self.learner.device) if learns else None
        return Evaluator(
            prepared,
            memory,
            view=recipe.data.evaluation_view(),
            tokenizer=self.tokenizer,
            device=self.learner.device,
            precision=recipe.precision,
            probes=recipe.evaluation.probes,
            capabilities=frozenset(self.method.kept().capabilities),
            losses=terms,
        )

    @property
    def method(self) -> Any:
        """The method of the present phase, as it learns."""
        return self.learner.method

    @property
    def over(self) -> bool:
        """Whether the run ended in an earlier call, and was measured as it would be now."""
        return self.reached.over(self.learner.total, self.recipe.evaluation)

    def go(self) -> Summary:
        """Runs on from the step reached. Returns what was done; the folder then holds the encoder, of the step it was
        stopped at where a signal came."""
        began, total, first = time.monotonic(), self.stages.total, self.reached.step
        already = self.over
        self.line = Line(total, start=first, quiet=self.options.quiet or not self.lead)
        if self.lead:
            again = first >= total and not already
            self.metrics = Metrics(self.folder.metrics, after=first, again=again)
            self.board = tensorboard(self.folder.path / "tensorboard") if self.options.tensorboard else None
        try:
            with signals() as stop:
                step, finished = (first, True) if already else self.steps(first, stop)
            if finished:
                self.keep()
            bad = dist.merged(self.bad | self.feed.bad)
            self.report(step, finished, bad)
        finally:
            self.line.close()
            for sink in (self.metrics, self.board):
                if sink is not None:
                    sink.close()
        seconds = time.monotonic() - began
        rate = (step - first) * self.recipe.batch / max(seconds, 1e-9)
        return Summary(
            self.folder.path,
            step,
            seconds,
            rate,
            self.reached.scores,
            finished=finished,
            already=already,
            lead=self.lead,
            bad=bad,
        )

    def steps(self, step: int, stop: threading.Event) -> tuple[int, bool]:
        """Returns the step reached, and whether the run is finished (not stopped by a signal)."""
        if step == 0 and dist.any_true(self.guard is not None):
            self.evaluate(step)
            if self.guard is not None:
                self.line.say(self.guard.said())
        step, ended = self.phase(step, stop)
        while ended == "done" and step < self.stages.total:
            self.change()
            step, ended = self.phase(step, stop)
        if ended == "signal":
            return step, False
        if not (self.reached.step == step and self.reached.measured(self.recipe.evaluation)):
            self.evaluate(step)
        self.save(step, finished=True)
        return step, True

    def phase(self, step: int, stop: threading.Event) -> tuple[int, Literal["done", "patience", "signal"]]:
        """The rest of the present phase, saved at its end. Returns the step reached, and what ended it."""
        rules, learner, total, reached = self.recipe.evaluation, self.learner, self.stages.total, self.reached
        monitor = Monitor(self.recipe.batch, numbers=getattr(learner.method, "numbers", "method"))
        clock, saved = Clock(), time.monotonic()
        for batch in self.feed.batches(step, self.stage.end):
            row = self.one(step, batch, clock)
            if step == 0:
                self.line.say(monitor.begins(row))
            for message in monitor.observe(step, row, learner.watched(), last=step + 1 == total):
                self.line.say(message)
            watch = {f"watch_{name}": value for name, value in monitor.quantities.items()}
            if watch or step % self.options.log_every == 0 or step + 1 == total:
                self.log(step, row | watch, clock.shares(), monitor.note)
            step += 1
            self.line.update(step)
            if rules.every and step % rules.every == 0 and step < total:
                self.evaluate(step)
                if dist.any_true(bool(reached.forgot)):
                    return step, "patience"
                if dist.any_true(self.lead and reached.patience_over(rules)):
                    self.line.say(
                        f"stopped early at step {step}: {rules.metric} has not "
                        f"{'fallen' if rules.lower else 'risen'} for {rules.patience} rounds. To go on, "
                        "give the same command with a larger evaluation.patience, or 0"
                    )
                    return step, "patience"
            due = step == self.stage.end or time.monotonic() - saved >= self.options.save_every
            asked = dist.any_true(stop.is_set())
            if dist.any_true(due or asked) and step < total:
                self.save(step, stopping=asked)
                saved = time.monotonic()
                if asked:
                    return step, "signal"
        return step, "done"

    def change(self) -> None:
        """From a phase that was just saved to the next, which takes over what it can of that checkpoint."""
        number = self.stage.number + 1
        self.bad |= self.feed.bad
        del self.stage  # two phases' weights and moments need not fit beside each other
        self.stage = self.stages.make(number, checkpoint.load(self.folder.last))
        fresh = self.stage.fresh
        new = f"new are {len(fresh)} tensors: {', '.join(fresh[:3])}{' ...' if len(fresh) > 3 else ''}"
        for note in self.feed.loader.notes:
            self.line.say(note)
        self.line.say(f"{self.stage.name} begins at step {self.stage.first}; {new if fresh else 'no tensor is new'}")
        if self.evaluator is not None:
            self.evaluator = self.evaluator_now()
            for note in self.evaluator.notes:
                self.line.say(note)

    def one(self, step: int, batch: Any, clock: Clock) -> dict[str, float]:
        """One step, its phases on the clock."""
        device = self.learner.device
        start = time.monotonic()
        batch = self.feed.augment(batch, step, device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        middle = time.monotonic()
        row = self.learner.step(step, batch)
        clock.add(wait=self.feed.waited, augment=middle - start, compute=time.monotonic() - middle)
        clock.images += self.recipe.batch
        return row

    def log(self, step: int, row: dict[str, float], shares: dict[str, float], note: str) -> None:
        if self.metrics is not None:
            phase = {"phase": self.stage.number} if self.stage.count > 1 else {}
            self.metrics.write({"step": step} | phase | row | shares)
        if self.board is not None:
            for name, value in (row | shares).items():
                self.board.add_scalar(name, value, step)
        name = f"{self.stage.name}  " if self.stage.name else ""
        self.line.note = name + (
            f"loss {row['loss']:.3f}  {shares['images_per_second']:.0f} images/s  "
            f"wait {shares['wait']:.0%}  augment {shares['augment']:.0%}  compute {shares['compute']:.0%}  {note}"
        )

    def evaluate(self, step: int) -> None:
        """Measures after `step` steps, on the first rank, and keeps the best."""
        rules, reached = self.recipe.evaluation, self.reached
        reached.step = step
        model = self.module()
        if self.evaluator is None and self.guard is None:
            reached.note({}, rules)
        else:
            scores = {} if self.evaluator is None else self.evaluator(model)
            if self.guard is not None:
                found, reached.forgot = self.guard.look(model)
                scores, reached.guard = scores | found, self.guard.begun
            if self.metrics is not None:
                self.metrics.write({"step": step, "evaluation": scores})
            if self.board is not None:
                for name, score in scores.items():
                    self.board.add_scalar(f"evaluation/{name}", score, step)
            nothing = "nothing is measured" if self.evaluator is None else self.evaluator.nothing
            self.line.say(f"step {step}: {formatted(scores) or nothing}")
            unscored = self.guard is not None and rules.metric not in scores and not reached.forgot
            if reached.note(scores, rules) or unscored:
                self.write_encoder(self.folder.best, model)
                write_json(self.folder.best / "best.json", reached.best or {"step": step})
            if reached.forgot:
                self.line.say(stopped(step, reached.forgot, self.folder.best / "best.json", self.recipe.optim.lr))

    def save(self, step: int, *, finished: bool = False, stopping: bool = False) -> None:
        """The checkpoint: gathered by all ranks, written by the first. Until the run is finished the encoder of that
        step lies beside it, so that a run which is stopped or killed can be used; of sharded weights, which would be
        gathered once more, only where it is asked to stop."""
        state = self.learner.state()
        self.reached.step, self.reached.phase = step, self.stage.number
        module = self.module() if stopping or not (finished or self.learner.sharded) else None
        if self.lead:
            checkpoint.save(self.folder.last, state | self.reached.state(finished))
            if module is not None:
                self.write_encoder(self.folder.unfinished, module, step)
        dist.barrier()

    def keep(self) -> None:
        """The encoder at the top of the folder: the last weights, or the best ones where the recipe says so."""
        module = self.module()
        if self.lead:
            best = self.recipe.evaluation.keep == "best" and self.reached.best
            if best or self.reached.forgot:
                for name in ("tokenizer.json", "model.safetensors", "encoder.json"):
                    if (self.folder.best / name).exists():
                        checkpoint.copy_whole(self.folder.best / name, self.folder.path / name)
            else:
                self.write_encoder(self.folder.path, module)
            shutil.rmtree(self.folder.unfinished, ignore_errors=True)
            self.export()
        dist.barrier()

    def export(self) -> None:
        """`onnx/` of the weights just kept, where it is wanted; a tower that cannot be exported is left without it."""
        where = self.folder.path
        if exported(where):
            return
        # of other weights, and as large as they are
        shutil.rmtree(where / "onnx", ignore_errors=True)
        if not self.options.export or not exportable(read_description(where)["capabilities"]):
            return
        try:
            # the exporter's own packages take seconds to import
            from sightline.weights.onnx.export import export_onnx

            export_onnx(where)
        except (ValueError, OSError, ImportError) as error:
            self.line.say(
                f"not exported to ONNX ({error}), so that search needs torch; to try again: "
                f"sightline convert {where} {where} --to onnx"
            )

    def module(self) -> nn.Module:
        """The method to evaluate and save; a whole copy of it where it is sharded (a collective)."""
        kept = self.learner.kept()
        if not self.learner.sharded:
            return kept
        weights = checkpoint.gather_weights(kept)
        whole = self.recipe.build(self.recipe)
        if self.lead:
            checkpoint.load_weights(whole, weights)
        return whole.to(self.learner.device)

    def write_encoder(self, folder: Any, module: Any, unfinished: int | None = None) -> None:
        marked = {} if unfinished is None else {"unfinished": {"step": unfinished, "of": self.learner.total}}
        kept = module.kept()
        specs = {name: spec for name, spec in self.recipe.parts.items() if name in kept.parts}
        save(
            folder,
            kept,
            specs=specs,
            preprocess=self.recipe.data.evaluation_view() if any(map(sees_pictures, specs.values())) else None,
            tokenizer=self.tokenizer if any(map(reads_words, specs.values())) else None,
            dim=dim_of(kept),
            extra={"recipe": self.recipe.name} | marked,
        )

    def report(self, step: int, finished: bool, bad: dict[str, str]) -> None:
        if bad:
            named = "; ".join(f"{key}: {reason}" for key, reason in list(bad.items())[:5])
            self.line.say(f"{len(bad)} samples could not be read and were left out: {named}")
        if not finished:
            held = {self.folder.best: "the best encoder so far", self.folder.unfinished: "the encoder of that step"}
            given = held.get(run_folder(self.folder.path), "the encoder it kept before") if self.lead else ""
            self.line.say(
                f"stopped at step {step} of {self.learner.total}; the same command goes on from there. Until then "
                f"{self.folder.path} gives {given}"
            )
