import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.data.sources.source import open_source
from sightline.search.gallery.shots import classify_by_examples, examples
from sightline.search.gallery.unseen import STANDS, without_examples


@pytest.fixture
def shots(tmp_path, painted):
    for number, colour in enumerate(("red", "green", "blue")):
        for n in range(2):
            painted(tmp_path / "shots" / colour / f"{n}.png", colour, shade=100 + 10 * number + n)
    return tmp_path / "shots"


def test_a_picture_gets_the_class_whose_examples_it_resembles(shots, folder, encoder):
    shown = examples(encoder, open_source(str(shots)))
    found = {guess.key: guess for guess in classify_by_examples(encoder, open_source(str(folder)), shown)}
    assert found["red-square.png"].labels[0] == "red" and found["blue-square.png"].labels[0] == "blue"
    one = found["red-square.png"]
    assert set(one.labels) == {"red", "green", "blue"} and sum(one.probabilities) == pytest.approx(1, abs=1e-5)


def test_probabilities_are_a_softmax_of_ten_cosines_with_imprinted_weights(shots, folder, encoder):
    shown, source = examples(encoder, open_source(str(shots))), open_source(str(folder))
    guess = next(iter(classify_by_examples(encoder, source, shown)))
    vector = encoder.encode_image([source[0].image])[0]
    weights = {}
    for name in shown.names:
        each = encoder.encode_image([shots / name / f"{n}.png" for n in range(2)])
        mean = (each / np.linalg.norm(each, axis=1, keepdims=True)).mean(0)
        weights[name] = mean / np.linalg.norm(mean)
    logits = {name: 10 * float(vector @ w) / np.linalg.norm(vector) for name, w in weights.items()}
    total = sum(np.exp(z) for z in logits.values())
    for name, share in zip(guess.labels, guess.probabilities, strict=True):
        assert share == pytest.approx(np.exp(logits[name]) / total, abs=1e-4)


def test_one_asked_alone_gets_the_answer_it_gets_among_others(shots, folder, encoder):
    shown = examples(encoder, open_source(str(shots)))
    among = {guess.key: guess for guess in classify_by_examples(encoder, open_source(str(folder)), shown)}
    for key, guess in among.items():
        (folder / "alone").mkdir(exist_ok=True)
        (folder / "alone" / key).write_bytes((folder / key).read_bytes())
        (alone,) = classify_by_examples(encoder, open_source(str(folder / "alone")), shown)
        assert alone.labels == guess.labels and alone.probabilities == guess.probabilities
        (folder / "alone" / key).unlink()


def test_examples_never_stand_among_queries(shots, folder, encoder):
    (folder / "copy.png").write_bytes((shots / "red" / "0.png").read_bytes())
    shown, bad = examples(encoder, open_source(str(shots))), {}
    keys = [guess.key for guess in classify_by_examples(encoder, open_source(str(folder)), shown, bad=bad)]
    assert len(keys) == 5 and "copy.png" not in keys
    assert list(bad.values()) == [STANDS] and without_examples(bad) == 1 and not bad


def test_an_example_that_cannot_be_read_is_named_and_the_others_are_used(shots, folder, encoder):
    (shots / "red" / "gone.png").symlink_to(shots / "nowhere.png")
    source, bad = Listed(open_source(str(shots)), "red/gone.png", shots / "red" / "gone.png"), {}
    shown = examples(encoder, source, bad)
    assert np.bincount(shown.label).tolist() == [2, 2, 2] and list(bad) == ["red/gone.png"]
    assert len(shown.hashes) == 6


def test_a_picture_that_cannot_be_read_keeps_its_name_beside_examples(shots, folder, encoder):
    shown, bad = examples(encoder, open_source(str(shots))), {}
    source = open_source(str(folder))
    (folder / "red-square.png").unlink()
    assert len(list(classify_by_examples(encoder, source, shown, bad=bad))) == 4 and list(bad) == ["red-square.png"]


class Listed:
    """A source and one more file of its first class, as it is listed by a source that has not looked at it."""

    def __init__(self, source, key, file):
        self.source, self.more = source, Sample(key=key, image=file, label=source.classes.index("red"))
        self.name, self.has, self.classes = source.name, source.has, source.classes

    def __len__(self):
        return len(self.source) + 1

    def __getitem__(self, index):
        return self.source[index] if index < len(self.source) else self.more


class Streamed:
    """The samples of a source, in their order, that only go forward."""

    def __init__(self, source):
        self.source, self.name, self.has, self.classes = source, source.name, source.has, source.classes

    def epoch(self, seed, epoch, skip=0):
        return (self.source[index] for index in range(skip, len(self.source)))


def test_examples_never_stand_among_the_queries_of_a_stream(shots, folder, encoder):
    (folder / "copy.png").write_bytes((shots / "red" / "0.png").read_bytes())
    shown, bad = examples(encoder, open_source(str(shots))), {}
    stream = Streamed(open_source(str(folder)))
    keys = [guess.key for guess in classify_by_examples(encoder, stream, shown, bad=bad)]
    assert len(keys) == 5 and bad == {"copy.png": STANDS}


@pytest.mark.parametrize(("kept", "says"), [((), "has no classes"), (("red",), "shows 1 classes")])
def test_examples_of_fewer_than_two_classes_are_refused(shots, folder, encoder, kept, says):
    for colour in {"red", "green", "blue"} - set(kept) if kept else ():
        for file in (shots / colour).iterdir():
            file.unlink()
    with pytest.raises(ValueError, match=says):
        examples(encoder, open_source(str(shots if kept else folder)))
