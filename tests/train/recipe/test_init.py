"""A run that starts from an encoder: it begins with the encoder's own vectors, and locked towers stay as they are."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

import sightline
from sightline.data.sources.source import open_source
from sightline.recipes.find import find, train
from sightline.towers.spec import ConvCodecSpec, TextDecoderSpec
from sightline.train.folder import RunFolder
from sightline.train.recipe import init as starting
from sightline.train.recipe.parts import Parts

QUICK = ["steps=2", "batch=8"]
STILL = [*QUICK, "optim.lr=1e-60"]  # 0 in float32: weights stay as they are
TEXTS = ["a red thing", "arrow", "credit card"]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A run trained here for two steps."""
    out = tmp_path_factory.mktemp("first")
    train("clip.tiny", out=out, overrides=QUICK, device="cpu", quiet=True, export=False)
    return out


@pytest.fixture(scope="module")
def siglip(tmp_path_factory):
    """transformers' SigLIP, small and random, with a vocabulary: nothing projects pictures, texts a map with a bias."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import SiglipConfig, SiglipModel

    folder = tmp_path_factory.mktemp("siglip")
    small = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    text = small | dict(vocab_size=60, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=1)
    vision = small | dict(image_size=32, patch_size=8)
    torch.manual_seed(0)
    SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    words = Tokenizer(
        models.WordLevel({w: i for i, w in enumerate(["<pad>", "</s>", "<unk>", "red", "arrow"])}, "<unk>")
    )
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.add_special_tokens(["<pad>", "</s>"])
    words.save(str(folder / "tokenizer.json"))
    return folder


def vectors(name):
    encoder = sightline.load(name, device="cpu")
    icons = open_source("icons?n=4")
    pictures = torch.stack([encoder.preprocess(icons[i].image) for i in range(4)])
    return encoder.encode_image(pictures), encoder.encode_text(TEXTS)


def go(out, start, *overrides, recipe="clip.tiny", **options):
    return train(
        recipe, out=out, overrides=overrides, init=str(start), device="cpu", quiet=True, export=False, **options
    )


def test_a_run_begins_with_the_encoders_own_vectors(first, tmp_path):
    go(tmp_path, first, *STILL)
    for before, after in zip(vectors(first), vectors(tmp_path), strict=True):
        torch.testing.assert_close(before, after, rtol=1e-5, atol=1e-6)


def test_a_published_encoder_is_continued_with_its_tokenizer_and_its_projections(siglip, tmp_path):
    go(tmp_path, siglip, *STILL, recipe="siglip.tiny")
    for before, after in zip(vectors(siglip), vectors(tmp_path), strict=True):
        torch.testing.assert_close(before, after, rtol=1e-5, atol=1e-6)
    old, new = sightline.load(siglip, device="cpu"), sightline.load(tmp_path, device="cpu")
    assert torch.equal(old.tokenize(TEXTS), new.tokenize(TEXTS)) and new.rule == old.rule
    assert torch.equal(old.logit_bias, new.logit_bias) and torch.equal(old.logit_scale, new.logit_scale)


def test_a_scale_of_another_loss_is_not_taken(siglip, tmp_path):
    go(tmp_path, siglip, *STILL)
    assert float(sightline.load(tmp_path, device="cpu").logit_scale.exp()) == pytest.approx(1 / 0.07)


@pytest.mark.parametrize("lock", ["image", "text", "both"])
def test_locked_towers_do_not_move_and_others_do(first, tmp_path, lock):
    go(tmp_path, first, *QUICK, lock=lock)
    before, after = load_file(first / "model.safetensors"), load_file(tmp_path / "model.safetensors")
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"project_image", "project_text", "log_scale", "image", "text"} - set(
        ("image", "text") if lock == "both" else (lock,)
    )


def test_a_locked_batchnorm_keeps_its_statistics(tmp_path):
    train("clip.icons", out=tmp_path / "a", data="icons?n=32", overrides=QUICK, device="cpu", quiet=True, export=False)
    go(tmp_path / "b", tmp_path / "a", *QUICK, recipe="clip.icons", data="icons?n=32", lock="image")
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("image."))


def test_the_start_is_recorded_and_not_read_again(first, tmp_path, monkeypatch):
    go(tmp_path, first, *QUICK, lock="image")
    said = json.loads((tmp_path / "config.json").read_text())["init"]
    assert said["encoder"] == str(first) and said["lock"] == "image"
    assert said["identity"] == sightline.load(first, device="cpu").identity
    before = (tmp_path / "model.safetensors").read_bytes()

    def never(name, *more):
        raise AssertionError(name)

    monkeypatch.setattr(starting, "given", never)
    assert go(tmp_path, first, *QUICK, lock="image").finished
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_another_start_in_the_same_folder_is_refused(first, tmp_path):
    go(tmp_path, first, *QUICK, lock="image")
    with pytest.raises(ValueError, match="init.lock was 'image' and is 'text'"):
        go(tmp_path, first, *QUICK, lock="text")
    with pytest.raises(ValueError, match="init.encoder was .* and is None"):
        train("clip.tiny", out=tmp_path, overrides=QUICK, device="cpu", quiet=True)


def test_an_encoder_of_pictures_alone_gets_the_recipes_own_words(tmp_path):
    """What self-supervision taught goes on under CLIP: the image tower, with new projections, tokenizer and text."""
    from transformers import Dinov2Config, Dinov2Model

    config = Dinov2Config(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8)
    Dinov2Model(config).save_pretrained(tmp_path / "dino")
    for lock in ("image", "none"):
        out = tmp_path / lock
        go(out, tmp_path / "dino", *QUICK, "dim=24", lock=lock)
        before = dict(sightline.load(tmp_path / "dino", device="cpu").model.state_dict())
        after = load_file(out / "model.safetensors")
        kept = [torch.equal(before[name], after[name]) for name in before if name.startswith("image.")]
        assert all(kept) == (lock == "image") and len(kept) > 5
        pictures, texts = vectors(out)
        assert pictures.shape[1] == texts.shape[1] == 24
    assert go(tmp_path / "image", tmp_path / "dino", *QUICK, "dim=24", lock="image").finished  # again, as it is
    with pytest.raises(ValueError, match="--lock both: --init .*dino gives no text tower, that of clip.tiny is new"):
        go(tmp_path / "run", tmp_path / "dino", *QUICK, lock="both")
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize("key", ["dim=64", "image.depth=2", "parts.image.depth=2"])
def test_what_comes_from_the_encoder_cannot_be_set(first, tmp_path, key):
    with pytest.raises(ValueError, match=f"{key.split('=')[0].removeprefix('parts.')} comes from --init"):
        go(tmp_path, first, *QUICK, key)


def test_a_recipe_without_an_image_tower_has_nothing_to_start(first, tmp_path):
    made = replace(find("clip.tiny"), parts=Parts(codec=ConvCodecSpec(widths=(8,), code=4)))
    with pytest.raises(ValueError, match="--init fills an image tower, and clip.tiny has none; it has codec"):
        starting.begin(made, first, "none", RunFolder(tmp_path), ())


def test_parts_that_the_encoder_lacks_follow_the_words_of_the_run(first):
    decoder = TextDecoderSpec(vocab=5, length=4, dim=32, depth=1, heads=1)
    made = replace(find("clip.tiny"), parts=find("clip.tiny").parts | Parts(decoder=decoder))
    start = starting.begin(made, first, "none", RunFolder(first / "nothing"), ())
    fitted = start.fitted(start.tokenizer)
    assert fitted.parts.decoder.vocab == fitted.parts.text.vocab == start.tokenizer.vocab
    assert fitted.parts.image == start.recipe.parts.image


def test_a_lock_needs_an_encoder(tmp_path):
    with pytest.raises(ValueError, match="name the encoder with --init"):
        train("clip.tiny", out=tmp_path, overrides=QUICK, lock="image", device="cpu", quiet=True)


@pytest.mark.parametrize("recipe", ["clip.tiny", "byol.tiny"])
def test_it_starts_at_another_picture_size_with_the_vectors_of_that_size(siglip, tmp_path, recipe):
    """Positions are resized once, to the run's own grid, instead of at every picture."""
    data = {} if recipe == "clip.tiny" else {"data": "icons?n=16"}
    go(tmp_path, siglip, *STILL, "data.size=48", recipe=recipe, **data)
    old, new = sightline.load(siglip, device="cpu"), sightline.load(tmp_path, device="cpu")
    assert new.rule.size == 48 and new.model.image.position.grid == (6, 6)
    images = torch.randn(2, 3, 48, 48)
    torch.testing.assert_close(new.features(images).pooled, old.features(images).pooled, rtol=1e-4, atol=1e-5)
    again = go(tmp_path, siglip, *STILL, "data.size=48", recipe=recipe, **data)
    assert again.finished
    with pytest.raises(ValueError, match="started with data.size=48 and goes on with it, not with 40"):
        go(tmp_path, siglip, *STILL, "data.size=40", recipe=recipe, **data)


