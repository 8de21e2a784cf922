"""Weights that hold NaN or infinity are refused by the name of the tensor, wherever they come from."""

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import sightline

sys.path.insert(0, str(Path(__file__).parent / "published" / "family"))

import peers

from sightline.weights.finite import must_be_finite


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_the_tensor_and_how_many_values(value):
    bad = torch.zeros(2, 3)
    bad[1, :2] = value
    with pytest.raises(ValueError, match=r"1 of 2 tensors hold NaN or infinity: head.weight \(2 of 6 values\)"):
        must_be_finite({"head.weight": bad, "head.bias": torch.ones(3)})


def test_many_are_counted_and_a_few_named():
    tensors = {f"layer.{i}": torch.full((2,), float("nan")) for i in range(40)}
    with pytest.raises(ValueError, match="40 of 40 tensors .*layer.3 .* and 36 more") as refusal:
        must_be_finite(tensors)
    assert len(str(refusal.value)) < 400


def test_large_numbers_integers_and_half_precision_pass():
    large = torch.full((8,), 3e38)
    must_be_finite(
        {"large": large, "both": torch.cat([large, -large]), "count": torch.tensor(3), "none": torch.zeros(0)}
    )
    must_be_finite({"half": torch.full((4096,), 60000.0, dtype=torch.float16)})


def test_a_run_with_them_is_not_loaded(run):
    path = run / "model.safetensors"
    tensors = load_file(path)
    name = next(name for name in tensors if name.endswith("qkv.weight"))
    tensors[name][0, 0] = float("nan")
    save_file(tensors, path)
    with pytest.raises(ValueError, match=rf"model.safetensors: 1 of \d+ tensors .*{name} \(1 of"):
        sightline.load(run, device="cpu")


def test_a_published_folder_is_refused_in_its_own_names(tmp_path):
    peers.clip_model(tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    tensors["visual_projection.weight"][0, 0] = float("inf")
    save_file(tensors, path)
    with pytest.raises(ValueError, match=r"read as clip: 1 of \d+ tensors .*visual_projection.weight \(1 of"):
        sightline.load(tmp_path, device="cpu")
