"""A NaFlex encoder without torch: pictures of any aspect ratio, indexed by one engine and searched by the other."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.sources.source import open_source
from sightline.runtime.load import exported, load
from sightline.search.batcher import OnnxBatcher, batcher_of
from sightline.search.embed import embed
from sightline.search.index import Index
from sightline.text.ngram import NGrams
from sightline.towers.naflex import Patches
from sightline.towers.spec import BagSpec, NaFlexSpec
from sightline.weights.load import load as load_torch
from sightline.weights.onnx.export import export_onnx
from sightline.weights.run_folder.joint import Joint
from sightline.weights.run_folder.run import save_encoder

PATCH, LENGTH = 4, 20
IMAGE = NaFlexSpec(patch=PATCH, dim=16, depth=2, heads=2, length=LENGTH, grid=4)
TEXT = BagSpec(vocab=64, length=24, dim=16)
SHAPES = ((16, 16), (10, 40), (40, 10), (4, 100), (60, 5), (23, 31), (7, 9))
NO_TORCH = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("einops", "jaxtyping", "onnx", "onnxscript", "torch"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(scope="module")
def exported_once(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("naflex") / "run"
    tower = IMAGE.build().eval()
    with torch.no_grad():
        for value in tower.parameters():
            value.add_(torch.randn_like(value) * 0.2)
    model = Joint(tower, TEXT.build(), nn.Linear(16, 12), nn.Linear(16, 12), torch.tensor(2.5), None)
    rule = NaFlexRule(patch=PATCH, length=LENGTH)
    words = NGrams(buckets=64, length=24)
    save_encoder(folder, model, image_spec=IMAGE, text_spec=TEXT, preprocess=rule, tokenizer=words, dim=12)
    export_onnx(folder)
    return folder


@pytest.fixture
def run(exported_once, tmp_path):
    return shutil.copytree(exported_once, tmp_path / "run")


@pytest.fixture(scope="module")
def pictures():
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in SHAPES]


@pytest.fixture
def folder(pictures, tmp_path):
    (tmp_path / "pictures").mkdir()
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{number}.png")
    return tmp_path / "pictures"


def test_several_aspect_ratios_in_a_batch_are_as_in_torch(run, pictures):
    ours, torchs = load(run), load_torch(run, device="cpu")
    assert ours.identity == torchs.identity and ours.sees and ours.reads_text and ours.rule == torchs.rule
    expected = torchs.encode_image(pictures).numpy()
    assert np.abs(expected).max() > 0.05 and np.abs(expected[0] - expected[1]).max() > 0.01
    np.testing.assert_allclose(ours.encode_image(pictures), expected, rtol=0, atol=1e-5)
    for row, picture in enumerate(pictures):
        np.testing.assert_allclose(ours.encode_image(picture), expected[row : row + 1], rtol=0, atol=1e-5)
    ours.batch_size = 2
    np.testing.assert_allclose(ours.encode_image(pictures), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        ours.encode_image(pictures, normalize=True), torchs.encode_image(pictures, normalize=True), rtol=0, atol=1e-5
    )
    assert ours.encode_image([]).shape == (0, 12)


def test_a_picture_gives_the_same_vector_in_whatever_form_it_comes(run, pictures, folder):
    ours = load(run)
    picture = folder / "1.png"
    cut = ours.preprocess(picture)
    whole = type(cut)(*(part[None] for part in cut))
    one = ours.encode_image(picture)
    assert one.shape == (1, 12)
    for form in (str(picture), picture.read_bytes(), Image.open(picture), pictures[1], [picture], cut, [cut], whole):
        np.testing.assert_allclose(ours.encode_image(form), one, rtol=0, atol=1e-6)


def test_an_array_of_pictures_is_cut_without_resizing(run):
    ours, torchs = load(run), load_torch(run, device="cpu")
    images = np.random.default_rng(1).normal(size=(3, 3, 8, 20)).astype(np.float32)
    expected = torchs.encode_image(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(ours.encode_image(images), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(ours.encode_image(list(images)), expected, rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match="does not divide into patches of 4"):
        ours.encode_image(np.zeros((1, 3, 8, 21), np.float32))
    with pytest.raises(TypeError, match=r"must be preprocessed: float \(b, 3, y, x\)"):
        ours.encode_image(np.zeros((1, 2, 8, 20), np.float32))


def test_what_stands_in_the_padding_changes_nothing_and_any_length_goes(run):
    ours, torchs = load(run), load_torch(run, device="cpu")
    random = np.random.default_rng(2)
    grids = np.array([[1, 1], [5, 8], [1, 40], [37, 1]])
    mask = np.arange(43) < grids.prod(1)[:, None]
    patches = random.normal(size=(4, 43, 3 * PATCH**2)).astype(np.float32)
    kind = type(ours.preprocess(np.zeros((4, 4, 3), np.uint8)))
    made = ours.encode_image(kind(patches, mask, grids))
    given = Patches(patches=torch.from_numpy(patches), mask=torch.from_numpy(mask), grid=torch.from_numpy(grids))
    np.testing.assert_allclose(made, torchs.encode_image(given).numpy(), rtol=0, atol=1e-5)
    other = np.where(mask[..., None], patches, np.float32(100))
    np.testing.assert_allclose(ours.encode_image(kind(other, mask, grids)), made, rtol=1e-5, atol=1e-6)


def test_the_quick_way_gives_the_same(run, pictures):
    ours = load(run)
    batcher = batcher_of(ours)
    assert isinstance(batcher, OnnxBatcher) and batcher.tower is not ours.image
    vectors = batcher.vectors([ours.rule(picture) for picture in pictures])
    np.testing.assert_allclose(vectors, ours.encode_image(pictures), rtol=0, atol=1e-6)


def test_tables_of_vectors_are_equal_whoever_makes_them(run, folder, tmp_path):
    made = {}
    for name, encoder in (("ours", load(run)), ("torchs", load_torch(run, device="cpu"))):
        done = embed(encoder, open_source(str(folder)), tmp_path / f"{name}.npz", precision="float32")
        assert done.count == len(SHAPES) and not done.bad
        made[name] = np.load(tmp_path / f"{name}.npz")["vector"]
    np.testing.assert_allclose(made["ours"], made["torchs"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("maker, asker", [(load, load_torch), (load_torch, load)])
def test_an_index_made_by_one_engine_is_searched_by_the_other(run, folder, tmp_path, maker, asker):
    with Index(tmp_path / "a.db") as index:
        report = index.add(open_source(str(folder)), maker(run, device="cpu"))
        assert report.added == report.embedded == len(SHAPES) and not report.bad
        hits = index.search_image(folder / "3.png", asker(run, device="cpu"), k=2)
        assert hits[0].name == "3"
        assert len(index.search_text("a star", asker(run, device="cpu"), k=3)) == 3


def test_index_and_search_work_where_there_is_no_torch(run, folder, tmp_path):
    (run / "model.safetensors").unlink()
    code = f"""
