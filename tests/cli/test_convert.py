import pytest
import torch
from torch import nn

from sightline.cli.main import main
from sightline.data.prepare.preprocess import Preprocess
from sightline.runtime.load import exported
from sightline.towers.spec import ResNetSpec
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

IMAGE = ResNetSpec(depths=(1,), width=4)


@pytest.fixture
def run(tmp_path):
    model = Joint(IMAGE.build(), None, nn.Identity(), nn.Identity(), torch.tensor(2.5), None)
    rules = {"preprocess": Preprocess(size=16), "tokenizer": None, "dim": 4}
    save_encoder(tmp_path / "run", model, image_spec=IMAGE, text_spec=None, **rules)
    return tmp_path / "run"


def convert(*words):
    return main(["convert", *map(str, words)])


def test_a_run_is_exported_in_place(run, capsys):
    assert convert(run, run, "--to", "onnx") == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{run / 'onnx'}: image.onnx 0.0 MB; equal to torch within ") and said.err == ""
    assert exported(run)


def test_another_folder_becomes_a_light_copy_and_may_be_written_again(run, tmp_path, capsys):
    light = tmp_path / "deep" / "light"
    for _ in range(2):
        assert convert(f"local-dir:{run}", light, "--to", "onnx") == 0
    assert sorted(p.name for p in light.iterdir()) == ["encoder.json", "onnx"]
    assert exported(light) and not exported(run)
    assert convert(light, tmp_path / "third", "--to", "onnx") == 2
    assert "model.safetensors is missing" in capsys.readouterr().err


def test_an_encoder_kept_in_best_is_exported_there(run, tmp_path):
    (tmp_path / "whole").mkdir()
    run.rename(tmp_path / "whole" / "best")
    assert convert(tmp_path / "whole", tmp_path / "whole", "--to", "onnx") == 0
    assert exported(tmp_path / "whole") and (tmp_path / "whole" / "best" / "onnx" / "image.onnx").is_file()


def test_a_folder_that_holds_something_else_is_left_alone(run, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    assert convert(run, other, "--to", "onnx") == 2
    assert "other holds letter.txt, so it is no copy made by this command" in capsys.readouterr().err
    assert convert(run, other / "letter.txt", "--to", "onnx") == 2
    assert "letter.txt is a file; name a folder" in capsys.readouterr().err
    assert [p.name for p in other.iterdir()] == ["letter.txt"]


def test_what_cannot_be_converted_is_refused_in_one_line(run, tmp_path, capsys):
    for words, says in (
        ((run, run, "--to", "coreml"), "onnx"),
        ((run, run), "--to"),
        ((tmp_path / "nowhere", run, "--to", "onnx"), "there is no encoder at"),
    ):
        assert convert(*words) == 2
        said = capsys.readouterr().err
        assert says in said and said.count("\n") == 1
