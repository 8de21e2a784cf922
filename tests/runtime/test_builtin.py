"""The encoders that come with the package."""

import shutil

import numpy as np
import pytest

import sightline
from sightline.data.sources.icons import Icons
from sightline.runtime import builtin, load
from sightline.search.encoder import words_encoder
from sightline.weights.load import load as load_torch

LIMIT = 12e6
"""bytes of both towers"""


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A copy of what comes with the package, to be broken."""
    shutil.copytree(builtin.HOME, tmp_path / "builtin")
    monkeypatch.setattr(builtin, "HOME", tmp_path / "builtin")
    return tmp_path / "builtin" / "icons"


def test_it_is_small():
    files = [file for file in builtin.builtin_folder(builtin.ICONS).rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < LIMIT
    assert not [file for file in files if file.suffix in (".pt", ".safetensors", ".pkl")]


def test_it_reads_words_and_sees_pictures_in_one_space():
    encoder = sightline.load(builtin.ICONS)
    assert encoder.name == builtin.ICONS and encoder.capabilities == ("embeds", "reads_text")
    names = ("house", "heart", "bell", "music", "car", "trash", "camera", "envelope")
    pictures = {sample.key: sample.image for sample in Icons(weight="solid") if sample.key.partition("/")[0] in names}
    seen = encoder.encode_image([pictures[f"{name}/solid"] for name in names], normalize=True)
    said = encoder.encode_text(list(names), normalize=True)
    assert seen.shape == said.shape == (8, encoder.dim)
    assert np.mean((said @ seen.T).argmax(axis=1) == np.arange(8)) >= 0.75


def test_words_are_compared_by_what_its_text_tower_read_before_the_last_map():
    encoder = sightline.load(builtin.ICONS)
    reader = words_encoder(encoder)
    assert reader is encoder.reader and reader.identity != encoder.identity and not reader.sees
    vectors = reader.encode_text(["payment", "credit card", "mountain"], normalize=True)
    assert vectors.shape == (3, reader.dim)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    np.testing.assert_array_equal(reader.tokenize("heart"), encoder.tokenize("heart"))


def test_an_unknown_name_is_told_which_there_are():
    with pytest.raises(ValueError, match="no encoder of that name comes with Sightline; .*builtin:icons"):
        sightline.load("builtin:photos")


@pytest.mark.parametrize("file", ["onnx/image.onnx", "tokenizer.json", "encoder.json", "onnx/onnx.json"])
def test_a_file_that_is_cut_is_named_with_what_mends_it(damaged, file):
    whole = (damaged / file).read_bytes()
    (damaged / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"install Sightline again: pip install --force-reinstall"):
        load.load(builtin.ICONS).encode_text("heart")


def test_a_file_of_the_right_length_with_other_bytes_is_named_too(damaged):
    size = (damaged / "onnx" / "text.onnx").stat().st_size
    (damaged / "onnx" / "text.onnx").write_bytes(bytes(size))
    with pytest.raises(ValueError, match=r"text.onnx is cut or no graph .* install Sightline again"):
        load.load(builtin.ICONS).encode_text("heart")


def test_torch_has_no_weights_of_it_and_says_what_takes_it():
    with pytest.raises(ValueError, match="without weights for torch.* index, search"):
        load_torch(builtin.ICONS)