def test_a_size_that_does_not_divide_is_refused_with_those_that_do(siglip, tmp_path):
    with pytest.raises(ValueError, match="size 45 does not divide into patches of 8: set data.size=40 or 48"):
        go(tmp_path, siglip, *QUICK, "data.size=45")
    with pytest.raises(ValueError, match="image.size comes from --init .*; data.size=N reads pictures of another size"):
        go(tmp_path, siglip, *QUICK, "image.size=48")


@pytest.mark.parametrize("channels", [1, 4])
def test_an_encoder_of_other_channels_starts_on_colours(tmp_path, channels):
    import timm
    from timm.models import save_for_hf

    small = dict(img_size=32, patch_size=8, embed_dim=64, depth=1, num_heads=1, num_classes=0)
    peer = timm.create_model("vit_small_patch16_224", in_chans=channels, **small)
    save_for_hf(peer, tmp_path / "vit", safe_serialization=True)
    go(tmp_path / "run", tmp_path / "vit", *STILL, "dim=16")
    old, new = (sightline.load(tmp_path / name, device="cpu") for name in ("vit", "run"))
    assert new.rule.channels == 3 and len(new.rule.mean) == 3
    if channels == 1:  # a third of the kernel for each of three equal bands
        grey = torch.randn(2, 1, 32, 32)
        torch.testing.assert_close(
            new.features(grey.expand(-1, 3, -1, -1)).pooled, old.features(grey).pooled, rtol=1e-4, atol=1e-5
        )


