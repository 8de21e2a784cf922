import re

import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.recipes.image_text import locca
from sightline.train.options import Options
from sightline.train.regions import Looked, look, notes, why_unlocatable
from sightline.train.run import fit


class Boxes:
    """Pictures of 40 x 30 pixels, the boxes and words of each as given."""

    name, classes, has = "boxes", (), frozenset({"image", "text", "boxes"})

    def __init__(self, boxes, phrases=("a ball", "a cube"), objects=None):
        self.boxes, self.phrases, self.objects = boxes, phrases, objects

    def __len__(self):
        return len(self.boxes)

    def __getitem__(self, index):
        boxes = np.array(self.boxes[index], np.float32).reshape(-1, 4)
        extra = {"phrases": list(zip(self.phrases, boxes.tolist(), strict=False))} if self.phrases else {}
        image = np.full((30, 40, 3), 2 * index % 256, np.uint8)
        return Sample(key=f"{index}", image=image, captions=(f"a picture of {index}",), boxes=boxes, extra=extra)


GOOD = [[0, 0, 10, 10], [20, 10, 20, 20]]


def reason(source):
    return why_unlocatable("locca.tiny", source.name, look(source, 0))


def test_scenes_and_named_boxes_are_learnt_from():
    assert reason(Boxes([GOOD] * 4)) == "" and reason(open_source("scenes?level=1&n=4")) == ""
    assert why_unlocatable("locca.tiny", "none", Looked()) == ""  # what cannot be read is another refusal


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Boxes([[]] * 4), "none of the 4 pictures looked at in boxes has a box"),
        (Boxes([[[0, 0, 10, 10], [35, 20, 10, 10]]] * 4), "4 of the 8 boxes .* 0 has 35, 20, 10, 10 in 40 x 30"),
        (Boxes([[[0, 0, 10, 10], [5, 5, 0, 10]]] * 4), "0 has 5, 5, 0, 10 in 40 x 30.*x, y, width, height in pixels"),
        (Boxes([[[0, 0, 10, 10], [5, 5, float("nan"), 10]]] * 4), "4 of the 8 boxes"),
        (Boxes([[[10, 10, 5, 5], [-9, 0, 20, 20]]] * 4), "has -9, 0, 20, 20"),
        (Boxes([GOOD] * 4, phrases=None), "the boxes of boxes have no words"),
        (Boxes([GOOD] * 4, phrases=("a ball", "a ball")), "called 'a ball'"),
    ],
)
def test_what_says_no_places_is_refused_with_the_reason_and_the_nearest_recipe(source, said):
    assert re.search(said, reason(source)) and "teach cappa" in reason(source)


def test_a_stray_box_and_pictures_without_any_are_counted():
    source = Boxes([GOOD] * 100 + [[[0, 0, 0, 10], [20, 10, 20, 20]], []])
    assert reason(source) == ""
    wrong, without = notes(source.name, look(source, 0))
    assert wrong.startswith("1 of the 202 boxes") and without.startswith("1 of the 102 pictures")
    assert notes("scenes", look(open_source("scenes?level=1&n=4"), 0)) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (Boxes([[]] * 40), "none of the 40 pictures looked at in boxes has a box"),
        ("icons?n=40", "needs boxes.* teach cappa"),
    ],
)
def test_a_run_is_refused_before_its_first_step(tmp_path, data, said):
    with pytest.raises(ValueError, match=said):
        fit(locca.tiny(), out=tmp_path / "run", data=data, evaluation=data, options=Options(quiet=True, device="cpu"))
    assert not (tmp_path / "run" / "metrics.jsonl").exists()
