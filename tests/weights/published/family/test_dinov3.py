"""transformers' DINOv3 ViT: rotary positions, registers, keys without bias, gated and plain MLP."""

import json

import peers
import peers_vision
import pytest

import sightline


def test_dinov3_equals_transformers(tmp_path):
    peers.check("DINOv3", tmp_path)


def test_pictures_are_squashed_to_the_side_that_the_folder_says(tmp_path):
    peers_vision.dinov3_model(tmp_path)
    said = {"size": {"height": 48, "width": 48}, "resample": 2, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    rule = sightline.load(tmp_path, device="cpu").rule
    assert (rule.size, rule.resize, rule.interpolation, rule.mean) == (48, "squash", "bilinear", (0.4, 0.5, 0.6))


@pytest.mark.parametrize(
    "changes, said",
    [({"mlp_bias": False}, "mlp_bias is false"), ({"use_gated_mlp": True}, "hidden_act 'gelu'; known is silu")],
)
def test_a_config_that_no_tower_of_ours_is_is_refused(tmp_path, changes, said):
    peers_vision.dinov3_model(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ValueError, match=said):
        sightline.load(tmp_path, device="cpu")