def test_a_name_of_timm_starts_a_run(monkeypatch, tmp_path):
    import timm

    make, small = timm.create_model, dict(img_size=32, patch_size=8, embed_dim=64, depth=1, num_heads=1)
    small["pretrained_cfg_overlay"] = dict(input_size=(3, 32, 32))
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained=False, **more: make(name, **(small | more)))
    assert go(tmp_path, "timm:vit_small_patch16_224", *QUICK, "dim=16").finished


@pytest.mark.parametrize("spec", ["learned", "attention pooling", "sines", "flexible", "resnet"])
def test_weights_at_another_size_give_what_the_tower_gives_there(spec):
    from sightline.towers import spec as s
    from sightline.weights.resized import with_size

    sizes = dict(size=32, patch=8, dim=16, depth=1, heads=2)
    made = {
        "learned": s.ViTSpec(**sizes),
        "attention pooling": s.ModifiedResNetSpec(depths=(1, 1), width=8, heads=2, out=5, size=32),
        "sines": s.ViTSpec(**sizes, position=s.SinCosSpec()),
        "flexible": s.FlexiViTSpec(**sizes, kernel=8, grid=4),
        "resnet": s.ResNetSpec(depths=(1, 1), width=8),
    }[spec]
    tower, image = made.build().eval(), torch.randn(2, 3, 48, 48)
    changed, tensors = with_size(made, {f"image.{name}": value for name, value in tower.state_dict().items()}, 48)
    again = changed.build().eval()
    again.load_state_dict({name.removeprefix("image."): value for name, value in tensors.items()})
    torch.testing.assert_close(again(image).pooled, tower(image).pooled, rtol=1e-4, atol=1e-5)
