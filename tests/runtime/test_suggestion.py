"""A name that is no encoder's is answered with the one that was meant."""

import pytest

from sightline.runtime.description import run_folder
from sightline.runtime.suggestion import did_you_mean

PUBLISHED = {
    "openai/clip-vit-base-patch32": "hf-hub:openai/clip-vit-base-patch32",
    "google/siglip2-base-patch16-224": "hf-hub:google/siglip2-base-patch16-224",
    "facebook/dinov2-base@main": "hf-hub:facebook/dinov2-base@main",
    "timm/vit_base_patch16_224.augreg_in21k": "hf-hub:timm/vit_base_patch16_224.augreg_in21k",
    "https://huggingface.co/openai/clip-vit-base-patch32": "hf-hub:openai/clip-vit-base-patch32",
    "https://huggingface.co/openai/clip-vit-base-patch32/tree/main": "hf-hub:openai/clip-vit-base-patch32",
    "huggingface.co/a/b/tree/v2": "hf-hub:a/b@v2",
    "hf:openai/x": "hf-hub:openai/x",
    "hf://openai/x": "hf-hub:openai/x",
    "clip-vit-large-patch14": "hf-hub:openai/clip-vit-large-patch14",
    "dinov2-base": "hf-hub:facebook/dinov2-base",
    "siglip-base-patch16-224": "hf-hub:google/siglip-base-patch16-224",
    "ViT-B-32": "open_clip:ViT-B-32/TAG",
    "ViT-B-32/laion2b_s34b_b79k": "open_clip:ViT-B-32/laion2b_s34b_b79k",
    "ViT-B/32": "open_clip:ViT-B-32/openai",
    "ViT-L/14@336px": "open_clip:ViT-L-14-336/openai",
    "RN50": "open_clip:RN50/TAG",
    "open-clip:RN50/openai": "open_clip:RN50/openai",
    "vit_base_patch16_224": "timm:vit_base_patch16_224",
    "vit_base_patch16_clip_224.openai": "timm:vit_base_patch16_clip_224.openai",
    "resnet50.a1_in1k": "timm:resnet50.a1_in1k",
    "TIMM:resnet18": "timm:resnet18",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_name_without_its_scheme(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as refusal:
        run_folder(name)
    assert f"Did you mean {PUBLISHED[name]}?" in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize("typed", ["runs/icon", "runs/Icons", "rums/icons", "local-dir:runs/icns", "./runs/iconz"])
def test_a_mistyped_path(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "icons").mkdir(parents=True)
    (tmp_path / "runs" / "photos").mkdir()
    with pytest.raises(ValueError, match=r"there is no encoder at .*Did you mean runs/icons\?"):
        run_folder(typed)


def test_a_name_like_nothing_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("runs/icons", "xyz", "./foo", "/nowhere/of/all", "a/b/c", "clip.icons", "C:\\runs", ""):
        assert did_you_mean(name) == "", name
    (tmp_path / "openai").mkdir()
    assert did_you_mean("openai/clip-vit-base-patch32") == ""
