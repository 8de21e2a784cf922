"""Both recipes that keep something of every picture: a short run, going on after a stop, and other data refused."""

from dataclasses import replace

import pytest

from sightline.recipes.find import find
from sightline.train.options import Options
from sightline.train.run import fit

QUIET = Options(quiet=True, device="cpu")


@pytest.mark.parametrize("name", ["exemplar.tiny", "instance_discrimination.tiny"])
def test_a_run_keeps_the_tower_and_a_stream_is_refused(name, tmp_path):
    recipe = replace(find(name), steps=3)
    assert fit(recipe, out=tmp_path / "run", data="icons?n=40", options=QUIET).finished
    assert (tmp_path / "run" / "model.safetensors").exists()
    with pytest.raises(ValueError, match="a stream does not tell it"):
        recipe.build(replace(recipe, samples=0))


@pytest.mark.parametrize("name", ["exemplar.tiny", "instance_discrimination.tiny"])
def test_the_number_of_pictures_comes_with_the_recipe(name):
    recipe = find(name)
    made = recipe.build(replace(recipe, samples=50))
    assert made.needs == {"image", "index"}
