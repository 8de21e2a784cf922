import numpy as np
import pytest
from told import Told, found, source

from sightline.measure.measurement import Absent
from sightline.measure.subject.controls import Constant, Oracle
from sightline.measure.suite.suite import Suite
from sightline.measure.text.tasks import tasks
from sightline.measure.text.zero_shot import TEMPLATES
from sightline.probes.zero_shot import GRAPHIC, PHOTO

CLASSES = ("cat", "sea_lion", "dog")
LABELS = [0, 0, 0, 1, 2, None, 2]


def labelled(labels=LABELS, classes=CLASSES) -> Suite:
    return source([((), label) for label in labels], classes)


def test_a_class_weighs_as_much_as_another_whatever_its_number_of_pictures():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(len(LABELS), 4))
    texts = {t.replace("{}", name.replace("_", " ")): rng.normal(size=4) for name in CLASSES for t in TEMPLATES}
    made = found(labelled(), "zero-shot")(Told(rows, texts))
    unit = lambda v: v / np.linalg.norm(v)  # noqa: E731
    weights = [
        unit(np.mean([unit(texts[t.replace("{}", name.replace("_", " "))]) for t in TEMPLATES], axis=0))
        for name in CLASSES
    ]
    right = [
        (label, int(np.argmax([unit(row) @ w for w in weights]) == label))
        for row, label in zip(rows, LABELS, strict=True)
        if label is not None
    ]
    of_classes = [np.mean([r for label, r in right if label == k]) for k in range(3)]
    assert made["zero-shot accuracy, mean of classes"].value == pytest.approx(np.mean(of_classes))
    assert made["zero-shot accuracy, of pictures"].value == pytest.approx(np.mean([r for _, r in right]))


def test_both_sets_of_templates_are_used_once_each():
    assert set(TEMPLATES) == {*GRAPHIC, *PHOTO} and len(TEMPLATES) == len(set(TEMPLATES))


def test_perfect_features_name_everything_and_a_constant_one_class_of_three():
    assert found(labelled(), "zero-shot")(Oracle())["zero-shot accuracy, mean of classes"].value == 1
    made = found(labelled(), "zero-shot")(Constant())["zero-shot accuracy, mean of classes"]
    assert made.value == pytest.approx(1 / 3) and made.chance == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("labels", "classes", "reason"),
    [
        ([None, None], (), "no picture has a label with a name"),
        ([-1, None], CLASSES, "no picture has a label with a name"),
        ([0, 0], ("cat",), "there is one class only, 'cat'"),
        ([0, 1], ("0", "1"), "the classes have numbers (0 to 1) and no names: write what each is called"),
    ],
)
def test_what_has_no_names_to_tell_apart_is_absent_with_its_reason(labels, classes, reason):
    absent = next(task for task in tasks(labelled(labels, classes)) if task.name == "zero-shot")
    assert isinstance(absent, Absent) and absent.reason == reason


def test_of_a_scene_of_two_things_both_names_are_right(scenes):
    made = found(scenes, "zero-shot")(Constant())
    counts = [len({e.name for e in s.extra["scene"].elements}) for s in scenes.test.samples]
    assert made["zero-shot name of things"].chance == pytest.approx(np.mean(counts) / 48)
    for finding in made.values():
        assert finding.value == pytest.approx(finding.chance)
    assert all(f.value == 1 for f in found(scenes, "zero-shot")(Oracle()).values())
