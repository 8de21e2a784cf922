"""Cleaning of texts is that of the peers, character by character."""

import html

import pytest
from open_clip.tokenizer import get_clean_fn

from sightline.text.clean import cleaned

CODES = [*range(0x20, 0x3000, 3), *range(0x2000, 0x2070), *range(0x80, 0xA0), *range(0xFB00, 0xFB07)]
CODES += [*range(0xFF00, 0xFFFE), 0x3000, 0xFEFF, 0x1F600, 0x10FFFF]
ODD = [
    "  A  b\tc\n\nd ",
    "It&#39;s &lt;b&gt; &amp;amp; &quot;x&quot;",
    "<b>1 &amp; 2</b>",
    "“curly” ‘quotes’",
    "ﬁne ﬂour",
    "\x1b[31mred\x1b[0m",
    "a\r\nb\u2028c",
    "\ud83d\ude00 pair, \ud83d half",
    "e\u0301 İstanbul ΣΑΣ ß",
    "snake_case_name, what?! (yes) #1",
    "caf\u00c3\u00a9 \u00e2\u20ac\u0153mojibake\u00e2\u20ac\u009d",
    "",
]


@pytest.mark.parametrize("ours, theirs", [("repaired", "lower"), ("repaired_canonical", "canonicalize")])
def test_cleaning_is_open_clips(ours, theirs):
    peer = get_clean_fn(theirs)
    texts = ODD + [pattern.format(chr(code)) for code in CODES for pattern in ("a{}b", "{} É")]
    wrong = [text for text in texts if cleaned(text, ours) != peer(text)]
    assert not wrong, [ascii(text) for text in wrong[:5]]


def test_utf8_that_was_decoded_as_latin1_is_mended():
    assert cleaned("caf\u00c3\u00a9", "repaired") == "caf\u00e9"


def test_siglip_drops_punctuation_and_keeps_no_space_for_an_underscore():
    """As transformers' SiglipTokenizer, whose sentencepiece is not needed to see it."""
    assert cleaned(" A photo_of: a CAT, (black)!  ", "canonical") == "a photoof a cat black"
    assert cleaned("a_b", "repaired_canonical") == "a b"
    assert cleaned("Any &amp; THING", "none") == html.unescape("Any &amp;amp; THING")
