import json
import logging
import shutil

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from sightline.data.prepare.preprocess import Preprocess
from sightline.runtime.load import exported
from sightline.runtime.load import load as load_exported
from sightline.text.ngram import NGrams
from sightline.towers import spec as s
from sightline.weights.load import load
from sightline.weights.onnx import graph as exporting
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

SIZE, LENGTH = 32, 12
VIT = {"size": SIZE, "patch": 8, "dim": 16, "depth": 2, "heads": 2}
CONV = s.ConvStemSpec(kernels=(6, 2), strides=(4, 2), widths=(8, 16))
TRANSFORMER = {"vocab": 300, "length": LENGTH, "dim": 16, "depth": 2, "heads": 2}
# a tower of pictures, a tower of texts, and whether projections follow; each kind of part at least once
PAIRS = {
    "basic-mean-bag": (s.ResNetSpec(depths=(1, 1), width=8), s.BagSpec(vocab=64, length=LENGTH, dim=16), True),
    "bottleneck-flat-mlp": (
        s.ResNetSpec(depths=(1, 1), width=4, block="bottleneck", stem=s.StandardStem(), pool=s.FlatMapSpec(grid=4)),
        s.BagSpec(vocab=64, length=LENGTH, dim=16, hidden=24),
        True,
    ),
    "flat-of-another-grid": (
        s.ResNetSpec(depths=(1, 1), width=8, stem=s.SmallStem(stride=4), pool=s.FlatMapSpec(grid=3)),
        None,
        True,
    ),
    "generalised-mean-of-a-map": (s.ResNetSpec(depths=(1, 1), width=8, pool=s.GemMapSpec(p=2.0)), None, True),
    "regional-maxima": (s.ResNetSpec(depths=(1, 1), width=8, pool=s.RMacMapSpec()), None, False),
    "generalised-mean": (s.ViTSpec(**VIT, pool=s.Gem()), None, True),
    "cls-causal": (s.ViTSpec(**VIT), s.TransformerTextSpec(**TRANSFORMER), True),
    "registers-full": (
        s.ViTSpec(**VIT, pool=s.Cls(registers=2), entry=s.Norm(eps=1e-5), act="quick_gelu"),
        s.TransformerTextSpec(**TRANSFORMER, reading=s.Full(), act="gelu_tanh"),
        False,
    ),
    "mean-conv-moco": (
        s.ViTSpec(**VIT, pool=s.Mean(), stem=CONV, position=s.SinCosSpec()),
        s.BagSpec(vocab=64, length=LENGTH, dim=16),
        False,
    ),
    "mean-bert": (
        s.ResNetSpec(depths=(1, 1), width=8),
        s.BertTextSpec(vocab=300, length=LENGTH, dim=16, depth=2, heads=2, embed=8),
        True,
    ),
    "first-of-bert": (
        s.ResNetSpec(depths=(1, 1), width=8),
        s.BertTextSpec(vocab=300, length=LENGTH, dim=16, depth=2, heads=2, pool=s.FirstToken()),
        True,
    ),
    "map-mae": (s.ViTSpec(**VIT, pool=s.Map(), position=s.SinCosSpec(layout="mae"), act="gelu_tanh"), None, False),
}


def randomised(module):
    """What starts at zero or one hides the path behind it: every tensor moves, running statistics too."""
    for name, value in module.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn_like(value) * 0.1
            value.copy_(1 + noise.abs() if name.endswith("running_var") else value + noise)
    return module.eval()


def saved(folder, image, text, projected, tokenizer):
    tower, reader = image.build(), None if text is None else text.build()
    with torch.no_grad():
        width = tower(torch.zeros(1, 3, SIZE, SIZE)).pooled.shape[1]
    dim = 10 if projected else width
    projections = (nn.Linear(width, dim), nn.Linear(16, dim)) if projected else (nn.Identity(), nn.Identity())
    model = Joint(tower, reader, *projections, torch.tensor(2.5), None)
    if text is None:
        model.project_text = nn.Identity()
    save_encoder(
        folder,
        randomised(model),
        image_spec=image,
        text_spec=text,
        preprocess=Preprocess(size=SIZE),
        tokenizer=None if text is None else tokenizer,
        dim=dim,
    )


@pytest.fixture
def bag_of(tokenizer):
    return lambda text: NGrams(buckets=64, length=LENGTH) if isinstance(text, s.BagSpec) else tokenizer


@pytest.fixture(scope="module")
def exported_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "run"
    image, text, projected = PAIRS["basic-mean-bag"]
    saved(folder, image, text, projected, NGrams(buckets=64, length=LENGTH))
    export_onnx(folder)
    return folder


@pytest.fixture
def run(exported_once, tmp_path):
    """A run folder with its export, this test's own."""
    return shutil.copytree(exported_once, tmp_path / "run")


