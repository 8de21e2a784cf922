"""An SVG is read in the encoding that it is in, by Python's codecs; one that nobody knows is named."""

import pytest

from sightline.data.decode.picture import decode, is_svg
from sightline.data.decode.svg.rasterize import title
from sightline.data.decode.svg.text import text_of
from sightline.data.sample import BadSample


def written(declared, word, codec=None):
    text = f'<?xml version="1.0" encoding="{declared}"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2">'
    return (text + f'<title>{word}</title><path d="M0 0h2v2H0z"/></svg>').encode(codec or declared)


@pytest.mark.parametrize(
    ("declared", "word", "codec"),
    [
        ("gb2312", "房子", None),
        ("GBK", "房子", None),
        ("gb18030", "房子", None),
        ("hz", "房子", None),
        ("gb2312", "镕", "gbk"),
        ("big5", "房", None),
        ("shift_jis", "家", None),
        ("Shift_JIS", "①", "cp932"),
        ("x-sjis", "家", "shift_jis"),
        ("Windows-31J", "家", "cp932"),
        ("euc-jp", "家", None),
        ("iso-2022-jp", "家", None),
        ("euc-kr", "집", None),
        ("ks_c_5601-1987", "똠", "cp949"),
        ("windows-1251", "дом", None),
        ("koi8-r", "дом", None),
        ("ibm866", "дом", None),
        ("iso-8859-15", "é€", None),
        ("windows-1252", "“é”", None),
        ("mac-roman", "é", None),
        ("macintosh", "é", None),
        ("us-ascii", "e", None),
        ("utf-8-sig", "é", None),
        ("utf-7", "é", None),
        ("utf-16", "é", None),
        ("utf-16le", "é", None),
        ("utf-16be", "é", None),
        ("utf-16", "é", "utf-16-be"),
        ("utf-32", "é", None),
        ("utf-32le", "é", None),
        ("utf-32be", "é", None),
        ("cp037", "é", None),
        ("cp500", "é", None),
        ("utf-16", "e", "ascii"),
        ("UTF-32", "é", "utf-8"),
        ("latin-1", "é", "utf-16"),
    ],
)
def test_a_declared_encoding_that_python_knows_is_decoded(declared, word, codec):
    data = written(declared, word, codec)
    assert is_svg(data)
    assert title(data) == word
    assert decode(data, 4).shape == (4, 4, 3)


@pytest.mark.parametrize(
    "name",
    [
        "klingon",
        "hex",
        "zip",
        "bz2",
        "rot13",
        "base64",
        "uu",
        "quopri",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "raw-unicode-escape",
        "undefined",
        "../etc/passwd",
        "a" * 90,
        "\x00",
        "é",
        " ",
    ],
)
def test_an_unknown_encoding_or_a_codec_of_no_text_is_a_bad_sample_that_names_it(name):
    data = written(name, "x", "utf-8")
    with pytest.raises(BadSample, match="unknown encoding|malformed"):
        decode(data, 4)
    assert title(data) is None


def test_what_is_not_in_its_declared_encoding_is_a_bad_sample():
    for data in (
        written("utf-8", "é", "latin-1"),
        written("utf-8", "x")[:60] + b"\xff\xff" + written("utf-8", "x")[60:],
    ):
        with pytest.raises(BadSample, match="not in utf-8"):
            text_of(data)
    with pytest.raises(BadSample, match="not in euc-jp"):
        text_of(written("euc-jp", "x", "ascii") + b"\xff\xff")
    with pytest.raises(BadSample, match="not in utf-16"):
        text_of(b"\xff\xfe<\0s\0v")


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\0\x1cftypavif<svg", b"II*\0<svg", b"\xff\xd8\xff\xe0<svg", b"\0\0\x01\0<svg", b"{svg}", b"<html/>"],
)
def test_rasters_that_hold_the_letters_of_svg_are_no_svg(data):
    assert not is_svg(data)
