"""A method of pictures alone, from a labelled folder without captions to what search loads."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import sightline
from sightline.recipes.find import train
from sightline.runtime.load import load as load_exported

QUICK = ["steps=3", "batch=8"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A class a folder, names that say nothing."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(40):
        kind = folder / ("cats", "dogs")[i % 2]
        kind.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (36, 32, 3), dtype=np.uint8)).save(kind / f"{i:04}.png")
    return str(folder)


def run(out, data, *more, recipe="simclr.tiny", **options):
    return train(recipe, out=out, data=data, overrides=[*QUICK, *more], device="cpu", quiet=True, **options)


@pytest.fixture(scope="module")
def done(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    summary = run(out, pictures, "evaluation.metric=knn", evaluation=pictures)
    assert summary.finished and 0 <= summary.scores["knn"] <= 1
    return out


def test_a_folder_of_classes_trains_and_loads_as_an_encoder_of_pictures(done, pictures):
    encoder = sightline.load(done, device="cpu")
    assert encoder.dim == 192 and not encoder.reads_text
    x = torch.stack([encoder.preprocess(f"{pictures}/cats/{i:04}.png") for i in (0, 2, 4)])
    assert encoder.encode_image(x).shape == (3, 192) and encoder.features(x).tokens.shape == (3, 16, 192)
    described = json.loads((done / "encoder.json").read_text())
    assert described["parts"].keys() == {"image"} and described["capabilities"] == ["embeds"]
    assert described["tokenizer"] is None and described["dim"] == 192
    assert not (done / "tokenizer.json").exists()
    with pytest.raises(ValueError, match="text"):
        encoder.encode_text(["a cat"])


def test_the_export_is_the_image_tower_alone(done, pictures):
    graphs = {file.name for file in (done / "onnx").iterdir()}
    assert not [name for name in graphs if "text" in name]
    light, encoder = load_exported(done), sightline.load(done, device="cpu")
    path = f"{pictures}/dogs/0001.png"
    np.testing.assert_allclose(light.encode_image([path]), encoder.encode_image([path]).numpy(), atol=1e-4)


def test_a_second_run_starts_from_the_first_in_all_its_towers(done, pictures, tmp_path):
    before = sightline.load(done, device="cpu").model.image.state_dict()
    run(tmp_path, pictures, "optim.lr=1e-60", recipe="byol.tiny", init=str(done), export=False)
    after = sightline.load(tmp_path, device="cpu").model.image.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    state = torch.load(tmp_path / "state" / "last.pt", weights_only=True)["method"]
    for name, value in before.items():
        assert torch.equal(state[f"target.module.image.{name}"], value)


def test_of_an_encoder_that_reads_text_the_image_tower_is_taken(pictures, tmp_path):
    train("clip.tiny", out=tmp_path / "clip", overrides=["steps=1", "batch=8"], device="cpu", quiet=True, export=False)
    run(tmp_path / "run", pictures, "optim.lr=1e-60", init=str(tmp_path / "clip"), export=False)
    first, second = (sightline.load(tmp_path / name, device="cpu") for name in ("clip", "run"))
    assert first.dim == 32 and second.dim == 192
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(second.encode_image(x), first.features(x).pooled, rtol=1e-4, atol=1e-5)


def test_there_is_no_tower_to_lock(done, pictures, tmp_path):
    with pytest.raises(ValueError, match="learns by its image tower alone"):
        run(tmp_path, pictures, init=str(done), lock="image")


def test_a_window_that_ends_before_it_saw_everything_says_so(tmp_path, capsys):
    changed = ["steps=4", "data.order=Window(size=16,visits=4)"]
    sightline.train("simclr.tiny", out=tmp_path / "some", overrides=changed, export=False)
    said = capsys.readouterr()
    assert (
        "the window (data.order) comes to 28 of 60 pictures in 4 steps; all of them take steps=15"
        in said.out + said.err
    )
    sightline.train("simclr.tiny", out=tmp_path / "all", overrides=["steps=15", *changed[1:]], dry_run=True)
    assert "the window" not in "".join(capsys.readouterr())
