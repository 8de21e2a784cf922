"""Whatever block of a picture file a text stands in, it is found as written; what is broken hides nothing else."""

import gzip
import random
import struct
import time
import zlib

import pytest
from metadata import app13, chunk, encoded, iim, jpeg, packet, png, pngs, resource, segment, tags
from PIL import PngImagePlugin, features

from sightline.data.decode.embedded.exif import exif
from sightline.data.decode.embedded.iptc import iptc
from sightline.data.decode.embedded.photoshop import photoshop
from sightline.data.decode.embedded.said import BLOCKS, TEXTS, said
from sightline.data.decode.embedded.xmp import xmp
from sightline.data.decode.pixels_only import strip_metadata

WORDS = packet(
    '<dc:title><rdf:Alt><rdf:li xml:lang="de">Haus am See</rdf:li><rdf:li xml:lang="x-default">House by the lake'
    "</rdf:li></rdf:Alt></dc:title><dc:description><rdf:Alt><rdf:li>A &amp; B\n walk</rdf:li>"
    "</rdf:Alt></dc:description>"
    "<dc:subject><rdf:Bag><rdf:li>lake</rdf:li><rdf:li>house</rdf:li></rdf:Bag></dc:subject>"
)
OF_WORDS = [
    ("title", "House by the lake"),
    ("title", "Haus am See"),
    ("description", "A & B\n walk"),
    ("keyword", "lake"),
    ("keyword", "house"),
]
LOOSE = {("keyword", "lake"), ("description", "A house")}


def test_iptc_gives_titles_caption_and_keywords_in_order():
    found = iptc(iim((5, b"Lake"), (25, b"water"), (25, b"house"), (80, b"Ann"), (120, b"By the lake"), (105, b"Two")))
    assert list(found) == [
        ("title", "Lake"), ("keyword", "water"), ("keyword", "house"), ("description", "By the lake"), ("title", "Two"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("announced", "value", "expected"),
    [
        (b"", "Zürich".encode(), "Zürich"),
        (b"", "Zürich".encode("latin-1"), "Zürich"),
        (b"\x1b%G", "Zürich – 富士山".encode(), "Zürich – 富士山"),
        (b"\x1b%G", "Zürich".encode("latin-1"), "Zürich"),  # announced, and not so
        (b"\x1b.A", "Zürich".encode(), "ZÃ¼rich"),
        (b"", "“Ann”".encode("cp1252"), "“Ann”"),
    ],
)
def test_iptc_is_in_the_characters_that_it_announces_or_that_fit(announced, value, expected):
    assert [text for _, text in iptc(iim(((1, 90), announced), (25, value)))] == [expected]


def test_a_long_iptc_value_has_a_length_of_its_own_length():
    long = b"word " * 10_000
    data = struct.pack(">BBBHI", 0x1C, 2, 120, 0x8004, len(long)) + long + iim((25, b"after"))
    assert [len(text) for _, text in iptc(data)] == [len(long), 5]


def test_iptc_is_read_up_to_where_it_breaks_off():
    data = iim((25, b"whole"), (25, b"broken"))
    for cut in range(len(data) - 1, len(data) - 8, -1):
        assert list(iptc(data[:cut])) == [("keyword", "whole")]
    assert not list(iptc(struct.pack(">BBBH", 0x1C, 2, 25, 0xFFFF) + b"\xff" * 40))


def test_photoshop_passes_over_other_resources_and_names():
    data = resource(0x03ED, b"odd", b"even") + resource(0x0404, iim((25, b"lake")), b"odd") + resource(0x0424, WORDS)
    assert list(photoshop(data)) == [("keyword", "lake"), *OF_WORDS]


def test_iptc_longer_than_a_segment_goes_on_in_the_next():
    data = resource(0x0404, iim(*((25, b"word %d" % n) for n in range(100))))
    found = said(jpeg(app13(data[:500]), app13(data[500:])))
    assert [text for _, text in found] == [f"word {n}" for n in range(100)]


def test_xmp_has_all_languages_and_the_default_is_first():
    assert list(xmp(WORDS)) == OF_WORDS
    assert list(xmp(WORDS.decode().encode("utf-16"))) == OF_WORDS
    assert list(xmp(b" \n" + WORDS + bytes(9))) == OF_WORDS


def test_xmp_reads_attributes_plain_properties_and_other_prefixes():
    data = packet(
        "<photoshop:Headline>Two</photoshop:Headline>"
        "<Iptc4xmpCore:AltTextAccessibility>Three</Iptc4xmpCore:AltTextAccessibility>",
        'photoshop:Headline="One" dc:format="image/jpeg"',
    )
    found = [("title", "One"), ("title", "Two"), ("description", "Three")]
    assert list(xmp(data)) == found
    assert list(xmp(data.replace(b"photoshop", b"ps").replace(b"adobe.com/ps", b"adobe.com/photoshop"))) == found


def test_xmp_of_an_ingredient_is_not_the_pictures():
    inner = "<rdf:Description><dc:title><rdf:Alt><rdf:li>Other</rdf:li></rdf:Alt></dc:title></rdf:Description>"
    assert not list(xmp(packet(f"<xmpMM:Pantry><rdf:Bag><rdf:li>{inner}</rdf:li></rdf:Bag></xmpMM:Pantry>")))


def test_exif_gives_windows_words_and_the_description():
    found = set(exif(tags(_40091="Häuser", _40094="lake;house").tobytes()))
    assert found == {("description", "A house"), ("title", "Häuser"), ("keyword", "lake;house")}


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (b"ASCII\0\0\0By the lake\0\0", "By the lake"),
        (b"UNICODE\0" + "By the lake".encode("utf-16-le"), "By the lake"),
        (b"UNICODE\0" + "By the lake".encode("utf-16-be"), "By the lake"),
        (b"UNICODE\0" + "富士山".encode("utf-16"), "富士山"),
        (b"JIS\0\0\0\0\0" + "富士山".encode("iso2022_jp"), "富士山"),
        (bytes(8) + b"By the lake", "By the lake"),
        (bytes(64), ""),
        (b"SOMEELSEwhat", ""),
        (b"UNI", ""),
    ],
)
def test_a_user_comment_is_read_by_its_character_set(comment, expected):
    assert ("description", expected) in list(exif(tags(comment).tobytes()))


