"""A run between its first and its last step: batches, updates, evaluation, checkpoints, the kept encoder."""

import shutil
import threading
import time
from typing import Any

import torch
from torch import nn

from sightline import dist
from sightline.data.sample import Source, Stream
from sightline.runtime.load import exported
from sightline.text.load import AnyTokenizer
from sightline.train import checkpoint
from sightline.train.checks import check_labelled
from sightline.train.evaluate import Evaluator, Prepared
from sightline.train.feed import Feed
from sightline.train.folder import RunFolder
from sightline.train.log import Board, Line, Metrics, tensorboard
from sightline.train.loop import Clock, Learner
from sightline.train.monitor import Monitor
from sightline.train.options import Options, Summary
from sightline.train.recipe import Recipe
from sightline.train.signals import signals
from sightline.weights.run import save_encoder


class Session:
    """Drives one learner to the end of its recipe, to a stop signal, or to the end of its patience."""

    def __init__(
        self,
        recipe: Recipe,
        folder: RunFolder,
        learner: Learner,
        feed: Feed,
        tokenizer: AnyTokenizer | None,
        options: Options,
        best: dict[str, float],
    ) -> None:
        self.recipe, self.folder, self.learner, self.feed = recipe, folder, learner, feed
        self.tokenizer, self.options, self.best = tokenizer, options, best
        self.evaluator: Evaluator | None = None
        self.scores: dict[str, float] = {}
        self.lead = dist.rank() == 0
        self.metrics: Metrics | None = None
        self.board: Board | None = None

    def prepare_evaluation(self, source: Any, held: Source | None) -> None:
        """Decodes the held-out samples once, on the first rank."""
        if held is None or not self.lead:
            return
        view, samples = self.recipe.data.evaluation_view(), self.recipe.evaluation.samples
        prepared = Prepared(held, view, samples=samples, seed=self.recipe.seed)
        memory = None
        if "label" in held.has and not isinstance(source, Stream):
            memory = Prepared(source, view, samples=samples, seed=self.recipe.seed)
        for part, name in ((prepared, held.name), (memory, source.name)):
            if part is not None:
                check_labelled(self.recipe.evaluation.metric, name, part.labelled, len(part))
        self.evaluator = Evaluator(
            prepared,
            memory,
            view=view,
            tokenizer=self.tokenizer,
            dim=self.dim(self.learner.method),
            device=self.learner.device,
            precision=self.recipe.precision,
        )

    def go(self, first: int) -> Summary:
        """Runs from step `first`. Returns what was done; the folder then holds the encoder, unless a signal came."""
        began, total = time.monotonic(), self.learner.total
        self.line = Line(total, start=first, quiet=self.options.quiet or not self.lead)
        if self.lead:
            self.metrics = Metrics(self.folder.metrics, after=first)
            self.board = tensorboard(self.folder.path / "tensorboard") if self.options.tensorboard else None
        try:
            with signals() as stop:
                step, finished = self.steps(first, stop)
            if finished:
                self.keep()
            bad = dist.merged(self.feed.bad)
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
            self.scores,
            finished=finished,
            lead=self.lead,
            bad=bad,
        )

    def steps(self, step: int, stop: threading.Event) -> tuple[int, bool]:
        """Returns the step reached, and whether the run is finished (not stopped by a signal)."""
        rules, learner, total = self.recipe.evaluation, self.learner, self.learner.total
        monitor = Monitor(self.recipe.batch, numbers=getattr(learner.method, "numbers", "method"))
        clock, saved = Clock(), time.monotonic()
        for batch in self.feed.batches(step, total):
            row = self.one(step, batch, clock)
            for message in monitor.observe(step, row, learner.watched(), last=step + 1 == total):
                self.line.say(message)
            watch = {f"watch_{name}": value for name, value in monitor.quantities.items()}
            if watch or step % self.options.log_every == 0 or step + 1 == total:
                self.log(step, row | watch, clock.shares(), monitor.note)
            step += 1
            self.line.update(step)
            if rules.every and step % rules.every == 0 and step < total and self.evaluate(step):
                self.line.say(f"stopped early at step {step}: {rules.metric} has not risen for {rules.patience} rounds")
                break
            due = time.monotonic() - saved >= self.options.save_every
            asked = dist.any_true(stop.is_set())
            if dist.any_true(due or asked) and step < total:
                self.save(step)
                saved = time.monotonic()
                if asked:
                    return step, False
        self.evaluate(step)
        self.save(step)
        return step, True

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
            self.metrics.write({"step": step} | row | shares)
        if self.board is not None:
            for name, value in (row | shares).items():
                self.board.add_scalar(name, value, step)
        self.line.note = (
            f"loss {row['loss']:.3f}  {shares['images_per_second']:.0f} images/s  "
            f"wait {shares['wait']:.0%}  augment {shares['augment']:.0%}  compute {shares['compute']:.0%}  {note}"
        )

    def evaluate(self, step: int) -> bool:
        """Measures, keeps the best, and says (on every rank alike) whether patience is at its end."""
        rules, over = self.recipe.evaluation, False
        model = self.module()
        if self.evaluator is not None:
            self.scores = self.evaluator(model)
            if self.metrics is not None:
                self.metrics.write({"step": step, "evaluation": self.scores})
            if self.board is not None:
                for name, score in self.scores.items():
                    self.board.add_scalar(f"evaluation/{name}", score, step)
            told = "  ".join(f"{name} {score:.3f}" for name, score in self.scores.items())
            few = f"nothing can be measured on {len(self.evaluator.held)} held-out pictures; give more by --eval SRC"
            self.line.say(f"step {step}: {told or few}")
            value = self.scores.get(rules.metric)
            if value is not None and value > self.best.get("value", float("-inf")):
                self.best = {"value": value, "step": float(step)}
                self.write_encoder(self.folder.best, model)
            rounds = (step - self.best.get("step", float(step))) / max(1, rules.every)
            over = 0 < rules.patience <= rounds
        return dist.any_true(over)

    def save(self, step: int) -> None:
        """The checkpoint: gathered by all ranks, written by the first."""
        state = self.learner.state()
        if self.lead:
            checkpoint.save(self.folder.last, state | {"step": step, "best": self.best})
        dist.barrier()

    def keep(self) -> None:
        """The encoder at the top of the folder: the last weights, or the best ones where the recipe says so."""
        module = self.module()
        if self.lead:
            if self.recipe.evaluation.keep == "best" and self.best:
                for name in ("tokenizer.json", "model.safetensors", "encoder.json"):
                    if (self.folder.best / name).exists():
                        checkpoint.copy_whole(self.folder.best / name, self.folder.path / name)
            else:
                self.write_encoder(self.folder.path, module)
            self.export()
        dist.barrier()

    def export(self) -> None:
        """`onnx/` of the weights just kept, where it is wanted; a tower that cannot be exported is left without it."""
        where = self.folder.path
        if exported(where):
            return
        # of other weights, and as large as they are
        shutil.rmtree(where / "onnx", ignore_errors=True)
        if not self.options.export:
            return
        try:
            # the exporter's own packages take seconds to import
            from sightline.weights.onnx import export_onnx

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
            checkpoint.spread_weights(whole, weights)
        return whole.to(self.learner.device)

    def write_encoder(self, folder: Any, module: Any) -> None:
        save_encoder(
            folder,
            module.encoder(),
            image_spec=self.recipe.image,
            text_spec=self.recipe.text,
            preprocess=self.recipe.data.evaluation_view(),
            tokenizer=self.tokenizer,
            dim=self.dim(module),
            extra={"recipe": self.recipe.name},
        )

    def dim(self, module: Any) -> int:
        """The width of the vectors that are kept: the tower's own where nothing is projected."""
        return getattr(module.encoder(), "dim", self.recipe.dim)

    def report(self, step: int, finished: bool, bad: dict[str, str]) -> None:
        if bad:
            named = "; ".join(f"{key}: {reason}" for key, reason in list(bad.items())[:5])
            self.line.say(f"{len(bad)} samples could not be read and were left out: {named}")
        if not finished:
            self.line.say(f"stopped at step {step} of {self.learner.total}; the same command goes on from there")
