"""A progress bar on a terminal, a line now and then elsewhere, nothing for what is done at once."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sightline.data.progress import lines, rate
from sightline.data.terminal import escaped_output, printable_line, raw


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """Gives a function to call with (done, total); it writes to stderr, so that stdout stays what was asked for."""
    if sys.stderr.isatty():
        yield from _bar(title)
    else:
        yield lines(title)


def _bar(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on a terminal; gives the function to call with (done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()),
        TextColumn("{task.fields[rate]}"),
    )
    # what is printed meanwhile appears above the bar, but only where both share a terminal: rich would send what a file
    # is to have to the terminal too
    console, beside = Console(file=raw(sys.stderr)), sys.stdout.isatty()
    with Progress(*columns, console=console, transient=True, redirect_stdout=beside) as bar, escaped_output():
        task, told = bar.add_task(title, total=None, rate=""), rate()
        yield lambda done, total: bar.update(task, completed=done, total=total, rate=told(done))


def print_bad(bad: dict[str, str], most: int = 10) -> None:
    """Prints the pictures that were skipped (key -> reason) on stderr, at most `most` of them by name."""
    if bad:
        print(f"skipped {len(bad):,} that could not be used:", file=sys.stderr)
    for key, reason in list(bad.items())[:most]:
        print(f"  {printable_line(key)}: {printable_line(reason)}", file=sys.stderr)
    if len(bad) > most:
        print(f"  and {len(bad) - most:,} more", file=sys.stderr)
