import json
import shutil

import numpy as np
import onnx
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import Preprocess
from sightline.runtime.load import exported
from sightline.runtime.load import load as load_exported
from sightline.towers import spec as s
from sightline.weights.convert.conversion import convert
from sightline.weights.load import load
from sightline.weights.onnx import graph as exporting
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

SIZES = {"patch": 4, "dim": 16, "depth": 2, "heads": 2, "length": 20, "grid": 4}
TOWERS = {
    "map": s.NaFlexSpec(**SIZES),
    "map-registers": s.NaFlexSpec(**SIZES, pool=s.Map(registers=2)),
    "mean-gelu": s.NaFlexSpec(**SIZES, pool=s.Mean(), act="gelu"),
    "cls-entry-scale": s.NaFlexSpec(**SIZES, pool=s.Cls(registers=1), entry=s.Norm(), layer_scale=0.5),
}
PICTURES = [
    np.random.default_rng(row).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for row, shape in enumerate(((9, 9), (5, 60), (48, 7), (1, 90), (20, 30)))
]


def saved(folder, image, seed=0):
    torch.manual_seed(seed)
    tower = image.build().eval()
    with torch.no_grad():
        for value in tower.parameters():
            value.add_(torch.randn_like(value) * 0.2)
    model = Joint(tower, None, nn.Linear(16, 12), nn.Identity(), torch.tensor(2.5), None)
    rule = NaFlexRule(patch=4, length=20)
    save_encoder(folder, model, image_spec=image, text_spec=None, preprocess=rule, tokenizer=None, dim=12)
    return folder


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A run of NaFlex with its export, its vectors before and the identity then."""
    folder = saved(tmp_path_factory.mktemp("naflex") / "run", TOWERS["map"])
    encoder = load(folder, device="cpu")
    before = encoder.encode_image(PICTURES)
    export_onnx(folder)
    return folder, before, encoder.identity


@pytest.fixture
def run(once, tmp_path):
    """This test's own copy."""
    return shutil.copytree(once[0], tmp_path / "run")


@pytest.mark.parametrize("kind", TOWERS)
def test_every_kind_of_naflex_gives_the_same_vectors_as_in_torch(kind, tmp_path, capfd):
    saved(tmp_path, TOWERS[kind])
    found = export_onnx(tmp_path)
    assert capfd.readouterr() == ("", "")
    assert found.image is not None and found.image <= 1e-5 and found.text is None
    torchs, ours = load(tmp_path, device="cpu"), load_exported(tmp_path)
    assert ours.identity == torchs.identity
    for some in (PICTURES[:1], PICTURES[3:4], PICTURES[1:3], PICTURES):
        expected = torchs.encode_image(some).numpy()
        assert np.abs(expected).max() > 0.05
        np.testing.assert_allclose(ours.encode_image(some), expected, rtol=0, atol=1e-5)


def test_the_graph_has_three_inputs_and_the_table_lies_beside_it(run):
    names = sorted(path.name for path in (run / "onnx").iterdir())
    assert names == ["image.onnx", "onnx.json", "positions.safetensors"]
    graph = onnx.load(run / "onnx" / "image.onnx").graph
    shapes = {x.name: [side.dim_param or side.dim_value for side in x.type.tensor_type.shape.dim] for x in graph.input}
    assert shapes == {"patches": ["b", "n", 48], "mask": ["b", "n"], "position": ["b", "n", 16]}
    table = load_file(run / "onnx" / "positions.safetensors")["positions"]
    kept = load(run, device="cpu").model.image.vit.position.weight.detach().numpy()
    assert np.array_equal(table, kept.reshape(4, 4, 16))
    about = json.loads((run / "onnx" / "onnx.json").read_text())
    size = (run / "onnx" / "positions.safetensors").stat().st_size
    assert about["image"]["positions"] == {
        "file": "positions.safetensors",
        "bytes": size,
        "resample": "bilinear_antialias",
    }


def test_exporting_leaves_the_weights_as_they_were(once):
    folder, before, identity = once
    encoder = load(folder, device="cpu")
    assert encoder.identity == identity
    torch.testing.assert_close(encoder.encode_image(PICTURES), before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "position", [s.SinCosSpec(), s.RotarySpec(), s.LearnedSpec(resample="bicubic")], ids=["sincos", "rotary", "bicubic"]
)
def test_other_positions_are_refused_by_name_and_nothing_is_written(tmp_path, position):
    saved(tmp_path / "run", s.NaFlexSpec(**SIZES, position=position))
    with pytest.raises(ValueError, match="with other positions than a learned table resized by bilinear_antialias"):
        convert(tmp_path / "run", tmp_path / "light", "onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["run"] and not (tmp_path / "run" / "onnx").exists()


def test_engines_that_differ_are_refused_and_nothing_changes(run, once, monkeypatch):
    before = {p.name: p.read_bytes() for p in (run / "onnx").iterdir()}
    graph = once[0] / "onnx" / "image.onnx"
    monkeypatch.setattr("sightline.weights.onnx.naflex.write_graph", lambda *args: shutil.copy(graph, args[-1]))
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)
    with pytest.raises(ValueError, match="image tower differs from torch by"):
        export_onnx(run)
    assert {p.name: p.read_bytes() for p in (run / "onnx").iterdir()} == before


def test_older_weights_are_stale_and_an_export_of_another_kind_takes_the_table_away(run):
    saved(run, TOWERS["map"], seed=1)
    assert exported(run) is False
    image = s.ViTSpec(size=16, patch=4, dim=16, depth=1, heads=2)
    model = Joint(image.build().eval(), None, nn.Linear(16, 12), nn.Identity(), torch.tensor(2.5), None)
    rule = Preprocess(size=16)
    save_encoder(run, model, image_spec=image, text_spec=None, preprocess=rule, tokenizer=None, dim=12)
    export_onnx(run)
    assert exported(run) and not (run / "onnx" / "positions.safetensors").exists()
