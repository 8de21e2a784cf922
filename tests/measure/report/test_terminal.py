"""The report in a terminal and in a pipe."""

import io
from copy import deepcopy

import made_report
import pytest
from rich.console import Console

from sightline.measure.finding import PROPERTIES
from sightline.measure.report.json_form import as_json
from sightline.measure.report.terminal import score_table, show
from sightline.measure.report.words import number, verdicts


def printed(report, told):
    file = io.StringIO()
    show(report, told, file)
    return file.getvalue()


def test_the_five_the_flags_and_the_sentences_are_printed_as_plain_text(told):
    text = printed(made_report.report(("clip",)), told)
    assert "\x1b" not in text
    for aspect in PROPERTIES:
        assert aspect in text
    for encoder in told["encoders"]:
        score = encoder["properties"]["density"]["score"]
        assert number(score) in text
    for verdict in verdicts(told):
        assert verdict.text in text
    assert "(!)" in text and "collapsed: all vectors are equal" in text
    assert "no text tower" in text


def test_the_report_alone_is_enough():
    report = made_report.report(("clip", "pixels"))
    assert printed(report, None) == printed(report, as_json(report))


def test_a_name_cannot_drive_the_terminal(told):
    changed = deepcopy(told)
    changed["encoders"][0]["name"] = "a\x1b[31mred\x07\u202e[bold]"
    text = printed(made_report.report(("clip",)), changed)
    assert not {"\x1b", "\x07", "\u202e"} & set(text) and "[bold]" in "".join(text.split())


@pytest.mark.parametrize("width", [50, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(told, width):
    file = io.StringIO()
    Console(file=file, width=width).print(score_table(told, width))
    assert max(len(line) for line in file.getvalue().splitlines()) <= width
