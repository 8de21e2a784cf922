"""open_clip's layouts and OpenAI's own state dicts: the same vectors, tokens, similarities and ids."""

import json

import numpy as np
import open_clip
import peers
import peers_open_clip
import pytest
import torch
from PIL import Image
from test_siglip import vocabulary

import sightline


def config(folder, **changes):
    path = folder / "open_clip_config.json"
    said = json.loads(path.read_text())
    for part, values in changes.items():
        kept = said[part] if part == "preprocess_cfg" else said["model_cfg"].get(part)
        new = kept | values if isinstance(values, dict) else values
        if part == "preprocess_cfg":
            said[part] = new
        else:
            said["model_cfg"][part] = new
    path.write_text(json.dumps(said))


@pytest.fixture
def folder(tmp_path):
    peers_open_clip.open_clip_vit(tmp_path)
    return tmp_path


@pytest.mark.parametrize("family", ["open_clip CLIP", "open_clip SigLIP", "OpenAI CLIP"])
def test_it_equals_open_clip(tmp_path, family):
    peers.check(family, tmp_path)


@pytest.mark.parametrize(
    "vision",
    [
        {"pool_type": "avg"},
        {"no_ln_pre": True},
        {"ls_init_value": 0.1},
        {"mlp_ratio": 4.9231},
        {"patch_dropout": 0.5},
    ],
    ids=lambda vision: next(iter(vision)),
)
def test_variations_of_the_tower_equal_open_clip(tmp_path, vision):
    assert max(peers_open_clip.open_clip_vit(tmp_path, vision).values()) < 1e-5


def test_without_quick_gelu_the_exact_one_is_used(tmp_path):
    assert max(peers_open_clip.open_clip_vit(tmp_path, quick=False).values()) < 1e-5


def test_open_clip_itself_reads_the_folder_and_prepares_pictures_alike(folder):
    config(folder, preprocess_cfg={"interpolation": "bicubic", "resize_mode": "shortest"})
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    encoder = sightline.load(f"local-dir:{folder}", device="cpu")
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8))
    assert torch.allclose(encoder.preprocess(picture), transform(picture), atol=1e-5)
    with torch.no_grad():
        assert peers.apart(model.eval().encode_image(peers.pictures()), encoder.encode_image(peers.pictures())) < 1e-5


@pytest.mark.parametrize("mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
def test_pictures_are_prepared_as_the_config_says(folder, mode, kernel):
    from open_clip.transform import image_transform

    config(folder, preprocess_cfg={"interpolation": kernel, "resize_mode": mode, "fill_color": 9})
    encoder = sightline.load(folder, device="cpu")
    peer = image_transform(32, False, (0.5,) * 3, (0.5,) * 3, resize_mode=mode, interpolation=kernel, fill_color=9)
    # longest: both round and centre the odd pixel alike on these
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
    assert torch.allclose(encoder.preprocess(picture), peer(picture), atol=1e-5)


def test_texts_of_another_vocabulary_need_ids(folder):
    encoder = sightline.load(folder, device="cpu")
    with pytest.raises(ValueError, match="give token ids"):
        encoder.encode_text("a cat")


def test_clips_own_vocabulary_comes_with_open_clip(tmp_path):
    config = peers_open_clip.OPEN_CLIP_VIT | {
        "text_cfg": peers_open_clip.OPEN_CLIP_TEXT | {"vocab_size": 49408, "context_length": 77}
    }
    peer = peers_open_clip.open_clip_peer(config)
    peers_open_clip.save_open_clip(tmp_path, peer, config)
    encoder, texts = sightline.load(tmp_path, device="cpu"), ["A cat &amp; a dog", "word " * 90]
    ids = open_clip.tokenize(texts)
    assert torch.equal(encoder.tokenize(texts), ids)
    with torch.no_grad():
        assert peers.apart(peer.encode_text(ids), encoder.encode_text(texts)) < 1e-5


def test_siglips_texts_are_cleaned_as_open_clip_does(tmp_path):
    peers_open_clip.open_clip_siglip(tmp_path)
    vocabulary(tmp_path, "<pad>", "</s>")
    tokenizer = {"hf_tokenizer_name": "timm/ViT-B-16-SigLIP", "tokenizer_kwargs": {"clean": "canonicalize"}}
    config(tmp_path, text_cfg=tokenizer)
    encoder = sightline.load(tmp_path, device="cpu")
    assert encoder.tokenize("a_CAT &amp; red!").tolist() == [[3, 4, 5] + [1] * 61]


def test_a_siglip_text_of_another_length_is_refused(tmp_path):
    peers_open_clip.open_clip_siglip(tmp_path)
    with pytest.raises(ValueError, match="always reads 64"):
        sightline.load(tmp_path, device="cpu").encode_text(peers.full_ids(length=32))


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"vision_cfg": {"attentional_pool": True}}, "vision_cfg asks for attentional_pool=True"),
        ({"vision_cfg": {"timm_model_name": "convnext_base"}}, "'convnext_base'; our towers build timm's vit_"),
        ({"vision_cfg": {"pool_type": "none"}}, "pool_type is 'none'"),
        ({"vision_cfg": {"width": 32}}, r"instead of \(32, 3, 8, 8\): visual.conv1.weight"),
        ({"vision_cfg": {"layers": 3}}, "missing: visual.transformer.resblocks.2.attn.in_proj_bias"),
        ({"text_cfg": {"hf_model_name": "roberta-base"}}, "text_cfg asks for hf_model_name='roberta-base'"),
        ({"text_cfg": {"pool_type": "last"}}, "pool_type 'last' with a causal mask"),
        ({"text_cfg": {"act_kwargs": {"approximate": "tanh"}}}, "without quick_gelu"),
        ({"embed_dim": 7}, r"instead of \(64, 7\): text_projection, visual.proj"),
        ({"init_logit_bias": -10}, "missing: logit_bias"),
    ],
)
def test_what_our_towers_do_not_do_is_refused(folder, changes, said):
    config(folder, **changes)
    with pytest.raises(ValueError, match=said):
        sightline.load(folder, device="cpu")


def test_openais_resnet_is_told_by_its_tensors(tmp_path):
    text, vision = peers_open_clip.OPEN_CLIP_TEXT | {"heads": 1}, peers_open_clip.OPEN_CLIP_RN["vision_cfg"]
    settings = peers_open_clip.OPEN_CLIP_RN | {"text_cfg": text, "vision_cfg": vision | {"width": 64}}
    peer = peers_open_clip.open_clip_peer(settings)
    extra = {"input_resolution": torch.tensor(64), "context_length": torch.tensor(12), "vocab_size": torch.tensor(60)}
    torch.save(dict(peer.state_dict()) | extra, tmp_path / "RN.pt")
    ours, images, ids = (
        sightline.load(tmp_path / "RN.pt", device="cpu"),
        peers.pictures(size=(64, 64)),
        peers.clip_ids(),
    )
    with torch.no_grad():
        assert peers.apart(peer.encode_image(images), ours.encode_image(images)) < 1e-4
        assert peers.apart(peer.encode_text(ids), ours.encode_text(ids)) < 1e-5


def test_openais_archives_say_how_to_be_converted(tmp_path):
    """The files on OpenAI's own server are TorchScript, which runs code."""
    with pytest.warns(FutureWarning):
        archive = torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2))
        torch.jit.save(archive, tmp_path / "ViT-B-32.pt")
    with pytest.raises(ValueError, match=r"torch.jit.load\(...\) with safetensors.torch.save_file"):
        sightline.load(tmp_path / "ViT-B-32.pt", device="cpu")
