import numpy as np
import pytest

from sightline.search.classify import classify, probabilities


class Scaled:
    def __init__(self, scale, bias=None):
        self.logit_scale, self.logit_bias = np.log(scale), bias


def test_softmax_shares_one_whole_and_sigmoid_judges_each_label_alone():
    cosines = np.array([[0.9, 0.1, -0.2]])
    shared = probabilities(Scaled(10.0), cosines)
    naive = np.exp(10 * cosines[0]) / np.exp(10 * cosines[0]).sum()
    assert shared.sum() == pytest.approx(1.0) and np.allclose(shared[0], naive)
    alone = probabilities(Scaled(10.0, bias=-5.0), cosines)
    assert np.allclose(alone[0], [1 / (1 + np.exp(-(10 * c - 5))) for c in cosines[0]])


def test_a_large_scale_does_not_overflow():
    assert np.isfinite(probabilities(Scaled(1e4), np.array([[1.0, -1.0]]))).all()


def test_each_picture_gets_the_label_it_shows(folder, encoder, listed):
    guesses = list(classify(encoder, listed(folder), ["red", "green", "blue"], templates=["{}"]))
    found = {guess.key: guess.labels[0] for guess in guesses}
    assert found["red-square.png"] == "red" and found["blue-square.png"] == "blue"
    first = guesses[0]
    assert len(first.labels) == 3 and list(first.probabilities) == sorted(first.probabilities, reverse=True)
    assert sum(first.probabilities) == pytest.approx(1.0, abs=1e-5) and first.path.endswith(first.key)


def test_bad_pictures_are_named_and_left_out(folder, encoder, listed):
    (folder / "cut.png").write_bytes(b"\x89PNG")
    bad = {}
    guesses = list(classify(encoder, listed(folder), ["red", "blue"], bad=bad))
    assert len(guesses) == 5 and set(bad) == {"cut.png"}


@pytest.mark.parametrize(
    ("labels", "says"), [([], "at least two"), (["red"], "at least two"), (["a", "b", "a"], "a came more than once")]
)
def test_labels_that_do_not_fit_are_refused(folder, encoder, listed, labels, says):
    with pytest.raises(ValueError, match=says):
        list(classify(encoder, listed(folder), labels))
