"""What a run tells: `metrics.jsonl`, one progress line, and TensorBoard on request."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from sightline.data.terminal import printable, raw


class Metrics:
    """`metrics.jsonl`: one JSON object a line, `step` first. Cut at the checkpoint's step when a run is resumed.

    A line of training says what step number `step` did, an evaluation what was measured after `step` steps: that of
    the checkpoint's own step is behind it.
    """

    def __init__(self, path: Path, *, after: int, again: bool = False) -> None:
        """Opens `path`, keeping only whole lines of the first `after` steps; not the evaluation after the last of them
        where that is made `again`."""
        if path.exists():
            kept = [line for line in path.read_bytes().splitlines(keepends=True) if _step(line, again) < after]
            temporary = path.with_suffix(".tmp")
            temporary.write_bytes(b"".join(kept))
            os.replace(temporary, path)
        self.file = path.open("a", encoding="utf-8")

    def write(self, row: dict[str, Any]) -> None:
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()

    def close(self) -> None:
        self.file.close()


def _step(line: bytes, again: bool) -> float:
    """The last step that a line tells of; infinity for one that was cut by a crash, so that it is dropped."""
    try:
        row = json.loads(line) if line.endswith(b"\n") else {}
        return row["step"] - (1 if "evaluation" in row and not again else 0)
    except (ValueError, KeyError, TypeError):
        return float("inf")


@runtime_checkable
class Board(Protocol):
    def add_scalar(self, tag: str, scalar_value: float, global_step: int, /) -> Any: ...
    def close(self) -> None: ...


def tensorboard(folder: Path) -> Board:
    """A TensorBoard writer into `folder`; raises ValueError where the package is missing."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ValueError("--tensorboard needs the tensorboard package: pip install 'sightline[tensorboard]'") from error
    return SummaryWriter(str(folder))


class Line:
    """The progress line: a live bar on a terminal, a plain line every few seconds elsewhere, nothing when quiet."""

    def __init__(self, total: int, *, start: int = 0, quiet: bool = False, every: float = 10.0) -> None:
        self.total, self.start, self.every, self.note = total, start, every, ""
        self.console = Console(file=raw(sys.stderr), quiet=quiet, soft_wrap=True)
        self.began = self.spoke = time.monotonic()
        self.bar: Progress | None = None
        if self.console.is_terminal and not quiet and "CI" not in os.environ:
            self.bar = Progress(
                TextColumn("[bold]step {task.completed}/{task.total}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=self.console,
                transient=True,
            )
            self.task = self.bar.add_task("", total=total, completed=start, note="")
            self.bar.start()

    def update(self, done: int) -> None:
        """Shows `done` of the total with the present `note`."""
        if self.bar is not None:
            self.bar.update(self.task, completed=done, note=self.note)
            return
        now = time.monotonic()
        if now - self.spoke >= self.every or done == self.total:
            left = (now - self.began) / max(1, done - self.start) * (self.total - done)
            self.console.print(
                f"step {done}/{self.total}  {self.note}  {_clock(left)} left", markup=False, highlight=False
            )
            self.spoke = now

    def say(self, message: str) -> None:
        self.console.print(printable(message), markup=False, highlight=False)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def filling(*, quiet: bool, every: float = 5.0) -> Callable[[int, int], None] | None:
    """Progress of decoding a set into memory: a line every few seconds, nothing for what takes less."""
    if quiet or os.environ.get("RANK", "0") != "0":
        return None
    console, spoke = Console(file=raw(sys.stderr), soft_wrap=True), [time.monotonic()]

    def tell(done: int, total: int) -> None:
        if time.monotonic() - spoke[0] >= every:
            spoke[0] = time.monotonic()
            console.print(f"decoding into memory: {done} of {total} pictures", highlight=False)

    return tell
