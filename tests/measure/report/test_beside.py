"""Earlier reports stand beside each other only where they were measured alike."""

import json
from copy import deepcopy

import pytest

from sightline.measure.report.beside import beside, read


def parted(told, *names):
    """The report as if only these encoders had been measured."""
    made = deepcopy(told)
    made["encoders"] = [e for e in made["encoders"] if e["name"] in names]
    made["comparisons"] = [c for c in made["comparisons"] if c["a"] in names and c["b"] in names]
    return made


def test_rows_of_two_reports_stand_in_one(told):
    one, other = parted(told, "clip", "pixels"), parted(told, "dino", "pixels")
    found = beside([one, other])
    assert [e["name"] for e in found["encoders"]] == ["clip", "pixels", "dino"]
    assert found["encoders"][0] == one["encoders"][0] and found["suites"] == told["suites"]
    # clip and dino were never measured on the same draws by these two files
    assert {(c["a"], c["b"]) for c in found["comparisons"]} == {("clip", "pixels"), ("dino", "pixels")}


def test_one_report_is_itself(told):
    assert beside([told]) == told


def change_protocol(report):
    report["encoders"][0]["properties"]["density"]["metrics"][0]["protocol"]["k"] = 20


def change_n(report):
    report["encoders"][0]["properties"]["density"]["metrics"][1]["n"] += 1


def change_chance(report):
    report["encoders"][0]["graphics"]["semantics"]["metrics"][0]["chance_kind"] = "shuffled"


def change_data(report):
    report["suites"][1]["digest"] = "another"


def change_size(report):
    report["quick"] = False


def change_name(report):
    report["encoders"][0].update(name="clip", identity="another")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_protocol, "k': 20"),
        (change_n, "n 300 and 301"),
        (change_chance, "shuffled"),
        (change_data, "not the same data"),
        (change_size, "quick"),
        (change_name, "two encoders are called clip"),
    ],
)
def test_what_was_measured_otherwise_is_refused(told, change, said):
    other = parted(told, "dino")
    change(other)
    with pytest.raises(ValueError, match=said):
        beside([parted(told, "clip"), other])


def test_a_report_is_read_and_another_format_refused(told, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(told))
    assert read(path) == told
    path.write_text(json.dumps({**told, "format": 2}))
    with pytest.raises(ValueError, match="format 2; format 1 can be read"):
        read(path)
    for text in ("[]", "{}", "not json"):
        path.write_text(text)
        with pytest.raises(ValueError, match="report"):
            read(path)
    with pytest.raises(ValueError, match="no report"):
        read(tmp_path / "absent.json")
    with pytest.raises(ValueError, match="no report to place"):
        beside([])
