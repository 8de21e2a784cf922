import numpy as np
import pytest

from sightline.data.feed.regions import called
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.probes.heldout.located import Located
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.subject import Subject

WIDE, HIGH = 40, 20


class Things:
    """Pictures of 40 x 20 pixels with two things; the last one's have no words."""

    name, has, classes = "things", frozenset({"image", "text", "boxes"}), ()

    def __len__(self):
        return 12

    def __getitem__(self, index):
        boxes = np.array([[index, 1, 10, 8], [20, 2 + index % 3, 12, 10]], np.float32)
        phrases = [(f"left {index}", 0), (f"right {index}", 0)] if index < 11 else []
        image = np.full((HIGH, WIDE, 3), 20 * index, np.uint8)
        return Sample(f"{index}", image, (f"{index}",), boxes=boxes, extra={"phrases": phrases})


class Place:
    def __init__(self, box):
        self.box = box


class Face:
    """Answers with the true box in shares of its view, or with nothing."""

    def __init__(self, knows, rule):
        self.knows, self.rule = knows, rule

    def locate(self, pictures, texts):
        assert len(pictures) == len(texts)
        return [Place(self.answer(text) if self.knows else None) for text in texts]

    def answer(self, text):
        side, index = text.split()
        sample = Things()[int(index)]
        x, y, w, h = sample.boxes[called(sample).index(text)] / [WIDE, HIGH, WIDE, HIGH]
        if self.rule.resize == "pad":  # the view is as high as wide: a quarter above, a quarter below
            y, h = 0.25 + y / 2, h / 2
        return x, y, w, h


@pytest.mark.parametrize("resize", ["pad", "squash"])
def test_who_knows_the_boxes_finds_all_of_them_and_who_writes_none_finds_nothing(resize):
    rule = Preprocess(size=16, resize=resize)
    held = Prepared(Things(), rule, samples=100, seed=0)
    found = {knows: Located().score(Subject(held, face=Face(knows, rule))) for knows in (True, False)}
    assert found[True]["located"] == 1 and found[True]["located_iou"] == pytest.approx(1)
    assert found[False]["located"] == 0 == found[False]["located_iou"]
    assert found[True]["n_located"] == 11 and 0 < found[True]["chance_located"] < 1


def test_pictures_without_words_give_no_score():
    class Silent(Things):
        def __getitem__(self, index):
            return Things.__getitem__(self, 11)

    held = Prepared(Silent(), Preprocess(size=16), samples=4, seed=0)
    assert Located().score(Subject(held, face=Face(True, Preprocess(size=16)))) == {}
