"""transformers' MAE: the encoder sees every patch, the decoder is left out by name."""

import peers
import peers_vision
import pytest
import torch

import sightline


def test_mae_equals_transformers(tmp_path):
    peers.check("MAE", tmp_path)


def test_a_key_that_is_no_decoders_is_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    peers_vision.mae_model(tmp_path)
    save_file(load_file(tmp_path / "model.safetensors") | {"decode.x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"extra: decode\.x"):
        sightline.load(tmp_path, device="cpu")
