import numpy as np
import pytest

from sightline.data.scenes.relations import SIDES, relation
from sightline.measure.text.edits import CHANGES, SWAPS, drawn_after
from sightline.measure.text.pairs import Pairs


@pytest.fixture(scope="module")
def pairs(scenes):
    return Pairs(scenes)


@pytest.mark.parametrize("kind", CHANGES)
def test_the_picture_and_the_caption_change_with_every_edit(pairs, kind):
    some = pairs.edits[kind]
    assert len(some) >= 5
    shelf = pairs.shelves[CHANGES[kind][0]]
    for edit, pixels in zip(some, drawn_after(some).items, strict=True):
        assert edit.captions[0] == shelf.captions[edit.at] != edit.captions[1]
        assert not np.array_equal(np.asarray(pixels), np.asarray(shelf.samples[edit.at].image))


@pytest.mark.parametrize("kind", SWAPS)
def test_an_exchange_keeps_the_words(pairs, kind):
    assert all(edit.same_words for edit in pairs.edits[kind])


def test_exchanged_places_turn_the_side_and_stay_on_the_canvas(pairs):
    for edit in pairs.edits["relation"]:
        (before,), (after,) = edit.before.clauses, edit.after.clauses
        assert (after.subject, after.object) == (before.object, before.subject)
        assert after.relation == before.relation in SIDES
        assert relation(edit.after.elements, after.subject, after.object) == after.relation
        for element in edit.after.elements:
            x, y, w, h = element.box
            assert min(x, y) >= 0 and max(x + w, y + h) <= edit.after.side


def test_a_count_changes_by_one_star(pairs):
    for edit in pairs.edits["count"]:
        stars = [next(int(e.value) for e in s.elements if e.name == "star rating") for s in (edit.before, edit.after)]
        assert abs(stars[0] - stars[1]) == 1


def test_the_rows_of_a_pair_are_the_scene_and_its_edit(pairs):
    captions = [text for part in pairs.gallery.parts for text in part.captions or ()]
    for kind, rows in pairs.rows.items():
        for edit, (before, after) in zip(pairs.edits[kind], rows, strict=True):
            assert (captions[before], captions[after]) == edit.captions
