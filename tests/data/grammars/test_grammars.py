"""Both sentences say one scene; the made-up language keeps its own rules; no sentence is in both splits."""

import pytest

from sightline.data.grammars import tongue
from sightline.data.grammars.source import Grammars
from sightline.data.scenes import caption, vocabulary
from sightline.data.scenes.palette import BACKGROUNDS, COLOURS
from sightline.data.sources.source import open_source
from sightline.data.sources.subset import hold_out

NOUNS = {thing.name for level in (1, 2) for thing in vocabulary.pool(level)}
RELATIONS = ("left of", "right of", "above", "below", "inside", "overlapping")
ADJECTIVES = {*COLOURS, "outlined", "small", "large"}
PLACES = {f"on {group[0].words}" for group in BACKGROUNDS}


def test_no_two_things_are_said_by_the_same_letters():
    forms = [tongue.AND, *map(tongue.word, NOUNS | PLACES)]
    forms += [tongue.word(one) + ending for one in ADJECTIVES | {*RELATIONS} for ending in tongue.GENDERS]
    assert len(forms) == len({*forms})
    assert {tongue.gender(noun) for noun in NOUNS} == {*tongue.GENDERS}


@pytest.mark.parametrize("level", [1, 2])
def test_the_sentence_is_place_then_object_subject_verb_with_nouns_before_adjectives_that_agree(level):
    source = Grammars(level=level, n=40)
    for index in range(len(source)):
        scene = source.scene(index)
        words = iter(tongue.said(scene).split())
        assert next(words) == tongue.word(f"on {scene.background.words}")
        for number, clause in enumerate(scene.clauses):
            if number:
                assert next(words) == tongue.AND
            for element in [
                scene.elements[i] for i in ((clause.object,) if clause.relation else ()) + (clause.subject,)
            ]:
                ending = tongue.gender(element.name)
                assert next(words) == tongue.word(element.name)
                assert next(words) == tongue.word(element.colour) + ending
                if element.stroke == "outlined":
                    assert next(words) == tongue.word("outlined") + ending
                if element.size != "medium":
                    assert next(words) == tongue.word(element.size) + ending
            if clause.relation:
                assert next(words) == tongue.word(clause.relation) + tongue.gender(scene.elements[clause.subject].name)
        assert next(words, None) is None


def test_the_translation_says_what_the_caption_says_and_the_other_way_round():
    source = Grammars(n=300)
    there, back = {}, {}
    for sample in map(source.__getitem__, range(300)):
        there.setdefault(sample.captions[0], set()).add(sample.translation[0])
        back.setdefault(sample.translation[0], set()).add(sample.captions[0])
    assert all(len(said) == 1 for said in [*there.values(), *back.values()])


def test_no_sentence_of_one_split_is_in_the_other():
    train, test = ({caption.caption(Grammars(n=300, split=s).scene(i)) for i in range(300)} for s in ("train", "test"))
    assert not train & test


def test_no_sentence_is_on_both_sides_of_a_split_made_later():
    sides = [{part[i].captions[0] for i in range(len(part))} for part in hold_out(Grammars(n=300), share=0.3)]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) < 300, "some sentence comes twice"


def test_a_pair_depends_on_its_number_alone_and_has_the_picture():
    few, many = open_source("grammars?n=3&level=2"), open_source("grammars:train?n=30&level=2")
    assert few[2] == many[2] and few[2].image.startswith(b"<svg")
    assert few.has == {"image", "text", "translation"}
    with pytest.raises(IndexError):
        few[3]


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        ("grammars?level=3", "levels 1 and 2; got level=3"),
        ("grammars:dev", "no split 'dev'; known: train, test"),
        ("grammars?n=0", "at least 1"),
        ("grammars?size=9", "no option 'size'"),
    ],
)
def test_what_there_is_not_is_refused(src, reason):
    with pytest.raises(ValueError, match=reason):
        open_source(src)


def test_a_table_gives_translations_in_a_column(tmp_path):
    (tmp_path / "pairs.csv").write_text("image,caption,translation\na.png,a red dot,punkt rot\nb.png,a dot,\n")
    source = open_source(str(tmp_path / "pairs.csv"))
    assert "translation" in source.has
    assert [source[i].translation for i in range(2)] == [("punkt rot",), ()]
