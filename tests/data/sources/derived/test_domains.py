import numpy as np
import pytest

from sightline.data.feed.in_turn import in_turn
from sightline.data.feed.labelled import PK
from sightline.data.feed.loader import Loader
from sightline.data.sources.derived.domains import Domains
from sightline.data.sources.source import hold_out, open_source

SRC = "domains(icons?n=9, icons?n=5&seed=1)"


def test_labels_of_the_target_are_hidden_and_those_of_the_source_are_not():
    source = open_source(SRC)
    assert isinstance(source, Domains) and len(source) == 14
    own, other = open_source("icons?n=9"), open_source("icons?n=5&seed=1")
    assert [source[i].label for i in range(9)] == [own[i].label for i in range(9)]
    assert [source[9 + i].label for i in range(5)] == [None] * 5
    assert [source[i].extra["domain"] for i in range(14)] == [0] * 9 + [1] * 5
    assert [source[9 + i].content() for i in range(5)] == [other[i].content() for i in range(5)]
    assert source.classes == own.classes
    assert not source[9].captions  # icons are named after their class
    assert source.words(0).label == own[0].label


def test_every_batch_is_half_of_each_and_each_domain_comes_in_epochs_of_its_own():
    source = open_source(SRC)
    drawn = in_turn(source, 3, np.arange(36))
    assert sorted(drawn[::2][:9]) == list(range(9)) and sorted(drawn[::2][9:18]) == list(range(9))
    assert sorted(drawn[1::2][:5]) == list(range(9, 14))
    batch = Loader(source, batch=6, size=16, fields={"image", "label", "domain"}).batch(0)
    assert batch["domain"].tolist() == [0, 1] * 3
    assert [label >= 0 for label in batch["label"].tolist()] == [True, False] * 3


def test_two_ranks_draw_what_one_draws():
    source = open_source(SRC)
    whole = Loader(source, batch=8, size=16).batch(2)["index"].tolist()
    parts = [Loader(source, batch=8, size=16, rank=rank, world=2).batch(2)["index"].tolist() for rank in (0, 1)]
    assert whole == parts[0] + parts[1]


def test_what_is_held_out_has_labels_and_the_target_stays_whole():
    kept, held = hold_out(open_source("domains(icons?n=60, icons?n=5&seed=1)"), 0.2)
    assert isinstance(kept, Domains) and len(kept.target) == 5
    assert len(kept.labelled) + len(held) == 60
    assert "label" in held.has and all(held[i].label is not None for i in range(len(held)))


@pytest.mark.parametrize("src", ["domains(icons)", "domains(icons, icons, icons)", "domains(icons, icons)?n=3"])
def test_anything_but_two_sources_is_refused(src):
    with pytest.raises(ValueError, match=r"expected domains\(SRC, SRC\)"):
        open_source(src)


def test_what_cannot_be_learnt_from_is_refused():
    with pytest.raises(ValueError, match=r"is not closed; expected domains\(SRC, SRC\)"):
        open_source("domains(icons, icons")
    with pytest.raises(ValueError, match="scenes.* has no labels to learn from"):
        open_source("domains(scenes?n=4, icons)")
    with pytest.raises(ValueError, match="batch is 7: set batch=8"):
        Loader(open_source(SRC), batch=7, size=16)
    with pytest.raises(ValueError, match="batch is 6: set batch=8"):
        Loader(open_source(SRC), batch=6, size=16, world=2)
    with pytest.raises(ValueError, match="set data.order=Epochs"):
        Loader(open_source(SRC), batch=8, size=16, order=PK(classes=2, samples=2))


def test_sources_with_commas_of_their_own_stand_within_parentheses():
    from sightline.data.sources.source import parse

    (part,) = parse("domains(regions(photos/, runs/clip), sketches/)")
    assert (part.labelled, part.target) == ("regions(photos/, runs/clip)", "sketches/")
