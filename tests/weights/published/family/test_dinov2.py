"""transformers' DINOv2, with and without registers: the same tokens, vectors and attention maps at two resolutions."""

import json

import peers
import peers_vision
import pytest
import torch

import sightline


def test_dinov2_equals_transformers(tmp_path):
    peers.check("DINOv2", tmp_path)


def test_a_backbones_longer_names_are_read(tmp_path):
    """transformers' classifiers put the tower under its name."""
    from transformers import Dinov2Config, Dinov2ForImageClassification

    peers.quiet()
    peer = peers.randomise(Dinov2ForImageClassification(Dinov2Config(**peers_vision.NUMBERS, num_labels=3)))
    peer.save_pretrained(tmp_path)
    images = peers.pictures()
    with torch.no_grad():
        theirs = peer.dinov2(images).last_hidden_state
    assert peers.apart(theirs, peers.whole(sightline.load(tmp_path), sightline.load(tmp_path).features(images))) < 1e-5


@pytest.mark.parametrize("name", ["Dinov2Model", "Dinov2WithRegistersModel"])
def test_the_names_of_the_class_itself_are_read(tmp_path, name):
    """A state dict of transformers 5, whose files keep older names than its classes."""
    import transformers
    from safetensors.torch import save_file

    settings = peers_vision.NUMBERS | {"use_swiglu_ffn": True}
    peer = peers_vision.eager(
        getattr(transformers, name), getattr(transformers, name.replace("Model", "Config"))(**settings)
    )
    peer.save_pretrained(tmp_path)
    save_file({key: value.contiguous() for key, value in peer.state_dict().items()}, tmp_path / "model.safetensors")
    found = peers_vision.compared(tmp_path, lambda x: peer(x, output_attentions=True))
    assert max(found.values()) < 1e-5, found


def test_pictures_have_the_side_that_the_folder_says_not_that_of_the_positions(tmp_path):
    """DINOv2's table is for 518 px and its pictures are 224."""
    peers_vision.dinov2_model(tmp_path)
    said = {
        "crop_size": {"height": 24, "width": 24},
        "size": {"shortest_edge": 27},
        "do_center_crop": True,
        "resample": 3,
    }
    said |= {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    rule = sightline.load(tmp_path, device="cpu").rule
    assert (rule.size, rule.short, rule.resize, rule.interpolation) == (24, 27, "crop", "bicubic")


def test_a_layer_that_is_missing_is_named(tmp_path):
    from safetensors.torch import load_file, save_file

    peers_vision.dinov2_model(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["encoder.layer.1.layer_scale2.lambda1"]
    save_file(tensors | {"encoder.layer.9.x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(
        ValueError, match=r"missing: encoder\.layer\.1\.layer_scale2\.lambda1; extra: encoder\.layer\.9\.x"
    ):
        sightline.load(tmp_path, device="cpu")


def test_five_bands_are_taken(tmp_path):
    from transformers import Dinov2Config, Dinov2Model

    peer = peers_vision.eager(Dinov2Model, Dinov2Config(**peers_vision.NUMBERS, num_channels=5))
    peer.save_pretrained(tmp_path)
    images, encoder = peers.pictures(channels=5), sightline.load(tmp_path, device="cpu")
    assert encoder.sees
    with torch.no_grad():
        assert peers.apart(peer(images).pooler_output, encoder.encode_image(images)) < 1e-5
