import numpy as np
import pytest

from sightline.probes.zero_shot import GRAPHIC, PHOTO, accuracy, classifier


class Texts:
    """An encoder whose text vectors are a fixed random function of the text, of random length."""

    def encode_text(self, texts):
        seeds = [sum(ord(c) * 31**i for i, c in enumerate(text)) % 2**32 for text in texts]
        return np.stack([np.random.default_rng(seed).normal(size=8) * (1 + seed % 5) for seed in seeds])


def test_weights_equal_the_formula_written_as_loops():
    names = ["credit_card", "arrow"]
    expected = []
    for name in names:
        total = np.zeros(8)
        for template in GRAPHIC:
            vector = Texts().encode_text([template.format(name.replace("_", " "))])[0]
            total += vector / np.linalg.norm(vector)
        expected.append(total / np.linalg.norm(total))
    np.testing.assert_allclose(classifier(Texts(), names, GRAPHIC), expected, rtol=1e-5)


def test_every_template_takes_a_name():
    assert all("{}" in template for template in (*GRAPHIC, *PHOTO))
    with pytest.raises(ValueError, match="no {}"):
        classifier(Texts(), ["a"], ["an icon"])
    with pytest.raises(ValueError, match="at least one class name"):
        classifier(Texts(), [])


def test_accuracy_counts_classes_evenly_and_leaves_unlabelled_out():
    weights = np.eye(3)
    images = np.eye(3)[[0, 0, 0, 1, 2, 2]]
    got = accuracy(images, weights, [0, 0, 0, 1, 1, -1])
    assert got == {"top1": 0.8, "top5": 1.0, "mean_per_class": 0.75, "chance": pytest.approx(1 / 3), "n": 5.0}


def test_a_constant_encoder_is_never_right():
    assert accuracy(np.ones((4, 3)), np.ones((4, 3)), [0, 1, 2, 3])["top1"] == 0.0
    with pytest.raises(ValueError, match="label 3 has no class"):
        accuracy(np.eye(3), np.eye(3), [0, 1, 3])
