"""The report in a terminal: the five of every row with intervals and gains, and which encoder is for what."""

import sys
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sightline.data.terminal import printable_line
from sightline.measure.finding import PROPERTIES
from sightline.measure.report.json_form import as_json
from sightline.measure.report.result import Report
from sightline.measure.report.words import (
    GRAPHICS,
    MEANINGS,
    REFERENCES,
    Told,
    Verdict,
    between,
    judged,
    number,
    shortened,
    verdicts,
)

REASONS = 4
"""told in full"""
WIDE = 100
"""columns of a file or a pipe, and from which every property has a column"""


def show(report: Report, told: Told | None = None, file: Any = None) -> None:
    """Prints the table, the sentences, and what could not be measured, to stdout or another text stream. `told` is the
    JSON form where there is one."""
    told = shortened(as_json(report) if told is None else told)
    stream = sys.stdout if file is None else file
    # what is no terminal gets plain text of a width that does not depend on where it was made
    console = Console(file=stream, width=None if stream.isatty() else WIDE, highlight=False)
    console.print(score_table(told, console.width))
    for encoder in told["encoders"]:
        for flag in encoder["flags"]:
            console.print(Text(f"{printable_line(encoder['name'])}: {printable_line(flag)}", "red"), soft_wrap=True)
    console.print()
    aspects = [*PROPERTIES, *(a for a in GRAPHICS if any(judged(e, a)["metrics"] for e in told["encoders"]))]
    for line in sentences(verdicts(told, aspects)):
        console.print(line, soft_wrap=True)
    for line in (*told["notes"], _missing(told)):
        if line:
            console.print()
            console.print(Text(printable_line(line), "dim"), soft_wrap=True)


def score_table(told: Told, width: int) -> Table:
    """A row an encoder and a column a property; where that does not fit, a row a property of an encoder."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    if width >= WIDE:
        table.add_column("", overflow="fold")
        for head in (*PROPERTIES, "seconds"):
            table.add_column(head, no_wrap=True)
        for encoder in told["encoders"]:
            cells = [_cell(encoder, aspect) for aspect in PROPERTIES]
            table.add_row(_name(encoder), *cells, _seconds(encoder))
        return table
    for head in ("", "property", "score", "95 %", "gain"):
        table.add_column(head, overflow="fold")
    for encoder in told["encoders"]:
        for aspect in PROPERTIES:
            own = judged(encoder, aspect)
            name = _name(encoder) if aspect == PROPERTIES[0] else Text("")
            table.add_row(name, aspect, number(own["score"]), between(own["ci"]), _gain(encoder, own))
        table.add_section()
    return table


def sentences(found: Sequence[Verdict]) -> list[Text]:
    """ "Information dense: dino, 0.60 (0.56 to 0.64) ..." for each property."""
    lines = []
    for verdict in found:
        line = Text(f"{MEANINGS[verdict.aspect].title}: ", "bold")
        line.append(printable_line(verdict.text), "not bold")
        lines.append(line)
    return lines


def _name(encoder: Told) -> Text:
    name = Text(printable_line(encoder["name"]), "dim" if encoder["kind"] in REFERENCES else "bold")
    if encoder["flags"]:
        name.append(" (!)", "red")
    return name


def _cell(encoder: Told, aspect: str) -> Text:
    own: dict[str, Any] = judged(encoder, aspect)  # type: ignore[assignment]
    if own["score"] is None:
        return Text("n/a", "dim")
    cell = Text(number(own["score"]), "bold")
    if between(own["ci"]):
        low, high = (number(end) for end in own["ci"])
        cell.append(f"\n[{low}, {high}]", "not bold dim")
    if gain := _gain(encoder, own):
        cell.append(f"\n{gain}", "not bold")
    return cell


def _gain(encoder: Told, own: Told) -> str:
    return "" if own["gain"] is None or encoder["kind"] in REFERENCES else f"gain {number(own['gain'])}"


def _seconds(encoder: Told) -> Text:
    per = encoder["seconds"]["a_thousand_pictures"]
    return Text(f"{encoder['seconds']['measuring']:.0f}" + (f"\n{per:.3g}/1,000" if per else ""))


def _missing(told: Told) -> str:
    """How many questions had no answer, with the reasons, each once."""
    reasons: dict[str, int] = {}
    for encoder in told["encoders"]:
        for aspect in (*PROPERTIES, *GRAPHICS, "beyond"):
            for row in judged(encoder, aspect)["missing"]:
                reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    shown = [printable_line(why) for why in list(reasons)[:REASONS]]
    if len(reasons) > REASONS:
        shown.append(f"and {len(reasons) - REASONS} other reasons, which --out and --json tell")
    return f"n/a: {sum(reasons.values())} questions had no answer: {'; '.join(shown)}" if reasons else ""
