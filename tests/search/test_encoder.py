import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from sightline.data.prepare.preprocess import Preprocess
from sightline.runtime.encoder import OnnxEncoder
from sightline.search.encoder import open_encoder
from sightline.search.index import Index
from sightline.text.ngram import NGrams
from sightline.towers.spec import BagSpec, ResNetSpec
from sightline.weights.encoder import TorchEncoder
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

IMAGE, TEXT = ResNetSpec(depths=(1,), width=8), BagSpec(vocab=64, length=24, dim=8)
NO_TORCH = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("einops", "jaxtyping", "torch"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A run that was never exported."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("run")
    model = Joint(IMAGE.build(), TEXT.build(), nn.Identity(), nn.Identity(), torch.tensor(2.5), None)
    rules = {"preprocess": Preprocess(size=16), "tokenizer": NGrams(buckets=64, length=24), "dim": 8}
    save_encoder(folder, model, image_spec=IMAGE, text_spec=TEXT, **rules)
    return folder


@pytest.fixture(scope="module")
def light(plain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("light")
    export_onnx(plain, folder)
    return folder


def without_torch(code):
    return subprocess.run([sys.executable, "-c", NO_TORCH + code], capture_output=True, text=True, timeout=60)


def test_the_export_is_used_where_there_is_one(plain, light):
    assert isinstance(open_encoder(light), OnnxEncoder)
    assert isinstance(open_encoder(str(light), device="cpu"), OnnxEncoder)
    assert isinstance(open_encoder(plain), TorchEncoder)
    with pytest.raises(ValueError, match="unknown device 'gpu'"):
        open_encoder(plain, device="gpu")


def test_an_index_made_by_one_engine_is_searched_by_the_other(plain, light, folder, listed, tmp_path):
    torchs, ours = open_encoder(plain), open_encoder(light)
    for maker, searcher in ((torchs, ours), (ours, torchs)):
        with Index(tmp_path / f"{type(maker).__name__}.db") as index:
            index.add(listed(folder), maker)
            expected = [hit.id for hit in index.search_text("a red thing", maker, 5)]
            assert [hit.id for hit in index.search_text("a red thing", searcher, 5)] == expected
            assert index.add(listed(folder), searcher).embedded == 0


def test_without_torch_the_export_is_enough(light):
    code = f"""
import json
from sightline.search.encoder import open_encoder
from sightline.search.query import text_vector
print(json.dumps(text_vector(open_encoder({str(light)!r}), "a red star").tolist()))
"""
    done = without_torch(code)
    assert done.returncode == 0, done.stderr
    vector = np.array(json.loads(done.stdout))
    np.testing.assert_allclose(vector, open_encoder(light).encode_text("a red star", normalize=True)[0], atol=1e-6)


def test_without_torch_and_without_an_export_both_ways_out_are_named(plain):
    for device, says in (
        ("auto", f"sightline convert {plain} {plain} --to onnx"),
        ("cuda", "device 'cuda' needs torch"),
    ):
        done = without_torch(f"""
from sightline.search.encoder import open_encoder
try:
    open_encoder({str(plain)!r}, {device!r})
except ValueError as error:
    print(error)
""")
        assert says in done.stdout and "pip install 'sightline[train]'" in done.stdout, done.stderr
