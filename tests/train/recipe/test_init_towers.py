"""A run that starts from one tower of an encoder: a sentence encoder for words, another encoder for pictures."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

import sightline
from sightline.recipes.find import find, train
from sightline.train.folder import RunFolder
from sightline.train.recipe import init as starting

QUICK = ["steps=2", "batch=8"]
TEXTS = ["a red thing", "arrow", "credit card"]
PIECES = "[PAD] [UNK] [CLS] [SEP] [MASK] a red arrow credit card star s thing the".split()


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """transformers' BERT, small and random, with a vocabulary and sentence-transformers' pooling by the first token."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    small = dict(hidden_size=48, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    config = BertConfig(**small, vocab_size=len(PIECES), max_position_embeddings=20)
    BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    steps = [{"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "1_Pooling"}]
    (folder / "modules.json").write_text(json.dumps(steps))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    from transformers import Dinov2Config, Dinov2Model

    folder = tmp_path_factory.mktemp("dino")
    config = Dinov2Config(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8)
    Dinov2Model(config).save_pretrained(folder)
    return folder


def go(out, init, *overrides, **options):
    settings = dict(device="cpu", quiet=True, export=False) | options
    return train("clip.tiny", out=out, overrides=[*QUICK, *overrides], init=init, **settings)


def begun(folder, init, lock="none"):
    return starting.begin(find("clip.tiny"), init, lock, RunFolder(folder), ())


@pytest.mark.parametrize("lock", ["text", "none"])
def test_a_sentence_encoder_is_the_text_tower_and_projections_are_new(words, tmp_path, lock):
    go(tmp_path, f"text={words}", "dim=24", "image.depth=1", lock=lock)
    before, after = sightline.load(words, device="cpu"), sightline.load(tmp_path, device="cpu")
    assert torch.equal(before.tokenize(TEXTS), after.tokenize(TEXTS)) and after.dim == 24
    old, new = before.model.text.state_dict(), after.model.text.state_dict()
    assert all(torch.equal(old[name], new[name]) for name in old) == (lock == "text")
    assert after.model.project_text.weight.shape == (24, 48)
    if lock == "text":
        expected = after.model.project_text(before.encode_text(TEXTS))
        torch.testing.assert_close(after.encode_text(TEXTS), expected, rtol=1e-5, atol=1e-6)
    assert json.loads((tmp_path / "config.json").read_text())["init"]["encoder"] == f"text={words}"


def test_a_locked_text_tower_keeps_nothing_for_a_backward_pass(words, tmp_path):
    start = begun(tmp_path, f"text={words}", "text")
    recipe = start.fitted(start.tokenizer)
    method = recipe.build(recipe)
    start.fill(method)
    ids = torch.from_numpy(start.tokenizer(TEXTS))
    assert not method.text(ids).requires_grad and method.encode_text(ids).requires_grad
    assert not method.text.training and not any(p.requires_grad for p in method.text.parameters())


def test_a_run_goes_on_without_reading_the_tower_again(words, tmp_path, monkeypatch):
    go(tmp_path, f"text={words}", lock="text")
    before = (tmp_path / "model.safetensors").read_bytes()

    def never(name, *more):
        raise AssertionError(name)

    monkeypatch.setattr(starting, "given", never)
    assert go(tmp_path, [f"text={words}"], lock="text").already
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_two_encoders_are_joined_a_tower_each(words, pictures, tmp_path):
    go(tmp_path, [f"image={pictures}", f"text={words}"], "dim=24", lock="both")
    after = load_file(tmp_path / "model.safetensors")
    for name, folder in (("image", pictures), ("text", words)):
        tower = getattr(sightline.load(folder, device="cpu").model, name).state_dict()
        assert all(torch.equal(after[f"{name}.{key}"], value) for key, value in tower.items())
    joined, seen = sightline.load(tmp_path, device="cpu"), sightline.load(pictures, device="cpu")
    assert joined.rule == seen.rule and after["project_image.weight"].shape == (24, 32)


def test_of_a_whole_encoder_one_tower_is_taken_alone(tmp_path):
    train("clip.tiny", out=tmp_path / "a", overrides=QUICK, device="cpu", quiet=True, export=False)
    whole = load_file(tmp_path / "a" / "model.safetensors")
    for tower, other in (("image", "text"), ("text", "image")):
        go(tmp_path / tower, f"{tower}={tmp_path / 'a'}", "dim=24", lock=tower)
        after = load_file(tmp_path / tower / "model.safetensors")
        assert all(torch.equal(after[name], value) for name, value in whole.items() if name.startswith(f"{tower}."))
        assert after[f"project_{tower}.weight"].shape[0] == 24 != whole[f"project_{tower}.weight"].shape[0]
        name = f"{other}.stack.blocks.0.mlp.fc1.weight"
        assert not torch.equal(after[name], whole[name])


@pytest.mark.parametrize(
    ("init", "lock", "message"),
    [
        (["text={pictures}"], "none", "--init text=.*dino.* has no text tower"),
        (["image={words}"], "none", "--init image=.*bert.* has no image tower"),
        (
            ["text={words}"],
            "image",
            "--lock image: --init text=.*bert.* gives no image tower, that of clip",
        ),
        (["image={pictures}"], "both", "--lock both: --init image=.* gives no text tower"),
        (["text={words}", "text={words}"], "none", "name one encoder, or one for each tower"),
        (["{pictures}", "text={words}"], "none", "name one encoder, or one for each tower"),
        (["text={words}", "{pictures}"], "none", "name one encoder, or one for each tower"),
        ([], "none", "names no encoder"),
    ],
)
def test_what_cannot_start_is_refused(words, pictures, tmp_path, init, lock, message):
    with pytest.raises(ValueError, match=message):
        begun(tmp_path, [name.format(words=words, pictures=pictures) for name in init], lock)


def test_a_recipe_without_a_text_tower_refuses_one(words, tmp_path):
    made = find("simclr.tiny")
    with pytest.raises(ValueError, match="--init fills a text tower, and simclr.tiny has none; it has image"):
        starting.begin(made, f"text={words}", "none", RunFolder(tmp_path), ())


@pytest.mark.parametrize("key", ["text.depth=2", "data.tokenizer=BPE()"])
def test_what_comes_with_the_tower_cannot_be_set(words, tmp_path, key):
    with pytest.raises(ValueError, match=f"{key.split('=')[0]} comes from --init text="):
        starting.begin(find("clip.tiny"), f"text={words}", "none", RunFolder(tmp_path), [key])


def test_a_pooling_taken_for_granted_is_said(words, tmp_path):
    import shutil

    folder = shutil.copytree(words, tmp_path / "plain")
    (folder / "modules.json").unlink()
    [note] = begun(tmp_path / "run", f"text={folder}").notes
    assert "their mean is taken" in note and str(folder) in note
    assert begun(tmp_path / "run", f"text={words}").notes == ()


def test_a_tower_of_another_width_meets_a_projection_of_its_own(words, tmp_path):
    recipe = begun(tmp_path, f"text={words}").recipe
    method = recipe.build(replace(recipe, dim=7))
    assert method.project_text.weight.shape == (7, 48) and method.project_image.weight.shape == (7, 192)