from sightline.cli.main import main

def sightline(*words):
    assert main(words) == 0

sightline("index", {str(tmp_path / "a.db")!r}, {str(folder)!r}, "--encoder", {str(run)!r})
sightline("search", {str(tmp_path / "a.db")!r}, "--image", {str(folder / "5.png")!r}, "--json")
"""
    done = subprocess.run([sys.executable, "-c", NO_TORCH + code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1]
    assert json.loads(said)["results"][0]["name"] == "5"


def test_a_missing_cut_or_foreign_table_is_named(run):
    table, whole = run / "onnx" / "positions.safetensors", (run / "onnx" / "positions.safetensors").read_bytes()
    table.write_bytes(whole[:-8])
    with pytest.raises(ValueError, match=r"positions\.safetensors has .* it is cut or foreign"):
        load(run)
    table.unlink()
    with pytest.raises(ValueError, match=r"positions\.safetensors is missing"):
        load(run)
    assert not exported(run)
    digest = json.loads((run / "onnx" / "onnx.json").read_text())["weights"]
    table.write_bytes(whole.replace(digest.encode(), b"0" * len(digest)))
    with pytest.raises(ValueError, match="was not exported from the weights of this run"):
        load(run).encode_image(np.zeros((8, 8, 3), np.uint8))


def test_a_description_without_its_table_is_refused(run):
    path = run / "onnx" / "onnx.json"
    about = json.loads(path.read_text())
    for positions in (None, {"bytes": 3}, about["image"]["positions"] | {"file": "../encoder.json"}):
        path.write_text(json.dumps(about | {"image": about["image"] | {"positions": positions}}))
        with pytest.raises(ValueError, match="lacks fields or holds other kinds of values"):
            load(run)
