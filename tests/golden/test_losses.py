"""Twenty steps of each family on fixed data: a refactor shows the same numbers, a change of numbers says so.

Written by `python tests/golden/test_losses.py`; a new list belongs in the changelog. The tolerance is what float32
sums differ by between processors over twenty steps.
"""

import json
import tempfile
from pathlib import Path

import pytest
from some_tasks import lasting_table

from sightline.recipes.find import train

FILE = Path(__file__).with_name("losses.json")
METRIC = ("siamese.tiny", "triplet.tiny", "npair.tiny", "histogram.tiny", "prototypical.tiny", "imprinting.tiny")
WORDS = ("clip.tiny", "siglip.tiny", "silc.tiny", "tips.tiny", "cappa.tiny", "locca.tiny", "siglip2.tiny")
ADAPT = ("adabn.tiny", "coral.tiny", "dann.tiny", "self_training.tiny")
FAMILIES = (
    *WORDS,
    *ADAPT,
    "multitask.tiny",
    "mlm.tiny",
    "seq2seq.tiny",
    "naflex.tiny",
    "acid.tiny",
    *METRIC,
    "supervised.tiny",
    "finetune.tiny",
    "fcn.tiny",
)
SOURCES = {
    "tips.tiny": ("scenes?n=64&size=32&alt=0.3", "scenes:test?n=8&size=32&alt=0.3"),
    "multitask.tiny": (lasting_table(64), lasting_table(8)),
    **dict.fromkeys(ADAPT, ("domains(icons?n=64, icons?n=64&seed=1)", "icons:test?n=8")),
    **dict.fromkeys(("mlm.tiny", "seq2seq.tiny"), ("grammars?n=64", "grammars:test?n=8")),
    **dict.fromkeys(
        ("locca.tiny", "siglip2.tiny", "naflex.tiny", "fcn.tiny"), ("scenes?n=64&size=32", "scenes:test?n=8&size=32")
    ),
}
"""for what icons lack"""
TOLERANCE = 2e-3


def losses(name, out):
    quick = dict(quiet=True, device="cpu", log_every=1, export=False)
    data, held = SOURCES.get(name, ("icons?n=64", "icons:test?n=8"))
    train(name, out=out, data=data, evaluation=held, **quick)
    rows = [json.loads(line) for line in (Path(out) / "metrics.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


@pytest.mark.parametrize("name", FAMILIES)
def test_twenty_steps_give_the_losses_on_file(name, tmp_path):
    expected = json.loads(FILE.read_text())[name]
    assert losses(name, tmp_path) == pytest.approx(expected, rel=TOLERANCE)


if __name__ == "__main__":
    found = {}
    for family in FAMILIES:
        with tempfile.TemporaryDirectory() as scratch:
            found[family] = [round(value, 5) for value in losses(family, scratch)]
    FILE.write_text(json.dumps(found, indent=1) + "\n")
