"""Models without a tower of ours: the same features through timm's and transformers' own code."""

import peers
import peers_vision
import pytest
import torch

import sightline
from sightline.weights.convert.conversion import convert
from sightline.weights.peers import adapter


@pytest.fixture
def beit(tmp_path):
    peer = peers_vision.Adaptable.transformers("BeitModel", **peers.VISION)
    peer.save_pretrained(tmp_path)
    return peer


@pytest.fixture
def random_timm(monkeypatch):
    """timm's models without what the hub has."""
    import timm

    make = timm.create_model

    def create(name, pretrained=False, **settings):
        sizes = dict(img_size=32, patch_size=8, embed_dim=64, depth=2, num_heads=1)
        sizes |= dict(pretrained_cfg_overlay=dict(input_size=(3, 32, 32)))
        return peers.randomise(make(name, pretrained=False, **(sizes | settings)))

    monkeypatch.setattr(timm, "create_model", create)
    return create


def test_adapters_equal_their_packages(tmp_path):
    peers.check("adapters", tmp_path)


def test_layers_end_with_the_features(tmp_path, beit):
    encoder, images = sightline.load(tmp_path, device="cpu"), peers.pictures()
    last, first = encoder.layers(images, [-1, 0])
    torch.testing.assert_close(last.tokens, encoder.features(images).tokens, rtol=1e-5, atol=1e-6)
    assert first.tokens.shape == last.tokens.shape and not torch.equal(first.tokens, last.tokens)
    with pytest.raises(ValueError, match="no block 2: the model has 2"):
        encoder.layers(images, [2])


def test_attention_maps_are_the_peers(tmp_path, beit):
    encoder, images = sightline.load(f"transformers:{tmp_path}", device="cpu"), peers.pictures()
    beit.set_attn_implementation("eager")
    with torch.no_grad():
        theirs = beit(images, output_attentions=True).attentions[1]
    torch.testing.assert_close(theirs, encoder.attention(images, 1), rtol=1e-5, atol=1e-6)


def test_convolutions_have_no_attention_maps(tmp_path):
    peer = peers_vision.Adaptable.transformers(
        "ConvNextModel", depths=[1, 1], hidden_sizes=[8, 16], num_stages=2, image_size=32
    )
    peer.save_pretrained(tmp_path)
    encoder = sightline.load(tmp_path, device="cpu")
    with pytest.raises(ValueError, match="gives no attention maps"):
        encoder.attention(peers.pictures(), 0)
    assert [part.grid for part in encoder.layers(peers.pictures(), [0, 1])] == [(8, 8), (4, 4)]


def test_timm_names_of_plain_vits_land_in_our_tower(random_timm):
    from sightline.towers.vit import ViT

    encoder, images = sightline.load("timm:vit_small_patch16_224", device="cpu"), peers.pictures()
    peer = random_timm("vit_small_patch16_224", num_classes=0)
    assert isinstance(encoder.model.image, ViT)
    with torch.no_grad():
        assert peers.apart(peer(images), encoder.encode_image(images)) < 1e-5


def test_timm_layers_and_attention_of_an_adapted_model(random_timm):
    encoder, images = sightline.load("timm:deit_tiny_distilled_patch16_224", device="cpu"), peers.pictures()
    features = encoder.features(images)
    assert features.prefix.shape[1] == 2 and features.grid == (4, 4)
    [last] = encoder.layers(images, [-1])
    torch.testing.assert_close((last.tokens, last.pooled), (features.tokens, features.pooled), rtol=1e-5, atol=1e-6)
    maps = encoder.attention(images, 0)
    assert maps.shape == (3, 1, 18, 18) and torch.allclose(maps.sum(-1), torch.ones(3, 1, 18), atol=1e-5)


def test_identity_follows_the_weights(tmp_path, beit):
    before = sightline.load(tmp_path, device="cpu").identity
    assert sightline.load(f"transformers:{tmp_path}", device="cpu").identity == before
    peers.randomise(beit, seed=1).save_pretrained(tmp_path)
    assert sightline.load(tmp_path, device="cpu").identity != before


