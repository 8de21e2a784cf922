import numpy as np
import pytest
from told import found

from sightline.measure.subject.controls import Constant, Oracle
from sightline.measure.text.edits import CHANGES
from sightline.measure.text.steadiness import FACTORS, NUISANCES, agreement, moved

SAME = "same best caption: "


def test_ties_agree_by_lot():
    before, after = np.array([[1.0, 1, 0], [1, 0, 0], [1, 1, 1]]), np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 1]])
    assert agreement(before, after) == pytest.approx([1 / 2, 0, 1 / 3])


def test_who_sees_what_is_said_changes_the_caption_with_it_and_only_then(scenes):
    made = found(scenes, "steadiness")(Oracle())
    assert {*made} == {SAME + kind for kind in (*CHANGES, *FACTORS, *NUISANCES)}
    assert all(made[SAME + kind].value == 1 for kind in NUISANCES)
    assert all(made[SAME + kind].value == 0 for kind in CHANGES)
    assert not any(f.scored for f in made.values())


def test_a_constant_agrees_with_itself_by_lot(scenes):
    for finding in found(scenes, "steadiness")(Constant()).values():
        assert finding.value == pytest.approx(finding.chance)


def test_a_moved_picture_keeps_its_size_and_continues_its_border():
    pixels = np.arange(96 * 96 * 3, dtype=np.uint32).reshape(96, 96, 3) % 251
    made = moved(pixels.astype(np.uint8), "k")
    assert made.shape == pixels.shape
    assert (made[6:, 6:] == pixels[:-6, :-6]).all() and (made[:6, 6:] == pixels[:1, :-6]).all()
