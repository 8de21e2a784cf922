"""What each box of a picture is, and its number among the classes that are learnt."""

import numpy as np

from sightline.data.feed.loader import Loader
from sightline.data.feed.things import ANY, Things, classes_of
from sightline.data.sample import Sample, words
from sightline.data.sources.source import open_source


def sample(objects, boxes=2):
    return Sample("a", b"", boxes=np.ones((boxes, 4), np.float32), extra={"objects": objects})


def test_the_class_is_the_first_field_that_says_it_or_the_one_asked_for():
    said = [{"category": "cell", "color": "red", "box": [0, 0, 1, 1]}, {"color": "blue", "box": [0, 0, 1, 1]}]
    assert classes_of(sample(said)) == ["cell", ""]
    assert classes_of(sample(said), "color") == ["red", "blue"]
    assert classes_of(sample(said), "size") == ["", ""]
    assert Things(("blue", "red"), "color").numbers(sample(said), 2).tolist() == [1, 0]


def test_numbers_with_gaps_are_names_and_boxes_without_words_are_objects():
    said = [{"category_id": 7, "box": [0, 0, 1, 1]}, {"category_id": 90, "box": [0, 0, 1, 1]}]
    assert Things(("7", "44", "90")).numbers(sample(said), 2).tolist() == [0, 2]
    assert Things((ANY,)).numbers(Sample("a", b""), 3).tolist() == [0, 0, 0]
    assert Things(("7",)).numbers(sample(said), 2).tolist() == [0, -1]


def test_batches_have_a_class_for_every_stored_box_and_scenes_say_theirs_undrawn():
    scenes = open_source("scenes?level=3&n=12&size=32")
    kinds = sorted({kind for i in range(12) for kind in classes_of(words(scenes, i))})
    loader = Loader(scenes, batch=6, size=32, things=Things(tuple(kinds)), fields={"boxes", "box_labels"})
    batch = loader.batch(0)
    for index, boxes, labels in zip(batch["index"].tolist(), batch["boxes"], batch["box_labels"], strict=True):
        drawn = [factor["kind"] for factor in scenes[index].extra["factors"]]
        assert len(boxes) == len(labels) and [kinds[label] for label in labels.tolist()] == drawn
