import json
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn

import sightline
from sightline.protocols import CAPABILITIES, Kept
from sightline.runtime.able import VERBS, can
from sightline.runtime.load import exported
from sightline.runtime.load import load as load_without_torch
from sightline.towers.spec import TextDecoderSpec
from sightline.weights import capabilities
from sightline.weights.capabilities import Capability
from sightline.weights.convert.conversion import convert
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.joint import tensors_of
from sightline.weights.run_folder.run import save

PICTURE = np.full((16, 16, 3), 90, np.uint8)
VISIBLE = [name for name in CAPABILITIES if name not in ("embeds", "reads_text")]


def test_capabilities_add_up_and_whole_parts_are_loaded(keeping):
    folder, kept = keeping(["image", "decoder", "codec"], ("embeds", "captions"))
    found = sightline.load(folder, device="cpu")
    assert found.capabilities == ("embeds", "captions") and found.sees and not found.reads_text
    assert found.encode_image(PICTURE).shape == (1, 12) and isinstance(found.caption(PICTURE)[0], str)
    for name, part in kept.parts.items():
        for one, two in zip(part.state_dict().values(), found.parts[name].state_dict().values(), strict=True):
            assert torch.equal(one, two)
    with torch.no_grad():
        image = torch.randn(2, 3, 16, 16)
        torch.testing.assert_close(found.parts["codec"](image), kept.parts["codec"](image))


def test_what_the_parts_cannot_do_is_refused_by_name(keeping):
    found = sightline.load(keeping(["image"], ("embeds",))[0], device="cpu")
    for name in VISIBLE:
        given = [PICTURE, "a star"][: {"locates": 2, "answers": 2, "samples": 0, "completes": 0}.get(name, 1)]
        with pytest.raises(ValueError, match=f"run cannot {VERBS[name]}: it embeds. Load a run"):
            getattr(found, VERBS[name])(*given)


@pytest.mark.parametrize("names", [["decoder"], ["codec"]])
def test_a_run_without_any_image_tower_is_loaded_and_refuses_pictures_by_name(keeping, names):
    specs = {"decoder": TextDecoderSpec(vocab=280, length=10, dim=8, depth=1, heads=2)}
    folder, kept = keeping(names, (), specs) if names == ["decoder"] else keeping(names, ())
    found = sightline.load(folder, device="cpu")
    assert found.capabilities == () and list(tensors_of(kept)) and not found.sees
    for call in (found.encode_image, found.features, found.encode_patches):
        with pytest.raises(ValueError, match="run cannot embed pictures: it can do nothing by itself"):
            call(PICTURE)
    with pytest.raises(ValueError, match="run cannot embed texts"):
        found.encode_text("a star")


def test_a_part_that_has_the_verb_does_it(keeping, monkeypatch):
    folder, _ = keeping(["image", "decoder"], ("embeds", "samples"))
    found = sightline.load(folder, device="cpu")
    with pytest.raises(ValueError, match="says that it samples, and none of .* has sample"):
        found.sample()
    decoder = type(found.parts["decoder"])
    monkeypatch.setattr(decoder, "sample", lambda self, n: (n, torch.is_inference_mode_enabled()), raising=False)
    assert found.sample(3) == (3, True)


def test_a_new_capability_is_one_file(keeping, monkeypatch):
    file = types.ModuleType("sightline.weights.capabilities.detects")
    file.CAPABILITY = Capability(needs=("codec",), do=lambda encoder, images, least: (encoder.name, least))
    monkeypatch.setitem(sys.modules, file.__name__, file)
    with pytest.raises(ValueError, match="it detects only with codec, and kept are image"):
        keeping(["image"], ("detects",))
    folder, _ = keeping(["image", "codec"], ("detects",))
    assert sightline.load(folder, device="cpu").detect(PICTURE, least=0.5) == (str(folder), 0.5)


def test_every_capability_of_a_file_is_one_that_is_known():
    files = {name for name in CAPABILITIES if capabilities.capability(name) != Capability()}
    assert {"embeds", "reads_text", "captions"} <= files and VERBS.keys() == set(CAPABILITIES)
    with pytest.raises(ValueError, match="no capability is called 'paints'; there are embeds, "):
        Kept(parts={}, capabilities=("paints",))
    assert can(("embeds", "captions", "reads_text")) == "embeds, captions and reads text"


def test_a_part_without_a_spec_and_rules_that_nothing_needs_are_refused(keeping, tmp_path):
    with pytest.raises(ValueError, match="'head' .Bilinear. has no spec"):
        save(tmp_path, Kept(parts={"head": nn.Bilinear(2, 2, 2)}), specs={}, preprocess=None, tokenizer=None, dim=None)
    with pytest.raises(ValueError, match="nothing is kept"):
        save(tmp_path, Kept(parts={"head": nn.Identity()}), specs={}, preprocess=None, tokenizer=None, dim=None)
    assert not list(tmp_path.iterdir())


def test_each_capability_exports_its_own_graphs_and_the_rest_needs_torch(keeping):
    folder, _ = keeping(["image", "decoder"], ("embeds", "captions"))
    export_onnx(folder)
    assert sorted(file.name for file in (folder / "onnx").iterdir()) == ["image.onnx", "onnx.json"]
    light, whole = load_without_torch(folder), sightline.load(folder, device="cpu")
    assert light.identity == whole.identity and light.capabilities == ("embeds",)
    np.testing.assert_allclose(light.encode_image(PICTURE), whole.encode_image(PICTURE).numpy(), atol=1e-5)
    with pytest.raises(ValueError, match=r"run captions with torch alone: pip install 'sightline\[train\]'"):
        light.caption(PICTURE)
    with pytest.raises(ValueError, match="run cannot sample: it embeds and captions"):
        light.sample()


def test_a_run_that_does_nothing_by_graphs_is_not_exported(keeping):
    folder, _ = keeping(["codec"], ())
    with pytest.raises(ValueError, match="there are no graphs: use it with torch"):
        export_onnx(folder)
    assert not exported(folder) and not (folder / "onnx").exists()


def test_converting_to_our_own_layout_keeps_every_part(keeping, tmp_path):
    folder, _ = keeping(["image", "decoder"], ("embeds", "captions"))
    convert(folder, tmp_path / "again", "sightline")
    first, second = (json.loads((where / "encoder.json").read_text()) for where in (folder, tmp_path / "again"))
    assert second["parts"] == first["parts"] and second["capabilities"] == ["embeds", "captions"]
    assert sightline.load(tmp_path / "again", device="cpu").caption(PICTURE)
