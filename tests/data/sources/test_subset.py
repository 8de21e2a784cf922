"""Parts of a source: mixtures add up, seeded subsets repeat, and held-out samples stay held out."""

from dataclasses import dataclass, field

import pytest

from sightline.data.sample import Sample, Source
from sightline.data.sources.mixture import Mixture
from sightline.data.sources.subset import Subset, first_of_order, hold_out


@dataclass
class Words:
    """Samples whose content is a word."""

    words: list[str]
    names: list[str] = field(default_factory=list)
    name: str = "words"
    has: frozenset[str] = frozenset({"image", "text", "label"})
    classes: tuple[str, ...] = ("a",)

    def __len__(self):
        return len(self.words)

    def __getitem__(self, index):
        name = self.names[index] if self.names else ""
        return Sample(key=f"{index}", image=self.words[index].encode(), label=0, name=name)


def contents(source):
    return [source[i].image.decode() for i in range(len(source))]


def many(n):
    return [f"word {i}" for i in range(n)]


def test_hold_out_takes_the_share_and_loses_nothing():
    kept, held = hold_out(Words(many(2000)))
    assert sorted(contents(kept) + contents(held)) == sorted(many(2000))
    assert 70 <= len(held) <= 130
    assert contents(hold_out(Words(many(2000)), seed=1)[1]) != contents(held)


def test_a_sample_keeps_its_side_when_others_are_added():
    before = set(contents(hold_out(Words(many(500)))[1]))
    after = set(contents(hold_out(Words(many(900)))[1]))
    assert before == {word for word in after if int(word.split()[1]) < 500}


def test_copies_and_names_fall_on_one_side():
    kept, held = hold_out(Words(many(100) * 3), 0.2)
    assert not set(contents(kept)) & set(contents(held))
    named = Words(many(300), [f"name {i // 3}" for i in range(300)])
    sides = [{int(word.split()[1]) // 3 for word in contents(side)} for side in hold_out(named, 0.2)]
    assert not sides[0] & sides[1]


def test_at_least_one_and_at_most_5000_are_held():
    assert len(hold_out(Words(many(2)))[1]) == 1
    assert len(hold_out(Words(many(20_000)), 0.5)[1]) == 5000


def test_too_few_different_samples_are_refused():
    for words in ([], ["same"], ["same"] * 9):
        with pytest.raises(ValueError, match="two different ones are needed"):
            hold_out(Words(words))
    with pytest.raises(ValueError, match="share is 1"):
        hold_out(Words(many(5)), 1)


def test_pictures_that_cannot_be_read_do_not_stop_the_split(tmp_path):
    source = Words(many(50))
    source.words[3] = None
    source.__class__ = type("Broken", (Words,), {"__getitem__": _broken})
    assert len(hold_out(source)[0]) + len(hold_out(source)[1]) == 50


def _broken(self, index):
    if self.words[index] is None:
        raise ValueError("no record")
    return Words.__getitem__(self, index)


def test_mixtures_lay_their_parts_end_to_end():
    mixture = Mixture([Words(["x", "y"]), Words(["z"])], [1, 2])
    assert contents(mixture) == ["x", "y", "z"] and [mixture[i].key for i in range(3)] == ["0/0", "0/1", "1/0"]
    assert mixture.weights == [1.0, 2.0] and isinstance(mixture, Source) and mixture.classes == ("a",)
    with pytest.raises(IndexError):
        mixture[3]
    other = Mixture([Words(["x"]), Words(["z"], classes=("b",))])
    assert other.classes == () and "label" not in other.has and other[0].label is None


def test_wrong_weights_are_refused():
    for weights in ([1.0], [1.0, 0.0], [1.0, -2.0], [1.0, float("inf")], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="expected one above 0"):
            Mixture([Words(["x"]), Words(["y"])], weights)


def test_parts_of_a_mixture_are_held_out_one_by_one():
    kept, held = hold_out(Mixture([Words(many(100)), Words(many(50))], [1, 3]), 0.1)
    assert len(kept.parts) == len(held.parts) == 2 and len(kept) + len(held) == 150 and kept.weights == [1, 3]


def test_the_first_of_a_seeded_order_repeat_and_nest():
    source = Words(many(100))
    ten, twenty = (contents(first_of_order(source, n, seed=4)) for n in (10, 20))
    assert set(ten) < set(twenty) and ten == contents(first_of_order(source, 10, seed=4))
    assert ten != contents(first_of_order(source, 10, seed=5)) and len(first_of_order(source, 999)) == 100
    with pytest.raises(ValueError, match="n=0"):
        first_of_order(source, 0)


def test_a_subset_is_a_source():
    subset = Subset(Words(many(5)), [4, 0])
    assert contents(subset) == ["word 4", "word 0"] and isinstance(subset, Source) and subset.classes == ("a",)
