"""What training leaves for search: the export of the weights it kept, never of others."""

import numpy as np
import pytest
from PIL import Image

import sightline
from sightline.recipes.find import train
from sightline.runtime.load import exported
from sightline.runtime.load import load as load_exported
from sightline.weights.onnx import export as exporting


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(12):
        Image.fromarray(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)).save(
            folder / f"thing {'abcdef'[i % 6]}{i}.png"
        )
    return str(folder)


def run(out, data, *more, **options):
    overrides = ["steps=2", "batch=4", *more]
    return train("clip.tiny", out=out, data=data, overrides=overrides, device="cpu", quiet=True, **options)


def test_a_finished_run_is_exported_once(pictures, tmp_path, monkeypatch):
    run(tmp_path, pictures)
    torchs, ours = sightline.load(tmp_path, device="cpu"), load_exported(tmp_path)
    assert ours.identity == torchs.identity
    np.testing.assert_allclose(ours.encode_text("a thing"), torchs.encode_text("a thing").numpy(), rtol=0, atol=1e-4)
    monkeypatch.setattr(exporting, "export_onnx", lambda folder: pytest.fail("exported twice"))
    run(tmp_path, pictures)
    assert exported(tmp_path)


def test_a_failed_export_is_one_line_and_leaves_no_stale_one(pictures, tmp_path, monkeypatch, capsys):
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "onnx.json").write_text('{"format": 1}')

    def refuse(folder):
        raise ValueError("this tower cannot be exported")

    monkeypatch.setattr(exporting, "export_onnx", refuse)
    done = train("clip.tiny", out=tmp_path, data=pictures, overrides=["steps=2", "batch=4"], device="cpu")
    said = [line for line in capsys.readouterr().err.splitlines() if "not exported to ONNX" in line]
    assert done.finished and len(said) == 1
    assert f"sightline convert {tmp_path} {tmp_path} --to onnx" in said[0]
    assert not (tmp_path / "onnx").exists() and sightline.load(tmp_path).reads_text


def test_a_run_without_export_leaves_none_and_no_stale_one(pictures, tmp_path):
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "onnx.json").write_text('{"format": 1}')
    assert run(tmp_path, pictures, export=False).finished
    assert not (tmp_path / "onnx").exists() and sightline.load(tmp_path).reads_text
