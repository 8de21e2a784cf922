import json

from sightline.train.log import Metrics


def test_metrics_are_cut_at_the_step_a_run_goes_on_from(tmp_path):
    path = tmp_path / "metrics.jsonl"
    first = Metrics(path, after=0)
    for step in range(5):
        first.write({"step": step, "loss": 1.0})
    first.close()
    with path.open("a") as file:
        file.write('{"step": 5, "lo')  # a crash in the middle of a line
    again = Metrics(path, after=3)
    again.write({"step": 3, "loss": 2.0})
    again.close()
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(r["step"], r["loss"]) for r in rows] == [(0, 1.0), (1, 1.0), (2, 1.0), (3, 2.0)]