@pytest.fixture
def traced(exported_once, monkeypatch):
    """Exporting takes the graphs that were traced for the same weights: what is tried here stands around them."""

    def write(module, example, shapes, weights, path):
        shutil.copy(exported_once / "onnx" / f"{'text' if 'tokens' in example else 'image'}.onnx", path)

    monkeypatch.setattr("sightline.weights.onnx.image.write_graph", write)
    monkeypatch.setattr("sightline.weights.onnx.text.write_graph", write)


@pytest.mark.parametrize("kind", PAIRS)
def test_every_tower_gives_the_same_vectors_as_in_torch(kind, tmp_path, bag_of, capfd, caplog):
    image, text, projected = PAIRS[kind]
    saved(tmp_path, image, text, projected, bag_of(text))
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with caplog.at_level(logging.WARNING):
        found = export_onnx(tmp_path)
    assert torch.equal(torch.rand(2), expected)  # nobody's draws are touched
    assert capfd.readouterr() == ("", "") and not caplog.records
    assert found.image <= 1e-4 and (found.text is None) == (text is None)
    for file in (tmp_path / "onnx").glob("*.onnx"):
        graph = onnx.load(file)
        assert [(used.domain, used.version) for used in graph.opset_import] == [("", 20)] and graph.ir_version <= 10
    torchs, ours = load(tmp_path, device="cpu"), load_exported(tmp_path)
    random = np.random.default_rng(1)
    for count in (1, 2, 5, 9):
        pictures = random.normal(size=(count, 3, SIZE, SIZE)).astype(np.float32)
        expected = torchs.encode_image(pictures).numpy()
        assert np.abs(expected).max() > 0.05
        np.testing.assert_allclose(ours.encode_image(pictures), expected, rtol=0, atol=1e-4)
    if text is None:
        return
    texts = ["", "a", "a red star", "shopping cart " * 30, "🦊 é"]
    for some in (texts[:1], texts[1:3], texts, texts * 2):
        expected = torchs.encode_text(some).numpy()
        np.testing.assert_allclose(ours.encode_text(some), expected, rtol=0, atol=1e-4)
        ours_whole = ours.text(ours.tokenize(some))
        np.testing.assert_allclose(ours_whole, expected, rtol=0, atol=1e-4)


def test_the_export_says_whose_it_is(run):
    assert sorted(p.name for p in (run / "onnx").iterdir()) == ["image.onnx", "onnx.json", "text.onnx"]
    about = json.loads((run / "onnx" / "onnx.json").read_text())
    assert about["format"] == 1 and about["identity"] == load(run).identity
    assert 0 <= about["max_difference"]["image"] <= 1e-4 and 0 <= about["max_difference"]["text"] <= 1e-4
    assert about["text"]["crop"] == {"kind": "padding", "id": 0}
    for part in ("image", "text"):
        assert about[part]["bytes"] == (run / "onnx" / f"{part}.onnx").stat().st_size


def test_a_light_copy_holds_all_that_search_needs(run, tmp_path, traced):
    export_onnx(run, tmp_path / "light")
    assert sorted(p.name for p in (tmp_path / "light").iterdir()) == ["encoder.json", "onnx", "tokenizer.json"]
    assert load_exported(tmp_path / "light").identity == load(run).identity


def test_engines_that_differ_are_refused_and_nothing_changes(run, traced, monkeypatch):
    before = {p.name: p.read_bytes() for p in (run / "onnx").iterdir()}
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)
    with pytest.raises(ValueError, match="image tower differs from torch by"):
        export_onnx(run)
    assert {p.name: p.read_bytes() for p in (run / "onnx").iterdir()} == before


def test_a_tower_too_large_for_one_file_is_refused(run, monkeypatch):
    monkeypatch.setattr(exporting, "LARGEST", 100)
    with pytest.raises(ValueError, match="one ONNX file holds up to"):
        export_onnx(run)
    assert exported(run)


def test_what_the_exporter_cannot_do_is_one_line(run, monkeypatch):
    def refuse(*args, **more):
        raise torch.onnx.OnnxExporterError("a page of advice") from NotImplementedError("no such\noperator")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(ValueError, match="cannot be exported to ONNX: NotImplementedError: no such operator"):
        export_onnx(run)


def test_a_kill_between_two_renames_leaves_nothing_that_loads_and_is_mended(run, traced, monkeypatch):
    renames = []

    def killed(source, target):
        renames.append(target)
        if len(renames) == 2:
            raise KeyboardInterrupt
        source.rename(target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("sightline.data.atomic.os.replace", killed)
        export_onnx(run)
    assert not exported(run)
    export_onnx(run)
    assert exported(run)


def test_a_file_that_states_no_digest_is_not_exported(run):
    save_file(load_file(run / "model.safetensors"), run / "model.safetensors")
    with pytest.raises(ValueError, match="states no digest in its header"):
        export_onnx(run)
