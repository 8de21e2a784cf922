import numpy as np
import pytest
from told import Told, found, source

from sightline.measure.measurement import Absent
from sightline.measure.subject.controls import Constant, Oracle
from sightline.measure.text.tasks import tasks

CAPTIONS = [("a", "b", "c", "d", "e"), ("f",), ("g", "a"), ("h", "i"), ("f", "k", "l")]


def recall(pictures, texts, told, k):
    """Both directions in a double loop, float64: any caption of the picture is right, and so is an identical one."""
    unit = lambda v: np.asarray(v, np.float64) / np.linalg.norm(v)  # noqa: E731
    pairs = [(i, text) for i, captions in enumerate(told) for text in captions]
    true = {text: {i for i, other in pairs if other == text} for _, text in pairs}

    def rank(scores, right):
        best = max(s for s, r in zip(scores, right, strict=True) if r)
        wrong = [s for s, r in zip(scores, right, strict=True) if not r]
        return 1 + sum(s > best for s in wrong) + 0.5 * sum(s == best for s in wrong)

    score = lambda i, text: np.float32(unit(pictures[i]) @ unit(texts[text]))  # noqa: E731
    of_texts = [
        rank([score(i, text) for i in range(len(told))], [i in true[text] for i in range(len(told))])
        for _, text in pairs
    ]
    of_pictures = [
        rank([score(i, text) for _, text in pairs], [i in true[text] for _, text in pairs])
        for i, captions in enumerate(told)
        if captions
    ]
    return np.mean(np.array(of_texts) <= k), np.mean(np.array(of_pictures) <= k)


def subject(seed, whole=False):
    rng = np.random.default_rng(seed)
    draw = (lambda *size: rng.integers(-1, 2, size) + 0.25) if whole else (lambda *size: rng.normal(size=size))
    return Told(draw(len(CAPTIONS), 3), {text: draw(3) for told in CAPTIONS for text in told})


@pytest.mark.parametrize("whole", [False, True], ids=["real", "ties"])
@pytest.mark.parametrize("seed", range(4))
def test_recall_equals_the_double_loop_with_several_and_with_identical_captions(seed, whole):
    suite = source([(told, None) for told in CAPTIONS])
    someone = subject(seed, whole)
    made = found(suite, "retrieval")(someone)
    for k in (1, 5, 10):
        forth, back = recall(someone.rows, someone.table, CAPTIONS, k)
        assert made[f"text to image R@{k}"].value == pytest.approx(forth, abs=1e-6)
        assert made[f"image to text R@{k}"].value == pytest.approx(back, abs=1e-6)
    forth, back = recall(someone.rows, someone.table, CAPTIONS, 1)
    assert made["retrieval R@1, both ways"].value == pytest.approx((forth + back) / 2, abs=1e-6)


def test_only_the_mean_of_both_directions_is_scored_and_its_chance_is_the_mean_of_theirs():
    made = found(source([(told, None) for told in CAPTIONS]), "retrieval")(Oracle())
    assert [name for name, f in made.items() if f.scored] == ["retrieval R@1, both ways"]
    both = made["retrieval R@1, both ways"]
    forth, back = made["text to image R@1"].chance, made["image to text R@1"].chance
    # 13 texts, of which "a" and "f" (twice each) are right for two pictures of five
    assert forth == pytest.approx((9 * 1 + 4 * 2) / 13 / 5)
    assert both.chance == pytest.approx((forth + back) / 2)


def test_perfect_features_find_all_and_a_constant_is_at_chance():
    suite = source([(told, None) for told in CAPTIONS])
    assert found(suite, "retrieval")(Oracle())["retrieval R@1, both ways"].value == 1
    assert found(suite, "retrieval")(Constant())["retrieval R@1, both ways"].score == 0


def test_the_order_of_pictures_changes_nothing():
    someone = subject(9)
    one = found(source([(told, None) for told in CAPTIONS]), "retrieval")(someone)
    turned = Told(someone.rows[::-1], someone.table)
    other = found(source([(told, None) for told in CAPTIONS[::-1]]), "retrieval")(turned)
    assert {k: f.value for k, f in one.items()} == pytest.approx({k: f.value for k, f in other.items()})


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([((), None), ((), None)], "no picture has a caption"),
        ([((" ",), None), (("a",), None)], "only one picture has a caption"),
        ([(("a",), None), (("a ",), None), (("a",), None)], "all captions are alike: 'a'"),
    ],
)
def test_what_cannot_be_retrieved_is_absent_with_its_reason(rows, reason):
    told = {task.name: task for task in tasks(source(rows))}
    for name in ("retrieval", "modality"):
        absent = told[name]
        assert isinstance(absent, Absent) and absent.reason == reason
