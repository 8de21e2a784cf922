from collections import Counter

import pytest

from sightline.data.scenes import Scenes
from sightline.measure.text.pairs import NEGATIVES, SHUFFLED, Pairs
from sightline.measure.text.questions import FALSE, Question, bag, blind, orders, shuffled

KINDS = ("attribute", "relation", "object", "value", "count", "order")


@pytest.fixture(scope="module")
def pairs(scenes):
    return Pairs(scenes)


@pytest.mark.parametrize("kind", [*KINDS, SHUFFLED])
def test_words_alone_answer_no_kind_of_question(pairs, kind):
    questions = [q for q in pairs.questions if q.kind == kind]
    assert len(questions) >= 10
    chance = 1 / len(questions[0].candidates)
    for share in blind(questions, pairs.corpus).values():
        assert share == pytest.approx(chance, abs=0.03)


def test_who_reads_the_negatives_words_finds_a_set_that_can_be_answered_by_them():
    questions = [Question("", k, (f"a cat {k}", f"a zebra crossing {k}"), "") for k in range(5)]
    assert blind(questions, ["a cat"] * 5) == {"unigram": 1.0, "longer": 0.0, "words": 0.0}


@pytest.mark.parametrize("kind", [*NEGATIVES, "order", SHUFFLED])
def test_what_is_in_another_order_has_the_very_same_words(pairs, kind):
    for question in pairs.questions:
        if question.kind == kind:
            assert len({*question.candidates}) == len(question.candidates)
            assert all(bag(text) == bag(question.candidates[0]) for text in question.candidates)


@pytest.mark.parametrize("kind", ["object", "value", "count"])
def test_every_caption_is_right_as_often_as_it_is_false(pairs, kind):
    questions = [q for q in pairs.questions if q.kind == kind]
    right = Counter(q.candidates[0] for q in questions)
    assert right == Counter(text for q in questions for text in q.candidates[1:])


def test_captions_in_another_order_name_a_thing_in_a_colour_that_is_not_there():
    source, asked = Scenes(level=4, n=60, seed=3), 0
    for k in range(60):
        scene = source.scene(k)
        for text in (orders(scene, str(k)) or ())[1:]:
            asked += 1
            seen = {(e.colour, e.value if e.kind == "text" else e.name) for e in scene.elements}
            # the words after a colour begin its thing: "red bone", "red text "SALE"", "green 75 % battery"
            said = sum(f"{colour} {name}" in text for colour, name in seen)
            assert said < len(seen)
    assert asked > 100


def test_a_caption_that_is_too_short_is_not_shuffled():
    assert shuffled("a cat", "k") is None
    made = shuffled("A small cat sits on the wooden table.", "k")
    assert made is not None and len(set(made)) == FALSE + 1 and not made[0].endswith(".")
