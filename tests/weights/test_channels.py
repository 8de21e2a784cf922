"""Weights for other bands: the tower still builds, a grey picture gives what its RGB copy gave, more bands keep it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import sightline
from sightline.data.prepare.preprocess import Preprocess
from sightline.towers import sizes_conv
from sightline.towers.naflex import patches_of
from sightline.towers.spec import (
    AlexNetSpec,
    ConvNetSpec,
    ConvStemSpec,
    FlexiViTSpec,
    ModifiedResNetSpec,
    NaFlexSpec,
    ResNetSpec,
    StandardStem,
    ViTSpec,
)
from sightline.weights.channels import with_channels
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import load_encoder, save_encoder

SMALL = {"dim": 16, "depth": 1, "heads": 2}
TOWERS = [
    ResNetSpec(depths=(1, 1), width=8, stem=StandardStem()),
    ModifiedResNetSpec(depths=(1, 1), width=8, heads=2, out=5, size=32),
    sizes_conv.alexnet_small(),
    ConvNetSpec(size=32, width=8, depth=2),
    AlexNetSpec(widths=(8, 16, 8, 8, 8), kernels=(5, 3, 3, 3, 3), stride=1, grid=3, dim=16),
    ViTSpec(size=32, patch=8, **SMALL),
    ViTSpec(size=32, patch=8, stem=ConvStemSpec(kernels=(4, 2), strides=(4, 2), widths=(8, 16)), **SMALL),
    FlexiViTSpec(size=32, patch=8, kernel=16, grid=4, **SMALL),
    NaFlexSpec(patch=8, grid=4, **SMALL),
]


def changed(spec, channels):
    tower = spec.build().eval()
    state = {f"image.{name}": value for name, value in tower.state_dict().items()}
    new, tensors = with_channels(spec, state, channels)
    ours = new.build().eval()
    ours.load_state_dict({name.removeprefix("image."): value for name, value in tensors.items()})
    return tower, ours


def pooled(tower, image, spec):
    return tower(patches_of(image, spec.patch) if isinstance(spec, NaFlexSpec) else image).pooled


@pytest.mark.parametrize("spec", TOWERS, ids=lambda spec: type(spec).__name__)
def test_a_grey_picture_gives_what_its_copy_in_rgb_gave(spec):
    tower, grey = changed(spec, 1)
    image = torch.randn(2, 1, 32, 32)
    expected = pooled(tower, image.expand(-1, 3, -1, -1), spec)
    torch.testing.assert_close(pooled(grey, image, spec), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("spec", TOWERS, ids=lambda spec: type(spec).__name__)
def test_six_bands_of_rgb_twice_give_what_rgb_gave(spec):
    tower, six = changed(spec, 6)
    image = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(
        pooled(six, torch.cat([image, image], 1), spec), pooled(tower, image, spec), rtol=1e-4, atol=1e-5
    )


def test_the_same_number_changes_nothing_and_none_is_refused():
    spec = sizes_conv.alexnet_small()
    state = spec.build().state_dict()
    same, tensors = with_channels(spec, state, 3, part="")
    assert same == spec and all(tensors[name] is value for name, value in state.items())
    with pytest.raises(ValueError, match="channels is 0; expected"):
        with_channels(spec, state, 0, part="")


@pytest.mark.parametrize(
    "spec", [replace(TOWERS[0], channels=7), replace(TOWERS[4], channels=7)], ids=["resnet", "vit"]
)
def test_an_encoder_of_seven_bands_is_saved_loaded_and_embeds_arrays(spec, tmp_path):
    tower = spec.build().eval()
    joint = Joint(tower, None, nn.Linear(tower.dim, 5), nn.Identity(), torch.zeros(()), None)
    rule = Preprocess(size=32, channels=7, mean=(0.5,) * 7, std=(0.2,) * 7)
    run = tmp_path / "run"
    run.mkdir()
    save_encoder(run, joint, image_spec=spec, text_spec=None, preprocess=rule, tokenizer=None, dim=5)
    encoder = load_encoder(run)
    array = np.random.default_rng(0).integers(0, 256, (40, 40, 7), np.uint8)
    np.save(tmp_path / "field.npy", array)
    vectors = encoder.encode_image([tmp_path / "field.npy", array])
    with torch.no_grad():
        expected = joint.encode_image(torch.from_numpy(rule(array))[None])
    torch.testing.assert_close(vectors, expected.expand(2, -1), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="a picture of 3 bands .* where 7 are expected"):
        encoder.encode_image(array[:, :, :3])


@pytest.mark.parametrize("channels", [1, 4])
def test_load_adapts_a_run_to_other_bands(channels, tmp_path):
    tower = TOWERS[4].build().eval()
    joint = Joint(tower, None, nn.Linear(tower.dim, 5), nn.Identity(), torch.zeros(()), None)
    save_encoder(
        tmp_path, joint, image_spec=TOWERS[4], text_spec=None, preprocess=Preprocess(size=32), tokenizer=None, dim=5
    )
    given = sightline.load(tmp_path)
    encoder = sightline.load(tmp_path, channels=channels)
    assert encoder.identity != given.identity and encoder.rule.channels == channels
    grey = np.random.default_rng(0).integers(0, 256, (32, 32, 1), np.uint8)
    if channels == 1:
        expected = given.encode_image(np.repeat(grey, 3, 2))
        torch.testing.assert_close(encoder.encode_image(grey), expected, rtol=1e-4, atol=1e-4)
    else:
        assert encoder.encode_image(np.repeat(grey, 4, 2)).shape == (1, 5)
    assert sightline.load(tmp_path, channels=3).identity == given.identity
