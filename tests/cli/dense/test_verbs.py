"""`sightline detect` and `sightline segment`: what they write, and what they refuse."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from small_run import save_seer

from sightline.cli.dense.written import runs
from sightline.cli.main import main
from sightline.data.prepare.preprocess import Preprocess
from sightline.protocols import Kept
from sightline.towers.spec import MaskDetectorSpec, Mean, SegmenterSpec, ViTSpec
from sightline.weights.capabilities.segments import labelled
from sightline.weights.load import load
from sightline.weights.run_folder.run import save

VIT = ViTSpec(size=32, patch=8, dim=16, depth=1, heads=2, pool=Mean())
DETECTOR = MaskDetectorSpec(finest=4, anchor=4.0, out=8, hidden=8, proposals=20, layers=(8,)).upon(
    VIT, ("ball", "cube")
)
SEGMENTER = SegmenterSpec().upon(VIT, ("ground", "ball"))


def write(folder, name, spec, capabilities):
    torch.manual_seed(0)
    parts = {"image": VIT.build(), name: spec.build()}
    specs = {"image": VIT, name: spec}
    save(
        folder,
        Kept(parts=parts, capabilities=("embeds", *capabilities)),
        specs=specs,
        preprocess=Preprocess(size=32),
        tokenizer=None,
        dim=16,
    )


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Runs that outline and that tell pixels, and a folder of two pictures and a broken one."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "boxes", "detector", DETECTOR, ("detects", "segments"))
    write(tmp_path / "pixels", "segmenter", SEGMENTER, ("segments",))
    save_seer(tmp_path / "seer")
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 32), (200, 30, 30)).save("photos/a b.png")
    Image.new("RGB", (40, 40), (20, 30, 200)).save("photos/c.png")
    (tmp_path / "photos" / "d.png").write_bytes(b"none")
    return tmp_path


def test_boxes_are_written_in_cocos_form_in_pixels_of_the_picture(place, capsys):
    assert main(["detect", "boxes", "photos", "--out", "found", "--least", "0.05", "--most", "7"]) == 0
    told = json.loads((place / "found" / "detections.json").read_text())
    assert [(i["file_name"], i["width"], i["height"]) for i in told["images"]] == [
        ("a b.png", 64, 32),
        ("c.png", 40, 40),
    ]
    assert told["categories"] == [{"id": 1, "name": "ball"}, {"id": 2, "name": "cube"}]
    assert told["annotations"] and all(0.05 <= row["score"] <= 1 for row in told["annotations"])
    for row in told["annotations"]:
        image = told["images"][row["image_id"] - 1]
        x, y, w, h = row["bbox"]
        assert x >= 0 and y >= 0 and x + w <= image["width"] + 0.02 and y + h <= image["height"] + 0.02
    drawn = sorted(path.name for path in (place / "found" / "drawn").iterdir())
    assert drawn == ["000001-a-b.png.png", "000002-c.png.png"]
    assert "d.png" in capsys.readouterr().err
    encoder = load("boxes", device="cpu")
    (things,) = encoder.detect(place / "photos" / "a b.png", most=7)
    rows = [row["bbox"] for row in told["annotations"] if row["image_id"] == 1]
    np.testing.assert_allclose(things.boxes, rows, atol=0.01)


def test_labels_are_written_at_the_size_of_the_picture(place):
    assert main(["segment", "pixels", "photos", "--out", "labels"]) == 0
    told = json.loads((place / "labels" / "segments.json").read_text())
    with Image.open(place / "labels" / "labels" / "000001-a-b.png.png") as label:
        assert label.size == (64, 32)
        values = np.asarray(label)
    assert set(np.unique(values)) <= {0, 1}
    rows = [row for row in told["annotations"] if row["image_id"] == 1]
    assert {row["category_id"] - 1: row["area"] for row in rows} == {
        int(k): int((values == k).sum()) for k in np.unique(values)
    }
    assert main(["segment", "boxes", "photos", "--out", "outlines", "--least", "0.05"]) == 0
    with Image.open(place / "outlines" / "labels" / "000002-c.png.png") as label:
        assert label.size == (40, 40)


def test_run_lengths_are_those_of_pycocotools():
    coder = pytest.importorskip("pycocotools.mask")
    for seed in range(3):
        mask = np.random.default_rng(seed).random((5, 7)) < 0.5
        told = runs(mask)
        theirs = coder.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert coder.frPyObjects(told, *told["size"]) == theirs


def test_a_pixel_has_the_class_of_the_view_where_it_lies():
    logits = torch.zeros(2, 4, 4)
    logits[0, :, :2] = logits[1, :, 2:] = 1.0
    whole = labelled(logits, (8, 8), (0.0, 0.0, 1.0, 1.0))
    assert (whole[:, :4] == 0).all() and (whole[:, 4:] == 1).all()
    # the view shows the middle half: beside it nothing is known
    middle = labelled(logits, (8, 8), (0.25, 0.0, 0.5, 1.0))
    assert (middle[:, :2] == 255).all() and (middle[:, 6:] == 255).all() and (middle[:, 2:6] == [0, 0, 1, 1]).all()
    # a padded view: the picture is its left half
    left = labelled(logits, (8, 4), (0.0, 0.0, 2.0, 1.0))
    assert (left == 0).all()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["detect", "pixels", "photos", "--out", "x"], "pixels cannot detect: it embeds and segments"),
        (["segment", "seer", "photos", "--out", "x"], "seer cannot segment"),
        (["detect", "boxes", "photos", "--out", "photos"], "photos is there, and holds no detections.json"),
        (["detect", "boxes", "photos", "--out", "x", "--least", "2"], "scores from 0 to 1"),
        (["segment", "pixels", "photos", "--out", "x", "--point", "3,4"], "Prompts belong to runs that were trained"),
        (["segment", "boxes", "photos", "--out", "x", "--box", "0,0,3,4"], "takes no points and boxes"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(place, capsys, words, says):
    assert main(words) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1
    assert not (place / "x").exists()
