"""Names of published encoders: hf-hub, open_clip, folders and files; what is fetched, and what is said offline."""

import importlib
import importlib.util
import json
import shutil
from fnmatch import fnmatch
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file, save_file

import sightline
from sightline.weights.published import names, open_clip_name
from sightline.weights.published.checkpoint import read
from sightline.weights.published.hub import download

HERE = Path(__file__).parent / "family"


def beside(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        return importlib.import_module(name)


@pytest.fixture(scope="module")
def peers():
    return beside("peers")


@pytest.fixture(scope="module")
def peers_open_clip(peers):
    return beside("peers_open_clip")


class Hub:
    """A hub of one repository, `there`; `cache` is what lies on this machine of it."""

    def __init__(self, there, cache, offline=False):
        self.there, self.cache, self.offline, self.asked = there, cache, offline, []
        cache.mkdir(exist_ok=True)

    def snapshot_download(self, name, revision=None, allow_patterns=None):
        self.asked.append((name, revision))
        if self.offline and not any(self.cache.iterdir()):
            raise LocalEntryNotFoundError("not in the cache")
        for file in () if self.offline else self.there.iterdir():
            if any(fnmatch(file.name, pattern) for pattern in allow_patterns):
                shutil.copy(file, self.cache)
        return str(self.cache)


@pytest.fixture
def hub(monkeypatch, tmp_path, peers):
    peers.clip_model(tmp_path / "there")
    hub = Hub(tmp_path / "there", tmp_path / "cache")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.snapshot_download)
    return hub


@pytest.mark.parametrize("scheme", ["hf-hub:", "hf_hub:"])
def test_a_name_on_the_hub_is_fetched_and_loaded(hub, peers, scheme):
    encoder = sightline.load(f"{scheme}openai/clip", device="cpu")
    assert encoder.name == f"{scheme}openai/clip" and encoder.encode_image(peers.pictures()).shape == (3, 48)
    assert set(hub.asked) == {("openai/clip", None)}


def test_a_revision_is_passed_on(hub):
    sightline.load("hf-hub:openai/clip@abc", device="cpu")
    assert set(hub.asked) == {("openai/clip", "abc")}


def test_without_a_network_it_says_so(hub):
    hub.offline = True
    with pytest.raises(ValueError, match="hub cannot be reached.*local-dir:PATH"):
        sightline.load("hf-hub:openai/clip", device="cpu")


def test_the_real_client_says_so_too():
    """HF_HUB_OFFLINE is set for every test, and nothing is in the cache."""
    with pytest.raises(ValueError, match="hub cannot be reached"):
        sightline.load("hf-hub:nobody/nothing-of-this-name", device="cpu")


def test_without_a_network_what_was_fetched_before_is_found(hub):
    sightline.load("hf-hub:openai/clip", device="cpu")
    hub.offline = True
    assert sightline.load("hf-hub:openai/clip", device="cpu").dim == 48


def test_half_a_name_is_refused():
    with pytest.raises(ValueError, match="expected hf-hub:ORG/NAME"):
        sightline.load("hf-hub:clip", device="cpu")


@pytest.mark.parametrize(
    "files, weights",
    [
        (["model.safetensors", "pytorch_model.bin", "tf_model.h5"], ["model.safetensors"]),
        (["model-1.safetensors", "model-2.safetensors", "x.msgpack"], ["model-1.safetensors", "model-2.safetensors"]),
        (["open_clip_model.safetensors", "open_clip_pytorch_model.bin"], ["open_clip_model.safetensors"]),
        (["pytorch_model.bin", "model.onnx"], ["pytorch_model.bin"]),
        ([], []),
    ],
)
def test_only_what_is_read_is_fetched(monkeypatch, tmp_path, files, weights):
    small = ["config.json", "merges.txt", "spiece.model", "model.safetensors.index.json"]
    (tmp_path / "there").mkdir()
    for name in [*small, *files, "README.md"]:
        (tmp_path / "there" / name).write_text("x")
    hub = Hub(tmp_path / "there", tmp_path / "cache")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.snapshot_download)
    assert sorted(path.name for path in download("a/b").iterdir()) == sorted([*small, *weights])


@pytest.fixture
def package(monkeypatch, tmp_path, peers_open_clip):
    """open_clip's folder of configs, with a small one in it."""
    configs = tmp_path / "package" / "model_configs"
    configs.mkdir(parents=True)
    (configs / "ViT-small.json").write_text(json.dumps(peers_open_clip.OPEN_CLIP_VIT))
    monkeypatch.setattr(open_clip_name, "_package", lambda: tmp_path / "package")
    return tmp_path


def test_a_model_of_open_clip_is_built_from_a_file(package, peers, peers_open_clip):
    peer = peers_open_clip.open_clip_peer(peers_open_clip.OPEN_CLIP_VIT)
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in peer.state_dict().items()}}, package / "e.pt")
    encoder = sightline.load(f"open_clip:ViT-small/{package / 'e.pt'}", device="cpu")
    with torch.no_grad():
        assert peers.apart(peer.encode_image(peers.pictures()), encoder.encode_image(peers.pictures())) < 1e-5


