import json
import subprocess
import sys

import numpy as np
import pytest

from sightline.runtime.load import exported, load
from sightline.weights.onnx.export import export_onnx

NO_TORCH = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("einops", "jaxtyping", "onnx", "onnxscript", "torch"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def refused(run, *words):
    """`load` refuses `run` with all of `words`, and `exported` agrees."""
    with pytest.raises(ValueError) as refusal:
        load(run)
    assert all(word in str(refusal.value) for word in words), refusal.value
    assert not exported(run)


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_light_copy_loads_without_the_weights(light, run):
    assert exported(light) and load(f"local-dir:{light}").encode_text("a").shape == (1, 12)


def test_a_run_without_an_export_says_how_to_make_one(saved, tmp_path):
    refused(saved(tmp_path), "is not exported", "pip install 'sightline[train]'", f"convert {tmp_path} {tmp_path} --to")


def test_an_export_of_older_weights_is_stale(run, saved):
    saved(run, seed=1, bias=-3.0)
    refused(run, "is stale", "model.safetensors was written since", "--to onnx")
    export_onnx(run)
    assert exported(run)


def test_rules_or_words_of_another_run_are_refused(run):
    rule = json.loads((run / "encoder.json").read_text())["preprocess"]
    whole = (run / "encoder.json").read_text()
    change(run / "encoder.json", preprocess=rule | {"resize": "squash"})
    refused(run, "another encoder.json or tokenizer.json")
    (run / "encoder.json").write_text(whole)
    change(run / "encoder.json", trained_on="renamed")
    assert exported(run)
    change(run / "tokenizer.json", buckets=65)
    refused(run, "another encoder.json or tokenizer.json")


@pytest.mark.parametrize("name", ["image.onnx", "text.onnx"])
def test_a_cut_missing_or_foreign_graph_is_named(light, name):
    path = light / "onnx" / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    refused(light, name, "it is cut or foreign", "copy the whole run folder again")
    path.unlink()
    refused(light, name, "is missing")
    for content, says in (
        (np.random.default_rng(0).bytes(len(whole)), "is cut or no graph that this onnxruntime reads"),
        (whole[: len(whole) // 2].ljust(len(whole), b"\0"), "is cut or no graph that this onnxruntime reads"),
        (whole.replace(b"sightline.weights", b"sightline.strange"), "was not exported from the weights of this run"),
    ):
        path.write_bytes(content)
        encoder = load(light)
        with pytest.raises(ValueError, match=f"{name} {says}"):
            encoder.encode_text("a") if name == "text.onnx" else encoder.encode_image(np.zeros((16, 16, 3), np.uint8))


def test_a_damaged_or_newer_description_is_refused(light):
    path = light / "onnx" / "onnx.json"
    whole = path.read_text()
    for content, says in (
        (whole[:50], "cut or not JSON"),
        ("[]", "no format number"),
        (json.dumps(json.loads(whole) | {"format": 2}), "format 2; this version reads up to 1"),
        (json.dumps({"format": 1}), "lacks fields"),
        (json.dumps(json.loads(whole) | {"image": None}), "lacks fields"),
    ):
        path.write_text(content)
        refused(light, str(path), says)
    text = json.loads(whole)["text"]
    path.write_text(json.dumps(json.loads(whole) | {"text": text | {"crop": {"kind": "middle", "id": 1}}}))
    with pytest.raises(ValueError, match=r"onnx\.json: a crop of token ids is null or has a kind of padding, end"):
        load(light)


def test_a_damaged_safetensors_file_beside_it_is_refused(run):
    whole = (run / "model.safetensors").read_bytes()
    for content in (b"", whole[:100], b"\xff" * 100, (2).to_bytes(8, "little") + b"[]"):
        (run / "model.safetensors").write_bytes(content)
        refused(run, "model.safetensors")


def test_an_encoder_without_its_tokenizer_is_refused(light):
    (light / "tokenizer.json").unlink()
    refused(light, "tokenizer.json is missing")


def test_other_devices_need_torch(run):
    with pytest.raises(ValueError, match=r"device 'cuda' needs torch: pip install 'sightline\[train\]'"):
        load(run, device="cuda")


def test_names_mean_what_they_mean_to_torch(run, tmp_path):
    for name, says in (
        ("hf-hub:google/siglip2", "published encoders are read with torch"),
        ("zip:a.zip", "unknown kind of encoder"),
        (tmp_path / "nowhere", "there is no encoder at"),
        (run / "encoder.json", "is a file"),
    ):
        refused(name, says)


def test_without_torch_the_package_loads_the_export(light):
    code = f"""
import json, sightline
encoder = sightline.load({str(light)!r})
text = encoder.encode_text(["a red star"])
unwanted = {{"torch", "tokenizers", "onnx", "huggingface_hub"}} & set(sys.modules)
print(json.dumps([type(encoder).__name__, text.tolist(), sorted(unwanted)]))
"""
    done = subprocess.run([sys.executable, "-c", NO_TORCH + code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    kind, vector, unwanted = json.loads(done.stdout)
    assert (kind, unwanted) == ("OnnxEncoder", [])
    np.testing.assert_allclose(vector, load(light).encode_text("a red star"), atol=1e-6)


def test_opening_an_encoder_reads_nothing_large(run):
    code = f"""
import sys
from sightline.runtime.load import load
load({str(run)!r}).tokenize("a")
print(sorted({{"torch", "tokenizers", "onnxruntime", "safetensors"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
