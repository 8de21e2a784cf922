"""What cannot be learnt of boxes and masks is refused before the first step, by the sample it is in."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from sightline.cli.main import main
from sightline.data.sample import Sample
from sightline.towers.spec import DetectorSpec, MaskDetectorSpec, Mean, SegmenterSpec, ViTSpec
from sightline.train.recipe.heads import headed
from sightline.train.recipe.parts import Parts

VIT = ViTSpec(size=16, patch=8, dim=8, depth=1, heads=2, pool=Mean())


class Source:
    """A few samples."""

    name, classes = "few", ()

    def __init__(self, *samples, has):
        self.samples, self.has = samples, frozenset({"image", *has})

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


def boxed(*boxes, key="0001", **given):
    objects = [{"category": f"c{i}", "box": list(box)} for i, box in enumerate(boxes)]
    picture = np.zeros((16, 16, 3), np.uint8)
    return Sample(key, picture, boxes=np.array(boxes, np.float32).reshape(-1, 4), extra={"objects": objects}, **given)


def masked(*numbers, shape=(16, 16)):
    plane = np.resize(np.array(numbers, np.uint8), shape)
    return Sample("0001", np.zeros((16, 16, 3), np.uint8), mask=plane)


def names(spec, *samples, has):
    return headed(Parts(image=VIT, head=spec), Source(*samples, has=has)).head.names


def test_classes_of_boxes_are_sorted_and_may_be_one():
    assert names(DetectorSpec(), boxed([0, 0, 4, 4], [1, 1, 9, 9]), boxed(), has={"boxes"}) == ("c0", "c1")
    assert names(DetectorSpec(), boxed([0, 0, 4, 4]), has={"boxes"}) == ("c0",)
    bare = Sample("a", np.zeros((16, 16, 3), np.uint8), boxes=np.array([[0, 0, 4, 4]], np.float32))
    assert names(DetectorSpec(), bare, has={"boxes"}) == ("object",)


def test_masks_of_boxes_teach_the_classes_of_the_boxes():
    plane = np.zeros((16, 16), np.uint8)
    plane[:4, :4] = 1
    both = boxed([0, 0, 4, 4], mask=plane)
    assert names(SegmenterSpec(), both, has={"boxes", "mask"}) == ("background", "c0")
    assert names(SegmenterSpec(instances=False), both, has={"boxes", "mask"}) == ("0", "1")
    assert names(SegmenterSpec(), masked(0, 1, 2, 255), has={"mask"}) == ("0", "1", "2")


@pytest.mark.parametrize(
    ("spec", "sample", "says"),
    [
        (DetectorSpec(), boxed([0, 0, 4, 4], [3, 3, 0, 5]), "0001: box 1 .* width 0, height 5"),
        (DetectorSpec(), boxed([0, float("nan"), 4, 4]), "0001: box 0 .* y nan"),
        (DetectorSpec(), boxed(), "no box in any of its 1 pictures"),
        (DetectorSpec(field="colour"), boxed([0, 0, 4, 4]), "no object of few has a field 'colour'"),
        (SegmenterSpec(), masked(0, 1, 5), "classes 0, 1, 5, and 2, 3, 4 have no pixel"),
        (SegmenterSpec(), masked(3), "only class 3"),
        (SegmenterSpec(ignore=(1, 255)), masked(0, 1), "only class 0"),
        (SegmenterSpec(), masked(0, 1, shape=(8, 16)), "0001: its mask is 16 x 8 pixels, the picture 16 x 16"),
        (
            MaskDetectorSpec(),
            boxed([0, 0, 4, 4], mask=np.full((16, 16), 2, np.uint8)),
            "holds number 2, and it has 1 boxes",
        ),
    ],
)
def test_what_cannot_be_learnt_is_refused_by_name(spec, sample, says):
    has = {"boxes"} if spec.reads == "boxes" else {"mask"} if sample.boxes is None else {"boxes", "mask"}
    with pytest.raises(ValueError, match=says):
        names(spec, sample, has=has)


def test_training_says_which_file_and_row(tmp_path, capsys):
    with tarfile.open(tmp_path / "cells.tar", "w") as tar:
        for number in range(4):
            picture = io.BytesIO()
            Image.new("RGB", (32, 32), (9 * number, 90, 90)).save(picture, "PNG")
            objects = [{"category": "cell", "box": [2, 2, 9, 0 if number == 2 else 9]}]
            members = {"png": picture.getvalue(), "json": json.dumps({"objects": objects}).encode()}
            for ending, data in members.items():
                info = tarfile.TarInfo(f"cell{number}.{ending}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    data = str(tmp_path / "cells.tar")
    words = ["train", "faster_rcnn.tiny", "--data", data, "--eval", data, "--out", str(tmp_path / "run"), "batch=4"]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert "cell2: box 0 (the first is 0) is x 2, y 2, width 9, height 0" in err
