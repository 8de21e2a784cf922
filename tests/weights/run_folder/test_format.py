import json

import pytest
import torch

from sightline.methods.image_text.clip import CLIP
from sightline.methods.image_text.siglip import SigLIP
from sightline.protocols import Kept
from sightline.runtime.description import identity_of, read_description, stored_digest
from sightline.runtime.load import load as load_without_torch
from sightline.weights.convert.conversion import convert
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.run import load_encoder, save, save_encoder

FIRST = ("image", "text")


def as_first(folder):
    """The same folder as version 0.1.0 wrote it."""
    path = folder / "encoder.json"
    written = json.loads(path.read_text())
    parts = written.pop("parts")
    del written["capabilities"]
    path.write_text(json.dumps(written | {"format": 1} | {name: parts.get(name) for name in FIRST}))
    return folder


@pytest.mark.parametrize("kind", ["vit", "resnet"])
@pytest.mark.parametrize("method", [CLIP, SigLIP])
def test_both_formats_give_the_same_encoder_with_the_same_identity(made, tmp_path, kind, method):
    model, described = made(kind, method)
    save_encoder(tmp_path / "run", model, **described)
    image = torch.randn(2, 3, 16, 16)
    second = load_encoder(tmp_path / "run")
    first = load_encoder(as_first(tmp_path / "run"))
    assert first.identity == second.identity and first.capabilities == second.capabilities == ("embeds", "reads_text")
    assert torch.equal(first.encode_image(image), second.encode_image(image))
    assert torch.equal(first.encode_text(["a star"]), second.encode_text(["a star"]))


def test_a_run_of_the_first_format_keeps_its_identity_written_anew_and_in_both_engines(made, tmp_path):
    model, described = made()
    kept = Kept(parts={"image": model.image}, capabilities=("embeds",))  # of pictures alone there was no scale
    specs = {"image": described["image_spec"]}
    save(tmp_path / "run", kept, specs=specs, preprocess=described["preprocess"], tokenizer=None, dim=16)
    old = load_encoder(as_first(tmp_path / "run")).identity
    export_onnx(tmp_path / "run")
    assert load_without_torch(tmp_path / "run").identity == old
    convert(tmp_path / "run", tmp_path / "again", "sightline")
    assert json.loads((tmp_path / "again" / "encoder.json").read_text())["format"] == 2
    assert load_encoder(tmp_path / "again").identity == old


def test_the_identity_of_towers_is_that_of_the_first_format(run):
    """Written out, so that no later change of either side moves both."""
    import hashlib

    written = json.loads((run / "encoder.json").read_text())
    rules = [written["parts"][name] for name in FIRST] + [written[x] for x in ("dim", "preprocess", "tokenizer")]
    digest, words = stored_digest(run / "model.safetensors"), (run / "tokenizer.json").read_bytes()
    expected = hashlib.blake2b(digest.encode() + json.dumps(rules, sort_keys=True).encode() + words, digest_size=16)
    assert identity_of(read_description(run), digest, words) == expected.hexdigest() == load_encoder(run).identity
    other = read_description(run) | {"parts": written["parts"] | {"decoder": {"family": "linear"}}}
    assert identity_of(other, digest, words) != expected.hexdigest()


def test_a_file_lists_parts_and_capabilities(run):
    written = json.loads((run / "encoder.json").read_text())
    assert written["format"] == 2 and written["capabilities"] == ["embeds", "reads_text"]
    assert {name: part["family"] for name, part in written["parts"].items()} == {
        "image": "vit", "text": "transformer_text", "project_image": "linear", "project_text": "linear",
    }  # fmt: skip


def test_what_a_newer_version_can_do_is_left_out_and_the_rest_is_loaded(run):
    path = run / "encoder.json"
    written = json.loads(path.read_text())
    path.write_text(json.dumps(written | {"capabilities": ["embeds", "paints", "reads_text"]}))
    assert load_encoder(run).capabilities == ("embeds", "reads_text")
