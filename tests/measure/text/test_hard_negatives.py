import numpy as np
import pytest
from told import Told, found, source

from sightline.measure.measurement import Absent
from sightline.measure.subject.controls import BagOfWords, Constant, Oracle
from sightline.measure.text.tasks import tasks


@pytest.fixture(scope="module")
def asked(scenes):
    return found(scenes, "hard negatives")


def test_a_bag_of_words_is_at_exactly_one_half_where_only_the_order_tells(asked):
    made = asked(BagOfWords())
    assert made["hard negatives: attribute"].value == 0.5
    assert made["hard negatives: relation"].value == 0.5
    assert made["hard negatives: order"].value == pytest.approx(0.2, abs=1e-12)
    assert made["hard negatives: object"].value == 1


def test_a_bag_of_words_is_at_the_chance_of_two_pictures_with_two_captions(scenes):
    made = found(scenes, "winoground")(BagOfWords())
    assert made["two pictures, two captions: text"].value == 1 / 4
    assert made["two pictures, two captions: image"].value == 1 / 4
    assert made["two pictures, two captions: group"].value == pytest.approx(1 / 6)


def test_kinds_count_alike_and_shuffled_words_do_not_count(asked):
    made = asked(BagOfWords())
    kinds = ("attribute", "relation", "object", "value", "count", "order")
    whole = made["hard negatives: mean of kinds"]
    assert whole.scored and sum(f.scored for f in made.values()) == 1
    assert whole.value == pytest.approx(np.mean([made[f"hard negatives: {kind}"].value for kind in kinds]))
    assert whole.chance == pytest.approx((5 * 0.5 + 0.2) / 6)


@pytest.mark.parametrize("name", ["hard negatives", "winoground"])
def test_perfect_features_answer_everything_and_a_constant_by_lot(scenes, name):
    assert all(f.value == pytest.approx(1) for f in found(scenes, name)(Oracle()).values())
    assert all(f.value == pytest.approx(f.chance) for f in found(scenes, name)(Constant()).values())


def test_the_false_captions_of_a_source_are_asked_with_ties_one_half():
    suite = source([(("yes",), None), (("yes two",), None)], negatives=("no", "no no"))
    someone = Told(np.array([[1.0, 0], [1, 0]]), {"yes": [1, 0], "yes two": [0, 1], "no": [0, 1], "no no": [1, 0]})
    made = found(suite, "hard negatives")(someone)
    # picture 0: a win, a tie; picture 1: a tie, a loss
    assert made["hard negatives: negatives"].value == pytest.approx((1 + 0.5 + 0.5 + 0) / 4)
    assert made["hard negatives: mean of kinds"].scored


def test_a_source_whose_captions_can_only_be_shuffled_has_no_score_of_it():
    suite = source([(("A man rides a wave on a surfboard.",), None), (("Two dogs are sleeping on a sofa",), None)])
    made = found(suite, "hard negatives")(Oracle())
    assert [*made] == ["hard negatives: shuffled words"]
    assert not made["hard negatives: shuffled words"].scored and made["hard negatives: shuffled words"].value == 1


def test_names_have_no_hard_negatives():
    absent = next(task for task in tasks(source([(("a cat",), 0), (("a dog",), 1)])) if task.name == "hard negatives")
    assert isinstance(absent, Absent) and "no picture has a false caption" in absent.reason
