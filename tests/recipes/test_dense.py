"""Detectors and segmenters as whole runs: what is kept of them, measured and restored, and a tower that stays."""

import json

import numpy as np
import pytest
import torch

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sources.source import open_source
from sightline.probes.heldout.boxed import BoxAP
from sightline.probes.heldout.pixels import PixelIoU
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.subject import Subject
from sightline.recipes.find import find, train
from sightline.recipes.restored import restored
from sightline.train.folder import RunFolder
from sightline.train.recipe.init import begin
from sightline.weights.capabilities.detects import Things
from sightline.weights.capabilities.segments import Pixels
from sightline.weights.load import load

QUICK = dict(quiet=True, device="cpu", log_every=1, export=False)
DATA, HELD = "scenes?n=24&size=32", "scenes:test?n=6&size=32"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "outlines"
    train("mask_rcnn.tiny", out=out, data=DATA, evaluation=HELD, overrides=["steps=2"], **QUICK)
    return out


def test_a_run_keeps_what_finds_and_says_how_well(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    scores = next(row["evaluation"] for row in rows if "evaluation" in row)
    assert {"box_ap", "box_ap50", "mask_ap", "mask_ap50", "heldout_loss_mask"} <= scores.keys()
    encoder = load(run, device="cpu")
    assert encoder.capabilities == ("embeds", "detects", "segments")
    (things,) = encoder.detect(open_source(HELD)[0].image)
    assert things.names == ("icon", "shape") and things.masks.shape == (len(things.boxes), 32, 32)
    _, method = restored(run)
    kept = dict(encoder.parts["detector"].named_parameters())
    assert all(torch.equal(kept[name], p) for name, p in method.detector.named_parameters())


def test_a_locked_tower_stays_and_its_head_learns(run, tmp_path):
    settings = ["steps=2", "data.size=32"]
    train(
        "fcn.tiny",
        out=tmp_path / "pixels",
        data=DATA,
        evaluation=HELD,
        init=[f"image={run}"],
        lock="image",
        overrides=settings,
        **QUICK,
    )
    before, after = load(run, device="cpu"), load(tmp_path / "pixels", device="cpu")
    state = before.parts["image"].state_dict()
    assert all(torch.equal(state[name], x) for name, x in after.parts["image"].state_dict().items())
    assert after.parts["segmenter"].names == ("background", "icon", "shape")
    (pixels,) = after.segment([open_source(HELD)[0].image])
    assert pixels.labels.shape == (32, 32) and pixels.labels.max() <= 2


def test_a_recipe_of_a_tower_alone_has_nothing_to_lock(tmp_path):
    with pytest.raises(ValueError, match="learns by its image tower alone"):
        begin(find("simclr.tiny"), "anything", "image", RunFolder(tmp_path), [])


class Knows:
    """A face that answers with the truth of scenes, as their views show it."""

    rule = Preprocess(size=48)

    def __init__(self, source, **head):
        self.source = source
        part = type("Head", (), head)
        self.parts = {"detector": part, "segmenter": part}

    def detect(self, images, outlines=False):
        found = []
        for index in range(len(images)):
            sample = self.source[index]
            boxes = sample.boxes * 1.5  # 32 pixels seen at 48
            labels = np.array([factor["kind"] == "shape" for factor in sample.extra["factors"]], int)
            masks = np.repeat(np.repeat(sample.mask, 3, 0), 3, 1)[1::2, 1::2] if outlines else None
            each = None if masks is None else masks[None] == np.arange(1, len(boxes) + 1)[:, None, None]
            found.append(Things(boxes, np.ones(len(boxes)), labels, ("icon", "shape"), (48, 48), each))
        return found

    def segment(self, images):
        planes = [np.repeat(np.repeat(self.source[i].mask, 3, 0), 3, 1)[1::2, 1::2] for i in range(len(images))]
        return [Pixels((plane > 0).astype(np.uint8), ("none", "object")) for plane in planes]


def test_who_answers_with_the_truth_scores_one():
    source = open_source("scenes:test?n=8&size=32")
    held = Prepared(source, Preprocess(size=48), samples=8, seed=0)
    boxes = BoxAP().score(Subject(held, face=Knows(source, names=("icon", "shape"), field="")))
    assert boxes["box_ap"] == pytest.approx(1.0) and boxes["n_box_ap"] == 8
    # every box of a class that it does not know is not asked for: of shapes alone all are right
    none = BoxAP().score(Subject(held, face=Knows(source, names=("widget",), field="")))
    assert none == {}
    outlined = BoxAP(masks=True).score(Subject(held, face=Knows(source, names=("icon", "shape"), field="")))
    assert outlined["mask_ap50"] > 0.9


def test_the_iou_of_pixels_is_that_of_the_classes_of_boxes():
    source = open_source("scenes:test?n=8&size=32")
    held = Prepared(source, Preprocess(size=48), samples=8, seed=0)
    head = {"names": ("none", "1"), "field": "what", "instances": True, "ignore": (255,)}
    said = PixelIoU().score(Subject(held, face=Knows(source, **head)))
    # no box is called "1": their pixels are not judged, and all others are of class 0, of which none is missed
    assert said["pixels"] == 1.0
    classes = {"names": tuple(map(str, range(9))), "field": "", "instances": False, "ignore": (0, 255)}
    told = PixelIoU().score(Subject(held, face=Knows(source, **classes)))
    assert 0 < told["pixels"] <= 1 and told["chance_miou"] <= told["pixels"]
