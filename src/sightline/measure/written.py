"""A report made, written and shown: what `sightline measure` and `sightline demo` do with one."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sightline.data.atomic import atomic_write
from sightline.measure.exhibit.collected import Exhibits
from sightline.measure.face import measure
from sightline.measure.graphics.gallery import gallery
from sightline.measure.page.shell import write_page
from sightline.measure.report.beside import beside as placed
from sightline.measure.report.beside import both_quick, read
from sightline.measure.report.json_form import as_json
from sightline.measure.report.page import page
from sightline.measure.report.terminal import show
from sightline.measure.report.versions import versions
from sightline.measure.similarity.learnt import learnt


def written(
    encoders: Sequence[Any],
    *,
    out: Path | None = None,
    json_file: Path | None = None,
    beside: Sequence[Path] = (),
    seed: int = 0,
    bad: Callable[[dict[str, str]], None] = lambda bad: None,
    **asked: Any,
) -> dict[str, Any]:
    """Measures `encoders` as `measure` does, writes the page to `out` and the JSON to `json_file` where they are named,
    and prints the table. `bad` is told what was left aside. Returns the JSON's object.

    `beside` are earlier reports whose rows stand in the JSON and the table too. ValueError where they were measured
    otherwise; what is wrong with their files is said before anything is measured.
    """
    _writable(out, json_file)
    earlier = [read(path) for path in beside]
    for report in earlier:
        both_quick(report, asked.get("quick", False))
    exhibits = Exhibits(seed=seed, learnt=learnt, gallery=gallery)
    collect = exhibits.collect if out is not None else _nothing
    report = measure(list(encoders), seed=seed, exhibit=collect, **asked)
    for described in report.suites:
        bad(described["left_aside"])
    own = as_json(report, created=time.strftime("%Y-%m-%dT%H:%M:%S%z"), versions=versions())
    try:
        told, refused = (placed([own, *earlier]) if earlier else own), None
    except ValueError as error:
        told, refused = own, error  # what was measured now is kept all the same
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(json_file) as [temporary]:
            temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_page(out, page(report, told, exhibits))
    show(report, told)
    if refused is not None:
        raise ValueError(f"{refused}. The report that was made has the rows of this command alone")
    return told


def _writable(*paths: Path | None) -> None:
    """ValueError where two reports would go to one file, or one to a folder."""
    named = [path for path in paths if path is not None]
    if len({path.resolve() for path in named}) < len(named):
        raise ValueError(f"the page and the JSON cannot be one file, {named[0]}")
    for path in named:
        if path.is_dir():
            raise ValueError(f"{path} is a folder; name a file in it")


def _nothing(subject: Any, suite: Any) -> None:
    """Without a page no pictures are collected."""