def test_a_tag_of_open_clip_comes_from_the_hub_with_its_own_activation(monkeypatch, package, peers, peers_open_clip):
    peers_open_clip.open_clip_vit(package / "hub")
    (package / "package" / "model_configs" / "ViT-small.json").write_text(
        json.dumps(peers_open_clip.OPEN_CLIP_VIT | {"quick_gelu": False})
    )
    tagged = {"hf_hub": "org/vit/", "quick_gelu": True, "mean": (0.1, 0.2, 0.3), "interpolation": "bicubic"}
    monkeypatch.setattr(open_clip_name, "_tag_config", lambda model, tag: tagged)
    monkeypatch.setattr(names, "download", lambda repository: package / "hub" if repository == "org/vit" else None)
    encoder = sightline.load("open_clip:ViT-small/openai", device="cpu")
    whole = sightline.load(package / "hub", device="cpu")
    torch.testing.assert_close(
        encoder.encode_image(peers.pictures()), whole.encode_image(peers.pictures()), rtol=1e-5, atol=1e-6
    )
    assert encoder.rule.mean == (0.1, 0.2, 0.3)


def test_unknown_models_and_tags_list_the_known_ones():
    with pytest.raises(ValueError, match="no model 'ViT-B-33'; it has .*ViT-B-32"):
        sightline.load("open_clip:ViT-B-33/openai", device="cpu")
    with pytest.raises(ValueError, match="no tag 'mine' of ViT-B-32; it has .*laion2b_s34b_b79k"):
        sightline.load("open_clip:ViT-B-32/mine", device="cpu")
    with pytest.raises(ValueError, match="expected open_clip:NAME/TAG, such as open_clip:ViT-B-32/"):
        sightline.load("open_clip:ViT-B-32", device="cpu")
    with pytest.raises(ValueError, match="there is no file no.pt"):
        sightline.load("open_clip:ViT-B-32/no.pt", device="cpu")


def test_without_open_clip_its_names_say_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install open_clip_torch"):
        sightline.load("open_clip:ViT-B-32/openai", device="cpu")


def test_a_run_stays_a_run(run, tmp_path):
    """Its own weights are also called model.safetensors; a config.json of its recipe lies beside."""
    (run / "config.json").write_text("{}")
    assert names.published_source(run) is None
    assert sightline.load(run, device="cpu").dim == 16
    (tmp_path / "outer").mkdir()
    shutil.move(run, tmp_path / "outer" / "best")
    assert names.published_source(tmp_path / "outer") is None


def test_an_unknown_family_lists_the_known_ones(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "nobody"}')
    save_file({"encoder.weight": torch.ones(2, 2)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="model type 'nobody'.*clip, siglip, .*open_clip, .*timm:NAME"):
        read(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ValueError, match="tensors such as encoder.weight"):
        sightline.load(tmp_path, device="cpu")


def test_an_empty_folder_is_no_encoder(tmp_path):
    with pytest.raises(ValueError, match="encoder.json is missing"):
        sightline.load(tmp_path, device="cpu")


def test_a_key_of_the_weights_is_never_dropped_in_silence(tmp_path, peers):
    peers.clip_model(tmp_path)
    path = tmp_path / "model.safetensors"
    state = load_file(path)
    save_file(state | {"vision_model.extra.weight": torch.ones(2)}, path)
    with pytest.raises(ValueError, match="extra: vision_model.extra.weight"):
        sightline.load(tmp_path, device="cpu")
    del state["logit_scale"]
    save_file(state, path)
    with pytest.raises(ValueError, match="missing: logit_scale"):
        sightline.load(tmp_path, device="cpu")


def test_a_foreign_prefix_is_told_in_one_line(tmp_path, peers):
    peers.clip_model(tmp_path)
    path = tmp_path / "model.safetensors"
    state = load_file(path)
    save_file({f"net.trunk.{name}": value for name, value in state.items()}, path)
    with pytest.raises(ValueError, match=r"every tensor's name begins with 'net.trunk.' .*removeprefix") as refusal:
        sightline.load(tmp_path, device="cpu")
    assert len(str(refusal.value)) < 500 and "\n" not in str(refusal.value)


def test_a_foreign_prefix_of_a_file_without_config_is_told_where_a_family_reads_the_rest(tmp_path, peers):
    state = dict(beside("peers_vision").timm_vit().state_dict())
    torch.save({f"student.net.{name}": value for name, value in state.items()}, tmp_path / "dino.pth")
    with pytest.raises(ValueError, match="every tensor's name begins with 'student.net.'"):
        sightline.load(tmp_path / "dino.pth", device="cpu")
    torch.save(
        {f"net.{name}": value for name, value in {"a.b": torch.ones(1), "c": torch.ones(2)}.items()}, tmp_path / "x.pth"
    )
    with pytest.raises(ValueError, match="of no family with towers of ours"):
        sightline.load(tmp_path / "x.pth", device="cpu")


def test_refusals_are_short_however_much_is_wrong(tmp_path, peers):
    peers.clip_model(tmp_path)
    path = tmp_path / "model.safetensors"
    state = load_file(path)
    strange = {f"part{i}.layer{i}.weight": torch.ones(i + 1) for i in range(300)}
    wrong = {name: value[:1].clone() for name, value in state.items() if value.ndim}
    save_file(strange | dict(list(wrong.items())[:60]), path)
    with pytest.raises(ValueError, match="missing: .* more; extra: .* and 296 more") as refusal:
        sightline.load(tmp_path, device="cpu")
    assert len(str(refusal.value)) < 1500
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nobody" * 200}))
    with pytest.raises(ValueError, match="is of no family") as refusal:
        read(tmp_path)
    assert len(str(refusal.value)) < 600
