"""The worked examples of CONTRIBUTING.md are whole: what a reader types from them trains, is kept and loads."""

import re
from pathlib import Path

import pytest

import sightline
from sightline.towers.spec import json

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests" / "before" / "pictures"


@pytest.fixture(scope="module")
def written():
    """The names that the page's blocks of Python define, one after another."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
    names = {"__name__": "written"}
    families, whole = dict(json.FAMILIES), dict(json.WHOLE)
    for block in blocks:
        exec(compile(block, "CONTRIBUTING.md", "exec"), names)
    yield names
    for table, before in ((json.FAMILIES, families), (json.WHOLE, whole)):
        table.clear()
        table.update(before)


def go(recipe, out, **settings):
    made = sightline.train(
        recipe,
        data=str(PICTURES),
        evaluation=str(PICTURES),
        out=out,
        quiet=True,
        export=False,
        device="cpu",
        **settings,
    )
    assert made.finished
    return sightline.load(out, device="cpu"), made


def test_the_encoder_embeds(written, tmp_path):
    encoder, _ = go(written["tiny"](), tmp_path / "run")
    assert encoder.capabilities == ("embeds",)
    assert encoder.encode_image(sorted(PICTURES.rglob("*.png"))[:2]).shape == (2, encoder.dim)


def test_the_generator_samples_and_refuses_the_rest(written, tmp_path):
    painter, made = go(written["painter"](), tmp_path / "run")
    assert painter.capabilities == ("samples",) and "heldout_loss" in made.scores
    few, more = painter.sample(2, seed=3), painter.sample(5, seed=3)
    assert few.shape == (2, 3, 32, 32) and (more[:2] == few).all()
    with pytest.raises(ValueError, match="cannot embed pictures: it samples"):
        painter.encode_image([sorted(PICTURES.rglob("*.png"))[0]])


def test_the_head_learns_on_a_tower_that_stays_as_it_is(written, tmp_path):
    started, _ = go(written["tiny"](), tmp_path / "tower")
    head, _ = go(written["classifier"](), tmp_path / "head", init=tmp_path / "tower")
    before, after = started.parts["image"].state_dict(), head.parts["image"].state_dict()
    assert all((before[name] == after[name]).all() for name in before)
    assert head.parts["head"].weight.shape[0] == 4