@pytest.mark.parametrize("package", ["timm", "transformers"])
def test_a_package_that_is_not_installed_is_named(monkeypatch, tmp_path, package):
    monkeypatch.setattr(adapter, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=f"pip install {package}"):
        sightline.load(f"{package}:something", device="cpu")


def test_without_the_hub_timms_weights_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match="cannot be had from timm .*local-dir:PATH"):
        sightline.load("timm:vit_tiny_patch16_224.augreg_in21k", device="cpu")
    with pytest.raises(ValueError, match="Unknown model"):
        sightline.load("timm:nothing_of_the_kind", device="cpu")


def test_a_name_of_timm_is_converted_as_it_is_loaded(random_timm, tmp_path):
    convert("timm:vit_small_patch16_224", tmp_path / "ours", "sightline")
    encoder, images = sightline.load(tmp_path / "ours", device="cpu"), peers.pictures()
    loaded = sightline.load("timm:vit_small_patch16_224", device="cpu")
    assert encoder.identity == loaded.identity
    torch.testing.assert_close(encoder.encode_image(images), loaded.encode_image(images), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="deit_tiny_distilled_patch16_224 runs by the code of timm"):
        convert("timm:deit_tiny_distilled_patch16_224", tmp_path / "other", "sightline")
    assert not (tmp_path / "other").exists()


def test_a_folder_named_for_transformers_is_converted_where_a_tower_of_ours_reads_it(tmp_path, beit):
    with pytest.raises(ValueError, match="runs by the code of timm or transformers"):
        convert(f"transformers:{tmp_path}", tmp_path / "ours", "sightline")
    peers_vision.vit_model(tmp_path / "vit")
    convert(f"transformers:{tmp_path / 'vit'}", tmp_path / "ours", "sightline")
    there = sightline.load(f"transformers:{tmp_path / 'vit'}", device="cpu")
    images = peers.pictures(size=(32, 32))
    ours = sightline.load(tmp_path / "ours", device="cpu").features(images)
    assert peers.apart(there.features(images).tokens, ours.tokens) < 1e-5


ONE_PATCH = {
    "mean of tokens": ("vit_small_patch16_224", dict(global_pool="avg", reg_tokens=2), (8, 8)),
    "attention pooling": ("vit_base_patch32_siglip_256", dict(reg_tokens=2), (8, 8)),
    "a norm after the mean of maps": ("convnext_tiny", None, (32, 32)),
    "maps with channels last": ("swin_tiny_patch4_window7_224", None, (64, 64)),
}


@pytest.mark.parametrize("kind", ONE_PATCH)
def test_a_patch_alone_is_pooled_as_timm_pools_a_picture_of_one(kind):
    name, settings, size = ONE_PATCH[kind]
    if settings is None:
        small = dict(depths=(1, 1, 1, 1), dims=(8, 16, 24, 32)) if name == "convnext_tiny" else peers_vision.SWIN
        tower = adapter.TimmTower(peers_vision.Adaptable.timm(name, **small))
    else:
        tower = adapter.TimmTower(peers_vision.timm_named(name, **settings))
    with torch.no_grad():
        features = tower(torch.randn(2, 3, *size))
        each = tower.each(features)
    assert each.shape[:2] == features.tokens.shape[:2]
    if features.tokens.shape[1] == 1:
        torch.testing.assert_close(each[:, 0], features.pooled, rtol=1e-4, atol=1e-5)
    else:  # the head of a mean is linear up to its norm: swin's has none after it
        torch.testing.assert_close(each.mean(1), features.pooled, rtol=1e-4, atol=1e-5)


def test_a_patch_alone_is_pooled_as_transformers_pools_a_picture_of_one(tmp_path):
    stages = dict(depths=[1, 1], hidden_sizes=[8, 16], num_stages=2, image_size=32)
    for name, settings, side in (
        ("ConvNextModel", stages, 8),
        ("BeitModel", peers.VISION | {"use_mean_pooling": True, "image_size": 8}, 8),
    ):
        tower = adapter.TransformersTower(peers_vision.Adaptable.transformers(name, **settings))
        with torch.no_grad():
            features = tower(torch.randn(2, 3, side, side))
            each = tower.each(features)
        assert features.tokens.shape[1] == 1, name
        torch.testing.assert_close(each[:, 0], features.pooled, rtol=1e-4, atol=1e-5)
