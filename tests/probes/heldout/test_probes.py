"""Probes of held-out samples: the scores of the functions they wrap, vectors made once, and who is asked what."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Sample
from sightline.probes.heldout.captions import Retrieval
from sightline.probes.heldout.classes import ZeroShot
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.probes.heldout.neighbours import KNNProbe
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.spread import RankMe
from sightline.probes.heldout.subject import Subject
from sightline.probes.heldout.usual import USUAL
from sightline.probes.knn import KNN
from sightline.probes.rankme import rankme
from sightline.probes.retrieval import retrieval
from sightline.probes.zero_shot import BARE, accuracy, classifier

LABELS, CAPTIONS = [0, 1, 2, 0, None, 2, 1], ["sun", "moon", "", "sun", "star", "sea", "hill"]


class Pictures:
    """Random pictures with labels and captions."""

    name, has, classes = "pictures", frozenset({"image", "label", "text", "boxes"}), ("a", "b", "c")

    def __len__(self):
        return len(LABELS)

    def __getitem__(self, index):
        pixels = np.random.default_rng(index).integers(0, 255, (4, 4, 3), dtype=np.uint8)
        boxes = np.array([[index, 0, 1, 1]], dtype=np.float32)
        return Sample(str(index), pixels, (CAPTIONS[index],), label=LABELS[index], boxes=boxes)


class Face:
    """An encoder without weights that counts what it is given."""

    def __init__(self):
        self.pictures, self.texts = [], []

    def encode_image(self, pictures):
        self.pictures.append(len(pictures))
        return np.asarray(pictures).reshape(len(pictures), -1)[:, :5]

    def encode_text(self, texts):
        self.texts.append(len(texts))
        return np.array([np.random.default_rng(len(text)).normal(size=5) for text in texts], dtype=np.float32)


def prepared(samples=100):
    return Prepared(Pictures(), Preprocess(size=4), samples=samples, seed=0)


def test_scores_are_those_of_the_functions_that_are_wrapped():
    held, memory, face = prepared(), prepared(6), Face()
    subject = Subject(held, memory, face=face)
    pictures, others = face.encode_image(held.pictures), face.encode_image(memory.pictures)
    owners = [number for number, caption in enumerate(CAPTIONS) if caption]
    said = [CAPTIONS[number] for number in owners]
    both = retrieval(pictures, face.encode_text(said), owners, text_group=said)
    scores = Retrieval().score(subject)
    assert {f"{way}_{k}": scores[f"{way}_{k}"] for way in ("text_to_image", "image_to_text") for k in both[way]} == {
        f"{way}_{k}": value for way in ("text_to_image", "image_to_text") for k, value in both[way].items()
    }
    assert scores["n_retrieval"] == len(said) and scores["chance_r1"] == pytest.approx((2 * 2 / 7 + 4 / 7) / 6)
    truth = [-1 if label is None else label for label in LABELS]
    found = accuracy(pictures, classifier(face, ["a", "b", "c"], BARE), truth)
    assert ZeroShot(templates=BARE).score(subject) == {
        "zero_shot": found["top1"],
        "chance_zero_shot": found["chance"],
        "n_zero_shot": found["n"],
    }
    known = [-1 if label is None else "abc".index(label) for label in memory.labels]
    knn = KNNProbe(k=2, name="knn2").score(subject)
    assert knn["knn2"] == KNN(k=2).fit(others, known).score(pictures, truth)
    assert knn.keys() == {"knn2", "chance_knn2", "n_knn2"} and knn["n_knn2"] == 6
    assert RankMe().score(subject) == {"rankme": rankme(pictures)}


def test_vectors_are_made_once_for_all_probes_and_none_before_one_asks():
    held, memory, face = prepared(), prepared(5), Face()
    subject = Subject(held, memory, face=face)
    assert face.pictures == face.texts == []
    for probe in (*USUAL, RankMe(), KNNProbe(k=1), Retrieval()):
        probe.score(subject)
    assert face.pictures == [7, 5]
    assert face.texts[0] == 6 and len(face.texts) == 2  # the captions once, and the names of the classes


def test_a_subject_refuses_what_it_was_not_given():
    subject = Subject(prepared(), face=Face())
    with pytest.raises(ValueError, match="no training samples to remember"):
        KNNProbe().score(subject)
    with pytest.raises(ValueError, match="only while its method trains"):
        HeldOutLoss().score(subject)


def test_the_loss_of_held_out_samples_is_the_sum_of_the_terms_and_lower_is_better():
    subject = Subject(prepared(), losses=lambda: {"pixels": 0.5, "codes": 0.25})
    assert HeldOutLoss().score(subject) == {
        "heldout_loss": 0.75,
        "heldout_loss_pixels": 0.5,
        "heldout_loss_codes": 0.25,
    }
    assert HeldOutLoss().lower == set(HeldOutLoss().metrics) == {"heldout_loss"}


@dataclass(frozen=True)
class Captions(Probe):
    """Asks the face of a captioner."""

    name: str = "same_words"
    needs: ClassVar = frozenset({"captions"})
    reads: ClassVar = frozenset({"text"})

    def score(self, subject):
        said = subject.face.caption(subject.held.pictures)
        return {self.name: float(np.mean([a == b for a, b in zip(said, subject.held.captions, strict=True)]))}


class Captioner:
    def caption(self, pictures):
        return ["sun"] * len(pictures)


def test_a_probe_of_another_capability_asks_the_face_for_it():
    probe = Captions()
    assert isinstance(probe, Probe) and probe.metrics == ("same_words",) and probe.notes(prepared(), None) == []
    assert probe.answered_by({"captions", "embeds"}) and not probe.answered_by({"embeds"})
    assert probe.score(Subject(prepared(), face=Captioner())) == {"same_words": pytest.approx(2 / 7)}


def test_rankme_is_asked_of_models_without_text_unless_the_recipe_wants_it():
    pictures, words = {"embeds"}, {"embeds", "reads_text"}
    assert [RankMe().answered_by(c) for c in (pictures, words, set())] == [True, False, False]
    assert RankMe(unless=()).answered_by(words)
    assert [probe.name for probe in USUAL if probe.answered_by(words)] == ["retrieval", "zero_shot", "knn"]
    assert [probe.name for probe in USUAL if probe.answered_by(pictures)] == ["knn", "rankme"]


def test_a_reason_says_why_samples_give_no_score():
    none = prepared()
    none.captions, none.labels = [""] * len(none), [None] * len(none)
    assert Retrieval().reason(none, None) == "no held-out picture in pictures has a caption"
    assert ZeroShot().reason(none, None) == "no held-out picture has a label" and ZeroShot().notes(none, None) == []
    one = prepared()
    one.labels = ["a"] * len(one)
    assert ZeroShot().notes(one, None) == ["no zero-shot score: the held-out pictures are all 'a'"]
    assert (
        KNNProbe().reason(one, None) and KNNProbe().reason(one, one) and not KNNProbe().reason(prepared(), prepared())
    )
    assert Retrieval().notes(prepared(), None) == [
        "1 of 7 held-out pictures in pictures have no caption: never asked for"
    ]


def test_a_prepared_sample_is_at_hand_with_all_that_its_source_has():
    held = prepared(4)
    assert [held.sample(number).label for number in range(4)] == [
        None if label is None else "abc".index(label) for label in held.labels
    ]
    assert held.sample(0).boxes is not None


def test_a_setting_out_of_range_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        KNNProbe(k=0)
    assert replace(KNNProbe(), k=1) == KNNProbe(k=1)
