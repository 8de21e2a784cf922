"""The built-in icons: how many, which words, and a split that keeps the drawings of a name together."""

from collections import Counter

import pytest

from sightline.data.sources.icons import Icons, hidden_term, icon_entries, names_of_split, telling_terms
from sightline.data.sources.outline import Outline


def test_counts_are_those_of_the_package():
    assert len(Icons()) == 1558 and len(Icons("solid")) == 1395 and len(Icons("regular")) == 163
    assert len({entry.name for entry in icon_entries()}) == 1395


def test_the_split_is_80_to_20_by_name_with_nothing_on_both_sides():
    train, test = ({entry.name for entry in Icons(split=split).entries} for split in ("train", "test"))
    assert (len(train), len(test), len(train & test)) == (1116, 279, 0)
    assert len(Icons(split="train")) + len(Icons(split="test")) == 1558
    assert len(Icons("solid", "test")) == 279
    other = {entry.name for entry in Icons(split="test", fold=1).entries}
    assert len(other) == 279 and len(other & test) < 100


def test_the_split_does_not_depend_on_the_order_of_names():
    names = [f"icon-{i}" for i in range(50)]
    assert names_of_split(names, "test") == names_of_split(names[::-1], "test")


def test_terms_are_lower_case_without_junk_and_without_the_label():
    entries = icon_entries()
    terms = Counter(term for entry in entries for term in entry.terms)
    assert "uer" not in terms and all(term == term.lower() for term in terms)
    assert not [e for e in entries if e.label in e.terms]
    assert telling_terms("Credit Card", ["credit-card", "Money", "money", "uer", "✓"]) == ("money", "✓")


def test_a_sample_has_label_terms_categories_and_name():
    icons = Icons("solid")
    sample = next(s for s in icons if s.name == "credit-card")
    assert sample.key == "credit-card/solid" and sample.captions == ("credit card",)
    assert {"buy", "money"} <= set(sample.terms) and b"<svg" in sample.image
    assert icons.classes[sample.label] == sample.extra["categories"][0] and sample.extra["weight"] == "solid"
    assert {e.name for e in icons.entries if e.label == "n"} == {"n"} and len(icons.classes) == 68


def test_both_weights_of_a_name_share_its_words():
    hearts = [s for s in Icons() if s.name == "heart"]
    assert [s.key for s in hearts] == ["heart/solid", "heart/regular"] and hearts[0].terms == hearts[1].terms


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="no split 'dev'; known: all, train, test"):
        Icons(split="dev")
    with pytest.raises(ValueError, match="no weight 'thin'; known: all, solid, regular"):
        Icons("thin")


def test_missing_packages_say_how_to_get_them(monkeypatch):
    from sightline.data.sources import icons, outline

    monkeypatch.setattr(icons, "find_spec", lambda name: None)
    for read, line in ((icon_entries, "sightline\\[train\\]"), (outline._entries, "sightline\\[outline\\]")):
        read.cache_clear()
        with pytest.raises(ValueError, match=f"pip install '{line}'"):
            read()


def test_the_outline_set_has_tags_and_categories():
    pytest.importorskip("pytablericons", reason="the outline set is optional")
    outline = Outline()
    assert len(outline) > 4000 and len(Outline("test")) == round(len(outline) / 5)
    heart = next(s for s in outline if s.name == "heart")
    assert heart.key == "heart/outline" and "love" in heart.terms and outline.classes[heart.label] == "shapes"
    assert sum(bool(s.terms) for s in outline) > 0.7 * len(outline)


def test_a_hidden_term_is_one_a_person_would_type_and_no_word_of_the_name():
    hidden = {entry.name: hidden_term(entry) for entry in icon_entries("solid")}
    for entry in icon_entries("solid"):
        term = hidden[entry.name]
        if term is not None:
            assert len(entry.terms) >= 3 and term in entry.terms
            assert not set(term.split()) & set(entry.name.split("-"))
    assert sum(term is not None for term in hidden.values()) > 700
    kept = Icons("solid", hide="term")
    assert len(kept) == len(Icons("solid"))
    for sample in kept:
        assert hidden[sample.name] not in (*sample.terms, *sample.captions)
    whole = next(s for s in Icons("solid") if s.name == "heart")
    less = next(s for s in kept if s.name == "heart")
    assert set(whole.terms) - set(less.terms) == {hidden["heart"]}


def test_the_name_of_a_source_says_what_it_hides():
    assert Icons("solid", hide="term").name == "icons:all?set=solid&fold=0&hide=term"
    assert "hide" not in Icons("solid").name
    with pytest.raises(ValueError, match="cannot hide 'name'; known: nothing, term"):
        Icons(hide="name")