def xmp_text(zip=False):
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", WORDS.decode(), zip=zip)
    return info


TEXTED = png(Title="Lake", Description="A house", Comment="no")
OF_TEXTED = {("title", "Lake"), ("description", "A house")}
PALETTE = b"8BPS" + bytes(22) + b"\0\0\0\4rgbx"
RESOURCES = resource(0x0424, WORDS)
HOLDERS = {
    "JPEG, IPTC": (jpeg(app13(resource(0x0404, iim((25, b"lake"), (120, b"A house"))))), LOOSE),
    "JPEG, XMP": (encoded(xmp=WORDS), set(OF_WORDS)),
    "JPEG, EXIF": (encoded(exif=tags()), {("description", "A house")}),
    "PNG, text": (encoded("PNG", pnginfo=TEXTED), OF_TEXTED),
    "PNG, XMP": (encoded("PNG", pnginfo=xmp_text()), set(OF_WORDS)),
    "PNG, packed XMP": (encoded("PNG", pnginfo=xmp_text(zip=True)), set(OF_WORDS)),
    "PNG, EXIF": (encoded("PNG", exif=tags()), {("description", "A house")}),
    "WebP, XMP": (encoded("WEBP", xmp=WORDS), set(OF_WORDS)),
    "WebP, EXIF": (encoded("WEBP", exif=tags()), {("description", "A house")}),
    "TIFF, XMP and text": (encoded("TIFF", tiffinfo={700: WORDS, 270: "Also"}), {*OF_WORDS, ("description", "Also")}),
    "TIFF, IPTC": (encoded("TIFF", tiffinfo={33723: iim((25, b"lake"))}), {("keyword", "lake")}),
    "PSD": (PALETTE + struct.pack(">I", len(RESOURCES)) + RESOURCES, set(OF_WORDS)),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_every_format_gives_what_its_blocks_hold(holder):
    data, expected = HOLDERS[holder]
    assert {one for one in said(data) if one.use != "machine"} == expected


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_an_avif_gives_its_blocks():
    assert set(said(encoded("AVIF", xmp=WORDS, exif=tags()))) == {*OF_WORDS, ("description", "A house")}


def test_imagemagicks_hexadecimal_profiles_are_blocks():
    profile = b"\niptc\n%8d\n" % 99 + resource(0x0404, iim((25, b"lake"))).hex().encode()
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type iptc", profile.decode(), zip=True)
    assert said(encoded("PNG", pnginfo=info)) == [("keyword", "lake")]


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">{}<g><title>part</title><desc>its own</desc></g></svg>'
CREATOR = "<dc:creator><cc:Agent><dc:title>Ann</dc:title></cc:Agent></dc:creator>"
METADATA = (
    '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:cc="http://creativecommons.org/ns#" '
    f'xmlns:dc="http://purl.org/dc/elements/1.1/"><cc:Work><dc:title>Lake</dc:title>{CREATOR}'
    "<dc:subject><rdf:Bag><rdf:li>water</rdf:li></rdf:Bag></dc:subject></cc:Work></rdf:RDF></metadata>"
)


def test_an_svg_gives_its_own_title_description_and_dublin_core():
    data = SVG.format("<title>House</title><desc>By <b>the</b> lake</desc>" + METADATA).encode()
    expected = [("title", "House"), ("description", "By the lake"), ("title", "Lake"), ("keyword", "water")]
    assert said(data) == said(gzip.compress(data)) == expected
    assert said(SVG.format("").encode()) == []


BOMB = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(200 << 20)))
REFERRING = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
LAUGHS = f'<!DOCTYPE x [<!ENTITY e0 "lake">{REFERRING}]>'
EXPANDING = f'<!DOCTYPE x [<!ENTITY big "{"lake " * 20_000}">]>'
OUTER = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


