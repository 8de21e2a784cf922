"""Encoders, runs and indexes made by version 0.1.0 load, search and go on, with what that version computed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import sightline
from sightline.recipes.restored import restored
from sightline.runtime.load import load as load_exported

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
RING = HERE / "pictures" / "ring" / "blue ring.png"
SETTINGS = """
steps=40 batch=16 data.tokenizer.vocab=280 image.depth=1 image.dim=24 image.heads=1 image.stem.widths=12,24 text.dim=16
dim=16
""".split()


@pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
def test_an_encoder_of_then_gives_its_vectors_and_its_identity(engine):
    encoder = sightline.load(HERE / "words", device="cpu") if engine == "torch" else load_exported(HERE / "words")
    said = EXPECTED["words"]
    assert encoder.identity == said["identity"]
    np.testing.assert_allclose(float(encoder.logit_scale), said["scale"], rtol=1e-6)
    picture = np.asarray(encoder.encode_image([RING], normalize=True))[0]
    words = np.asarray(encoder.encode_text(["gold bar"], normalize=True))[0]
    np.testing.assert_allclose(picture, said["image"], atol=1e-5)
    np.testing.assert_allclose(words, said["text"], atol=1e-5)


def test_an_encoder_of_pictures_alone_loads_and_its_whole_method_is_restored():
    encoder = sightline.load(HERE / "dino", device="cpu")
    assert encoder.identity == EXPECTED["dino"]["identity"]
    picture = np.asarray(encoder.encode_image([RING], normalize=True))[0]
    np.testing.assert_allclose(picture, EXPECTED["dino"]["image"], atol=1e-5)
    recipe, method = restored(HERE / "dino")
    assert recipe.name == "dino.tiny" and recipe.parts.image.dim == 24
    kept = encoder.model.image.state_dict()
    teacher = method.pair.teacher.module.tower.state_dict()
    assert all(np.array_equal(kept[name].numpy(), value.numpy()) for name, value in teacher.items())


def test_an_index_of_then_is_searched_by_the_encoder_that_made_it(tmp_path):
    shutil.copy(HERE / "words.db", tmp_path)
    encoder = sightline.load(HERE / "words", device="cpu")
    with sightline.Index(tmp_path / "words.db") as index:
        index.check(encoder)
        found = [(hit.key, hit.score) for hit in index.search_text("red disc", encoder)]
    assert [key for key, _ in found] == [key for key, _ in EXPECTED["search"]]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in EXPECTED["search"]], atol=1e-4)


def test_a_run_that_was_stopped_goes_on_and_ends_as_it_would_have(tmp_path, monkeypatch):
    shutil.copytree(HERE / "stopped", tmp_path / "stopped")
    shutil.copytree(HERE / "pictures", tmp_path / "pictures")
    monkeypatch.chdir(tmp_path)
    made = sightline.train(
        "clip.tiny",
        data="pictures",
        evaluation="pictures",
        out="stopped",
        overrides=SETTINGS,
        quiet=True,
        export=False,
        device="cpu",
    )
    assert made.finished and made.steps == 40
    ours, then = (load_file(folder / "model.safetensors") for folder in (tmp_path / "stopped", HERE / "words"))
    assert ours.keys() == then.keys()
    for name, value in then.items():
        np.testing.assert_allclose(ours[name], value, atol=2e-4, err_msg=name)  # twenty steps on another processor
