"""Referring boxes of an encoder whose decoder writes them: the same things, asked by the source's own words."""

import numpy as np
import pytest

from sightline.measure.localization.pointing import WRITTEN, Pointing
from sightline.measure.localization.things import things
from sightline.measure.subject.controls import Oracle
from sightline.measure.subject.encoder import EncoderSubject
from sightline.measure.subject.store import Store
from sightline.measure.suite.opened import open_suite


@pytest.fixture(scope="module")
def asked():
    return things(open_suite("scenes", quick=True))


class Writer(Oracle):
    """Knows boxes by picture and words, and has no words beside pictures."""

    name, reads_text, writes_boxes = "writer", False, True

    def __init__(self, found, knows):
        self.found, self.knows, self.asked = found, knows, []

    def boxes(self, pictures, numbers, words):
        self.asked += words
        known = {(t.picture, t.phrase): t.boxes[0] / self.found.board.side for t in self.found.things}
        return np.array([known[pair] if self.knows else (0, 0, 0, 0) for pair in zip(numbers, words, strict=True)])


def test_boxes_that_are_written_are_judged_as_they_are(asked):
    knowing, silent = (Writer(asked, knows) for knows in (True, False))
    for writer, score in ((knowing, 1.0), (silent, 0.0)):
        iou, half = Pointing(asked).ask(writer)
        assert (iou.metric, half.metric) == ("referring box IoU", "referring box at IoU 0.5")
        assert iou.value == pytest.approx(score, abs=1e-6) and half.value == score
        assert iou.bound == 1 and 0 < iou.chance < 1 and iou.notes == (WRITTEN,)
    assert all(words.startswith("the ") for words in knowing.asked)


def test_an_encoders_boxes_are_kept_and_those_it_cannot_write_are_zeros(asked):
    class Encoder:
        name, identity, reads_text, capabilities, asked = "locca", "1", False, ("embeds", "locates"), 0

        def locate(self, pictures, words):
            self.asked += len(pictures)
            return [type("Place", (), {"box": (0.1, 0.2, 0.3, 0.4) if w == "a" else None}) for w in words]

    encoder = Encoder()
    subject = EncoderSubject(encoder, Store(None))
    for _ in range(2):
        found = subject.boxes(asked.board.pictures, [0, 0, 1], ["a", "b", "a"])
    assert np.allclose(found, [[0.1, 0.2, 0.3, 0.4], [0] * 4, [0.1, 0.2, 0.3, 0.4]]) and encoder.asked == 3
    assert subject.writes_boxes
