"""LocCa learns from boxes that an encoder found."""

import json
from dataclasses import replace

import pytest

from sightline.data.sources.source import open_source
from sightline.recipes.image_text import locca
from sightline.train.options import Options
from sightline.train.run import fit
from sightline.weights.regions.source import Regions, regions

QUIET = Options(quiet=True, device="cpu")
TIMED = ("wait", "augment", "compute", "images", "seconds", "time")


def metrics(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if not any(word in key for word in TIMED)} for line in lines]


def test_a_run_learns_from_regions_and_twice_alike(tmp_path, perfect):
    recipe, told = replace(locca.tiny(), steps=3, batch=8), []
    for name in ("one", "two"):
        data = regions(open_source("scenes?level=1&n=24&size=32"), perfect)
        held = regions(open_source("scenes:test?level=1&n=8&size=32"), perfect)
        fit(recipe, out=tmp_path / name, data=data, evaluation=held, options=QUIET)
        told.append(metrics(tmp_path / name))
    assert told[0] == told[1]
    said = {key: value for line in told[0] for key, value in line.get("evaluation", line).items()}
    assert said["heldout_loss_refer"] > 0 and said["heldout_loss_describe"] > 0 and 0 <= said["located"] <= 1


def test_a_run_goes_on_with_the_boxes_it_began_with_alone(tmp_path, perfect):
    recipe, scenes = replace(locca.tiny(), steps=1, batch=8), open_source("scenes?level=1&n=24&size=32")
    data = regions(scenes, perfect, name="regions")
    fewer = Regions(scenes, [(), *data.found[1:]], "regions")
    assert data.found[0] and fewer.fingerprint != data.fingerprint
    fit(recipe, out=tmp_path / "run", data=data, options=QUIET)
    with pytest.raises(ValueError, match="data.fingerprint was"):
        fit(recipe, out=tmp_path / "run", data=fewer, options=QUIET)
