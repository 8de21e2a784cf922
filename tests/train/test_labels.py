"""What labels give to expect is said before the first step, or refused."""

from dataclasses import dataclass

import pytest

from sightline.data.sample import Sample
from sightline.train.labels import look


@dataclass
class Labelled:
    name: str
    classes: tuple
    given: tuple
    has = frozenset({"image", "label"})

    def __len__(self):
        return len(self.given)

    def __getitem__(self, index):
        return Sample(key=str(index), image=b"", label=self.given[index])

    def labels(self):
        return [-1 if one is None else one for one in self.given]


def test_gaps_missing_labels_and_counts_are_said():
    source = Labelled("numbers", ("0", "1", "2", "3"), (0, 3, 3, None, 0, 3))
    assert list(look("supervised", source, None)) == [
        "1 of 6 pictures of numbers have no label: they teach nothing",
        "2 of the 4 classes of numbers have no picture here ('1', '2'): each has an output that is never the answer",
        "2 classes, 2 to 3 pictures each",
    ]


def test_labels_of_two_types_in_one_column_are_said():
    said = list(look("supervised", Labelled("mixed", ("1", "2.5", "cat"), (0, 1, 2)), None))
    assert said[0] == "the labels of mixed mix numbers and words ('1', 'cat'): each spelling is a class of its own"


def test_one_class_and_no_label_are_refused():
    with pytest.raises(ValueError, match="pictures of one are all 'dog': give pictures of two classes"):
        list(look("supervised", Labelled("one", ("cat", "dog"), (1, 1, None)), None))
    with pytest.raises(ValueError, match="pictures of none have no labels"):
        list(look("supervised", Labelled("none", ("cat", "dog"), (None, None)), None))


def test_labels_that_appear_only_in_the_test_are_said_and_refused_where_all_are():
    train, test = Labelled("train", ("a", "b"), (0, 1)), Labelled("test", ("b", "c"), (0, 1, 1))
    said = list(look("supervised", train, test))
    assert said[1].startswith(
        "1 classes of test do not occur in train ('c'): their 2 of 3 pictures cannot be told right"
    )
    with pytest.raises(ValueError, match=r"no class of test \('x'\) occurs in train \('a', 'b'\)"):
        list(look("supervised", train, Labelled("test", ("x",), (0, 0))))
