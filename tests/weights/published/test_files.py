"""Published folders: configs and weights are paired, shards are whole, pickles of other things are refused."""

import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from sightline.weights.published.files import find, foreign, read_config, read_tensors, unwrapped

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2)}


def folder(tmp_path, *, config="config.json", weights="model.safetensors"):
    (tmp_path / config).write_text('{"model_type": "x"}')
    save_file(STATE, tmp_path / weights)
    return tmp_path


def read(where):
    found = find(where)
    assert found is not None
    return read_tensors(found)


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def sharded(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    names = {"a.weight": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    for key, file in names.items():
        save_file({key: STATE[key]}, tmp_path / file)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))
    return tmp_path


def test_an_empty_folder_holds_nothing_published(tmp_path):
    assert find(tmp_path) is None


def test_a_config_and_its_weights_are_read(tmp_path):
    found = find(folder(tmp_path))
    assert found and read_config(found) == {"model_type": "x"} and same(read_tensors(found), STATE)


def test_each_layout_keeps_to_its_own_weights(tmp_path):
    """laion's folders hold both: open_clip's weights do not go with transformers' config."""
    folder(tmp_path, config="open_clip_config.json", weights="open_clip_model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    found = find(tmp_path)
    assert found and found.config == tmp_path / "open_clip_config.json"
    save_file(STATE, tmp_path / "model.safetensors")
    found = find(tmp_path)
    assert found and found.config == tmp_path / "config.json"
    found = find(tmp_path / "open_clip_model.safetensors")
    assert found and found.config == tmp_path / "open_clip_config.json"


def test_shards_are_one_model(tmp_path):
    assert same(read(sharded(tmp_path)), STATE)


def test_a_shard_that_is_missing_is_named(tmp_path):
    (sharded(tmp_path) / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(ValueError, match="index.json names model-00002-of-00002.safetensors, which is not there"):
        find(tmp_path)


def test_a_shard_without_the_tensor_that_the_index_promises_is_named(tmp_path):
    save_file({"c": torch.ones(1)}, sharded(tmp_path) / "model-00002-of-00002.safetensors")
    with pytest.raises(ValueError, match="index.json promises b, which no file holds"):
        read(tmp_path)


@pytest.mark.parametrize("share", [0.5, 0.0])
def test_cut_weights_are_refused_by_name(tmp_path, share):
    path = folder(tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"model.safetensors is cut or damaged"):
        read(tmp_path)


def test_a_cut_pickle_is_refused_by_name(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match="weights.pt cannot be read as weights"):
        read(path)


def test_a_config_without_weights_says_what_is_there(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="has no weights beside it: expected model.safetensors or pytorch_model.bin"):
        find(tmp_path)


def test_a_config_that_is_cut_is_named(tmp_path):
    (folder(tmp_path) / "config.json").write_text('{"model_ty')
    found = find(tmp_path)
    assert found
    with pytest.raises(ValueError, match="config.json is cut or not JSON"):
        read_config(found)


@pytest.mark.parametrize("nest", [(), ("state_dict",), ("model",), ("teacher",), ("model", "state_dict")])
@pytest.mark.parametrize("wrapper", ["", "module.", "_orig_mod."])
def test_state_dicts_are_found_where_training_keeps_them(tmp_path, nest, wrapper):
    state = {wrapper + key: value for key, value in STATE.items()}
    for name in nest:
        state = {name: state, "epoch": 3, "optimizer": {"state": {}}}
    torch.save(state, tmp_path / "checkpoint.pth")
    assert same(read(tmp_path / "checkpoint.pth"), STATE)


def test_a_self_distilled_checkpoint_gives_its_teacher(tmp_path):
    student = {key: value + 1 for key, value in STATE.items()}
    torch.save({"student": student, "teacher": STATE, "epoch": 1}, tmp_path / "c.pth")
    assert same(read(tmp_path / "c.pth"), STATE)


class Harmful:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize("write", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_a_pickle_of_more_than_tensors_is_not_opened(tmp_path, write, capsys):
    write({"model": STATE, "args": Harmful()}, tmp_path / "c.pth")
    with pytest.raises(ValueError, match="pickle that holds more than tensors.*safetensors.torch.save_file"):
        read(tmp_path / "c.pth")
    assert "run" not in capsys.readouterr().out


def test_a_file_without_tensors_says_so(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "c.pth")
    with pytest.raises(ValueError, match="holds no tensors by name"):
        read(tmp_path / "c.pth")


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"")
    with pytest.raises(ValueError, match="is no file of weights"):
        find(tmp_path / "a.onnx")


def test_several_files_without_a_config_are_not_chosen_from(tmp_path):
    for name in ("a.pt", "b.pt"):
        torch.save(STATE, tmp_path / name)
    with pytest.raises(ValueError, match="holds a.pt, b.pt and no config: name one"):
        find(tmp_path)
    (tmp_path / "b.pt").unlink()
    assert same(read(tmp_path), STATE)


BARE = {"blocks.0.weight": torch.ones(2), "head.bias": torch.zeros(3)}
WRAPPED = {
    "data parallel": lambda name: f"module.{name}",
    "compiled": lambda name: f"_orig_mod.{name}",
    "compiled, then parallel": lambda name: f"module._orig_mod.{name}",
    "parallel, then compiled": lambda name: f"_orig_mod.module.{name}",
    "Lightning": lambda name: f"model.{name}",
    "Lightning, compiled": lambda name: f"model._orig_mod.{name}",
    "a nest saved flat": lambda name: f"state_dict.model.{name}",
    "one part compiled": lambda name: name.replace("blocks.0", "blocks._orig_mod.0"),
    "sharded": lambda name: f"_fsdp_wrapped_module.{name.replace('.0.', '.0._fsdp_wrapped_module.')}",
}


@pytest.mark.parametrize("ending", [".safetensors", ".bin", ".pth"])
@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED.keys())
def test_what_training_wraps_around_a_model_is_taken_off(tmp_path, wrap, ending):
    file, tensors = tmp_path / f"model{ending}", {wrap(name): value for name, value in BARE.items()}
    save_file(tensors, file) if ending == ".safetensors" else torch.save({"state_dict": tensors}, file)
    assert same(read_tensors(find(file)), BARE)


def test_names_that_would_become_one_stay_apart():
    tensors = {"_orig_mod.a": torch.ones(1), "a": torch.zeros(1), "model.b": torch.ones(2)}
    assert unwrapped(tensors) == tensors


def test_shards_are_unwrapped_after_they_were_joined(tmp_path):
    names = {f"module.{name}": f"model-{i}.safetensors" for i, name in enumerate(BARE)}
    for name, file in names.items():
        save_file({name: BARE[name.removeprefix("module.")]}, tmp_path / file)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    (tmp_path / "config.json").write_text("{}")
    assert same(read_tensors(find(tmp_path)), BARE)


def test_what_stands_before_every_name_is_found():
    assert foreign(["net.trunk.a.b", "net.trunk.c"]) == "net.trunk."
    assert foreign(["a.b", "c.d"]) == foreign(["a.b"]) == foreign([]) == foreign(["abc.x", "abd.x"]) == ""
