import numpy as np
import pytest
from told import Told, found, source

from sightline.measure.measurement import Absent
from sightline.measure.subject.controls import BagOfWords, Constant, Oracle
from sightline.measure.text.movement import turns_of
from sightline.measure.text.tasks import tasks
from sightline.measure.text.wording import FORMS, SCENE_WORDS, content, distance, synonym, turned

CAPTION = "an orange truck above a purple bicycle on a gray background"
PLURAL = "content moves a caption, not its form: "


def test_words_put_in_left_out_or_replaced_are_counted():
    assert distance("a b c", "a b c") == 0
    assert distance("a b c", "a x c d") == 2
    assert distance("a b c", "c") == 2
    assert distance("a b", "b a") == 2


@pytest.mark.parametrize("count", [1, 2, 4])
def test_another_content_changes_as_many_words_but_for_articles(count):
    made = content(CAPTION, count, SCENE_WORDS, np.random.default_rng(0))
    assert made is not None
    differing = [(a, b) for a, b in zip(CAPTION.split(), made.split(), strict=True) if a != b and a not in ("a", "an")]
    assert len(differing) == count
    for a, b in differing:
        assert any(a in group and b in group for group in SCENE_WORDS)


def test_articles_follow_the_words_that_were_replaced():
    assert synonym("a purple car left of a gift") == "a violet automobile left of a present"
    assert synonym("a car on a gray background") == "an automobile on a grey backdrop"
    assert synonym("the wave") is None


def test_a_caption_can_begin_with_its_background():
    assert turned("a green car on a black background") == "on a black background, a green car"
    assert turned("a cat, a dog, on a white background") == "on a white background, a cat, a dog"
    assert turned("a man on a horse") is None


def test_every_caption_is_turned_in_every_form_and_against_another_content():
    made = turns_of([((CAPTION, "a purple bicycle below an orange truck on a gray background"), "k")], SCENE_WORDS)
    assert [turn.form for turn in made] == [*FORMS, "paraphrase"]
    assert all(len({turn.caption, turn.same, turn.other}) == 3 for turn in made)


def test_who_hears_the_meaning_is_moved_by_content_alone_and_a_constant_by_neither(scenes):
    assert all(f.value == pytest.approx(1) for f in found(scenes, "wording")(Oracle()).values())
    assert all(f.value == 0.5 for f in found(scenes, "wording")(Constant()).values())
    made = found(scenes, "wording")(BagOfWords())
    assert made[PLURAL + "case"].value == 1 and not any(f.scored for f in made.values())


def test_the_share_is_that_of_content_in_both_movements():
    suite = source([(("the red barn",), None), (("the blue boat",), None)])
    made = tasks(suite)
    wording = next(task for task in made if task.name == "wording")
    texts = {}

    class Once(Told):
        def texts(self, asked):
            for k, text in enumerate(asked.items):
                texts[text] = np.array([np.cos(k), np.sin(k)])
            return np.array([texts[text] for text in asked.items], np.float32)

    (case,) = (f for f in wording.ask(Once(np.zeros((2, 2)), {})) if f.metric == PLURAL + "case")
    turns = [t for t in turns_of([(("the red barn",), "k0"), (("the blue boat",), "k1")], [["barn", "blue", "boat"]])]
    q = []
    for turn in turns:
        if turn.form == "case":
            form, far = (1 - texts[turn.caption] @ texts[other] for other in (turn.same, turn.other))
            q.append(far / (far + form))
    assert case.value == pytest.approx(np.mean(q), abs=1e-5)


def test_captions_of_one_word_are_absent_with_the_reason():
    absent = next(task for task in tasks(source([(("cat",), 0), (("dog",), 1)])) if task.name == "wording")
    assert isinstance(absent, Absent) and "no caption has 3 words" in absent.reason
