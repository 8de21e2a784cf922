import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.siglip import SigLIP
from sightline.weights.load import load, pick
from sightline.weights.run_folder.run import load_encoder, save_encoder


@pytest.mark.parametrize("kind", ["vit", "resnet"])
@pytest.mark.parametrize("method", [CLIP, SigLIP])
def test_what_is_loaded_embeds_as_what_was_saved(made, tmp_path, kind, method, tokenizer):
    model, described = made(kind, method)
    save_encoder(tmp_path, model, **described, extra={"trained_on": "icons:train", "recipe": "clip.tiny"})
    encoder = load_encoder(tmp_path)
    image, texts = torch.randn(3, 3, 16, 16), ["a red star", "a gear"]
    with torch.no_grad():
        torch.testing.assert_close(encoder.encode_image(image), model.encode_image(image), rtol=1e-5, atol=1e-6)
        tokens = torch.from_numpy(tokenizer(texts))
        torch.testing.assert_close(encoder.encode_text(texts), model.encode_text(tokens), rtol=1e-5, atol=1e-6)
    assert float(encoder.logit_scale) == float(model.log_scale.detach())
    assert (encoder.logit_bias is None) == (method is CLIP)
    written = json.loads((tmp_path / "encoder.json").read_text())
    assert written["similarity"] == ("softmax" if method is CLIP else "sigmoid")
    assert (written["trained_on"], written["recipe"]) == ("icons:train", "clip.tiny")


def test_a_run_holds_three_files_and_nothing_temporary(run):
    assert sorted(p.name for p in run.iterdir()) == ["encoder.json", "model.safetensors", "tokenizer.json"]


def test_identity_names_weights_and_rules(made, tmp_path):
    def identity(name, change=None, seed=0):
        model, described = made(seed=seed)
        save_encoder(tmp_path / name, model, **described)
        if change:
            path = tmp_path / name / "encoder.json"
            path.write_text(json.dumps(change(json.loads(path.read_text()))))
        return load_encoder(tmp_path / name).identity

    def squashed(written):
        return written | {"preprocess": written["preprocess"] | {"resize": "squash"}}

    first = identity("a")
    assert identity("b") == first
    assert identity("c", lambda written: written | {"trained_on": "renamed"}) == first
    assert identity("d", squashed) != first
    assert identity("e", seed=1) != first


def test_loading_leaves_the_random_stream_alone(run):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    load_encoder(run)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("name", ["encoder.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_or_cut_file_is_named_with_what_to_do(run, name):
    whole = (run / name).read_bytes()
    for part in (0.0, 0.3, 0.9):
        (run / name).write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(ValueError, match=name) as refusal:
            load(run)
        assert "copy the whole run folder again" in str(refusal.value)
    (run / name).unlink()
    with pytest.raises(ValueError, match=f"{name} is missing"):
        load(run)


def test_weights_of_another_model_are_refused_naming_what_differs(run, made, tmp_path):
    model, described = made("resnet")
    save_encoder(tmp_path / "other", model, **described)
    (tmp_path / "other" / "model.safetensors").replace(run / "model.safetensors")
    with pytest.raises(ValueError, match=r"model.safetensors does not fit .*is missing"):
        load(run)


def test_a_newer_format_an_unknown_family_and_missing_fields_are_refused(run):
    path = run / "encoder.json"
    written = json.loads(path.read_text())
    for change, says in (
        ({"format": 3}, "format 3; this version reads up to 2"),
        ({"format": "one"}, "no format number"),
        ({"parts": written["parts"] | {"image": written["parts"]["image"] | {"family": "nonesuch"}}}, "nonesuch"),
        ({"parts": 3}, "`parts` is no object"),
        ({"preprocess": written["preprocess"] | {"sharpen": 1}}, "sharpen"),
    ):
        path.write_text(json.dumps(written | change))
        with pytest.raises(ValueError, match=says):
            load(run)
    path.write_text(json.dumps({key: value for key, value in written.items() if key != "dim"}))
    with pytest.raises(ValueError, match="lacks dim"):
        load(run)


def test_extra_may_not_replace_what_the_encoder_decides(made, tmp_path):
    model, described = made()
    with pytest.raises(ValueError, match="dim"):
        save_encoder(tmp_path, model, **described, extra={"dim": 3})
    assert not list(tmp_path.iterdir())


def test_the_grammar_of_names(run, tmp_path):
    assert load(f"local-dir:{run}").identity == load(str(run)).identity
    with pytest.raises(ValueError, match="unknown kind of encoder 'zip'"):
        load("zip:a.zip")
    with pytest.raises(ValueError, match="there is no encoder at"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="is a file"):
        load(run / "encoder.json")
    with pytest.raises(ValueError, match="unknown device 'gpu'"):
        load(run, device="gpu")
    assert pick("auto").type in ("cpu", "cuda", "mps")


def test_the_kept_encoder_at_the_top_comes_before_best(run, made, tmp_path):
    top = load(run).identity
    model, described = made(seed=5)
    save_encoder(run / "best", model, **described)
    assert load(run).identity == top
    for name in ("encoder.json", "model.safetensors", "tokenizer.json"):
        (run / name).unlink()
    assert load(run).identity not in ("", top)


FULL_DISK = """
import resource, sys
sys.path.insert(0, {tests!r})
import pytest, torch
from sightline.methods.image_text.clip import CLIP
from sightline.text.tokenizer import Tokenizer
from sightline.weights.load import load
from sightline.weights.run_folder.run import save_encoder
from conftest import IMAGE, RULE, CAPTIONS
from sightline.towers.spec import BagSpec
torch.set_num_threads(1)
tokenizer = Tokenizer.load({run!r} + "/tokenizer.json")
text = BagSpec(vocab=tokenizer.vocab, length=12, dim=16)
model = CLIP(IMAGE["resnet"].build(), text.build(), dim=16)
for limit in (10, 15_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        rules = dict(preprocess=RULE, tokenizer=tokenizer, dim=16)
        save_encoder({run!r}, model, image_spec=IMAGE["resnet"], text_spec=text, **rules)
    except OSError as error:
        print("refused:", error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_leaves_the_old_encoder(run):
    """Twice: the tokenizer does not fit; the weights do not fit."""
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    script = FULL_DISK.format(tests=str(Path(__file__).parents[1]), run=str(run))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.count("refused: ") == done.stdout.count("unchanged") == 2, done.stdout + done.stderr
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before
    assert np.isfinite(load(run).encode_text("a star").numpy()).all()
