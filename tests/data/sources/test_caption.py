"""File names become words, and words become short clean lines."""

import pytest

from sightline.data.sources.caption import CHARACTERS, WORDS, clean, from_name


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("credit-card_24px", "credit card"),
        ("ic_ArrowLeft@2x", "arrow left"),
        ("icon-home-24x24", "home"),
        ("01-home", "home"),
        ("HTML5Logo", "html5 logo"),
        ("XMLHttpRequest", "xml http request"),
        ("heart copy 2", "heart"),
        ("logo final v2", "logo"),
        ("photo frame", "photo frame"),
        ("copy", "copy"),
        ("3d-cube", "3d cube"),
        ("decade", "decade"),
        ("信用卡", "信用卡"),
        ("IMG_1234", ""),
        ("Frame 12", ""),
        ("untitled", ""),
        ("1f600", ""),
        ("a3f9c2d188aa", ""),
        ("550e8400-e29b-41d4-a716-446655440000", ""),
        ("0", ""),
        ("", ""),
    ],
)
def test_words_of_a_file_name(stem, words):
    assert from_name(stem) == words


def test_clean_cuts_thousands_of_words():
    assert clean("word " * 5000).split() == ["word"] * WORDS
    assert len(clean("x" * 10**7)) == CHARACTERS


def test_clean_removes_what_cannot_be_read():
    assert clean(" a\n\tred\x00 star\u2028 ") == "a red star"
    assert clean("ﬁne") == "fine"
    assert clean(" \n ") == "" and clean("") == ""
