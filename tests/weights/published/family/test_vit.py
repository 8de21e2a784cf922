"""transformers' ViT: tokens and class token with and without its pooler, and inside a classifier."""

import json

import peers
import peers_vision
import torch

import sightline


def test_vit_equals_transformers(tmp_path):
    peers.check("ViT", tmp_path)


def test_the_pooled_vector_is_what_the_pooler_reads(tmp_path):
    """transformers' pooler_output is tanh of a linear map of it, which is left out."""
    from transformers import ViTConfig, ViTModel

    peer = peers_vision.eager(ViTModel, ViTConfig(**peers.VISION))
    peer.save_pretrained(tmp_path)
    encoder, images = sightline.load(tmp_path, device="cpu"), peers.pictures()
    with torch.no_grad():
        theirs = peer(images)
        again = peer.pooler(encoder.features(images).pooled[:, None])
    assert peers.apart(theirs.pooler_output, again) < 1e-5
    assert peers.apart(theirs.last_hidden_state[:, 0], encoder.encode_image(images)) < 1e-5


def test_a_model_without_biases_of_q_k_v(tmp_path):
    assert max(peers_vision.vit_model(tmp_path, qkv_bias=False).values()) < 1e-5


def test_the_names_of_the_class_itself_are_read(tmp_path):
    from safetensors.torch import save_file
    from transformers import ViTConfig, ViTModel

    peer = peers_vision.eager(ViTModel, ViTConfig(**peers.VISION), add_pooling_layer=False)
    peer.save_pretrained(tmp_path)
    save_file({key: value.contiguous() for key, value in peer.state_dict().items()}, tmp_path / "model.safetensors")
    found = peers_vision.compared(tmp_path, lambda x: peer(x, interpolate_pos_encoding=True))
    assert max(found.values()) < 1e-5, found


def test_a_lone_number_is_a_square_as_in_transformers(tmp_path):
    peers_vision.vit_model(tmp_path)
    said = {"size": 32, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    rule = sightline.load(tmp_path, device="cpu").rule
    assert (rule.size, rule.resize, rule.interpolation, rule.short) == (32, "squash", "bilinear", 0)