def entry(order, *fields):
    return struct.pack(order + "HHII", *fields)


def itxt(packet):
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)


def app1(body, head=b"Exif\0\0"):
    return segment(0xE1, head + body)


SETS = iim(*[(25, b"")] * 300_000).hex().encode()
HOSTILE = {
    "XMP of entities in entities": encoded(xmp=packet("<dc:title>&e8;</dc:title>", head=LAUGHS)),
    "XMP of a large entity": pngs(itxt(packet(f"<dc:title>{'&big;' * 50_000}</dc:title>", head=EXPANDING))),
    "XMP that names a file": encoded(xmp=packet("<dc:title>&f;</dc:title>", head=OUTER)),
    "XMP of 200 MB": pngs(BOMB),
    "many of those": pngs(*[BOMB] * 40),
    "XMP of a million elements": pngs(itxt(packet("<dc:x/>" * 1_000_000))),
    "a title of spaces": pngs(chunk(b"tEXt", b"Title\0" + b" \n" * 500_000)),
    "IPTC of many sets": pngs(chunk(b"tEXt", b"Raw profile type iptc\0\niptc\n9\n" + SETS)),
    "IPTC of gigabytes": jpeg(app13(resource(0x0404, struct.pack(">BBBHI", 0x1C, 2, 25, 0x8004, 2**31)))),
    "resources of gigabytes": jpeg(app13(b"8BIM\4\4\0\0\xff\xff\xff\xff" + bytes(40))),
    "an EXIF that leads to itself": jpeg(app1(b"II*\0\x08\0\0\0\1\0" + entry("<", 0x8769, 4, 1, 8) + bytes(4))),
    "an EXIF of tags over each other": pngs(
        chunk(b"eXIf", b"MM\0*\0\0\0\x08\x0f\xff" + entry(">", 270, 2, 40_000, 8) * 4095 + bytes(4))
    ),
    "an EXIF behind the end": jpeg(app1(b"II*\0\x08\0\0\0\1\0" + entry("<", 270, 2, 99, 2**32 - 8))),
    "only an EXIF's head": jpeg(app1(b"II*\0")),
    "a broken zTXt": pngs(chunk(b"zTXt", b"Title\0\0no zlib")),
    "an iTXt without its fields": pngs(chunk(b"iTXt", b"Title\0")),
    "a text without a key": pngs(chunk(b"tEXt", b"")),
    "nothing": b"",
    "the start of a JPEG": b"\xff\xd8\xff",
    "the start of a PNG": b"\x89PNG\r\n\x1a\n\0\0",
    "the start of a PSD": b"8BPS\0",
    "the start of a gzip": b"\x1f\x8b\x08",
    "the start of an AVIF": b"\0\0\0\x20ftypavif" + bytes(40),
    "an SVG that is cut": b"<svg xmlns='http://www.w3.org/2000/svg'><title>La",
    "an SVG of entities": (LAUGHS + SVG.format("<title>&e8;</title>")).encode(),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_blocks_raise_nothing_and_take_no_time(kind):
    start = time.perf_counter()
    found = said(HOSTILE[kind])
    assert time.perf_counter() - start < 3
    assert len(found) <= TEXTS and sum(len(text) for _, text in found) < 32 * 2**20
    assert not any("root:" in text or "lakelake" in text for _, text in found)


def test_a_broken_block_hides_none_of_the_others():
    broken = [segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x")]
    assert said(jpeg(*broken, app13(resource(0x0404, iim((25, b"lake")))))) == [("keyword", "lake")]


def test_at_most_so_many_blocks_and_texts_are_read():
    texts = [chunk(b"tEXt", b"Title\0%d" % n) for n in range(BLOCKS + 9)]
    assert len(said(pngs(*texts))) == BLOCKS
    assert len(said(jpeg(app13(resource(0x0404, iim(*[(25, b"lake")] * 999)))))) == TEXTS


def test_flipped_and_cut_bytes_raise_nothing():
    rng = random.Random(0)
    for number in range(3000):
        data = bytearray(HOLDERS[rng.choice(list(HOLDERS))][0])
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.choice([0, 255, rng.randrange(256)])
        said(bytes(data[: rng.randrange(len(data))] if number % 2 else data))


def test_pixels_are_made_without_any_of_it():
    assert WORDS not in strip_metadata(encoded(xmp=WORDS)).data
