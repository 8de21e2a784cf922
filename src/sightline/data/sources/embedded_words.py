"""Words that a picture file carries itself, as captions and terms: what people wrote, without what machines did."""

import re

from sightline.data.decode.embedded.found import Use
from sightline.data.decode.embedded.said import said
from sightline.data.sources.beside import Words
from sightline.data.sources.caption import clean, from_title
from sightline.data.sources.shards.members import strings

CAPTIONS, TERMS = 8, 64
"""of one picture"""
CAPTION_USES: tuple[Use, ...] = ("title", "description")
"""in the order of the captions"""
READ = 2**14
"""characters of one text"""
WORD = re.compile(r"\w+")
MAKERS = frozenset(
    "olympus samsung sony nikon canon kodak konica minolta fujifilm fuji panasonic lumix casio pentax ricoh leica dji "
    "gopro hasselblad sanyo".split()
)
CAMERA = frozenset("camera cameras digital still picture pictures photo photos dsc corporation optical co ltd".split())
"""what cameras write beside the name of their maker: "OLYMPUS DIGITAL CAMERA", "SONY DSC" """
EMPTY = frozenset({"default", "none", "null", "undefined", "n a", "description", "user comments", "jpeg"})
"""what programs write where nobody described anything"""
TOOL = re.compile(
    r"""(?:svg|file|image|picture|drawing|vector)?\W*
    (?:created|made|exported|generated|edited|processed|drawn|converted|optimi[sz]ed|produced|written)\s+
    (?:(?:with|using)\s+(?:\S+\s+){0,3}\S+$
      |(?:by|in|from|via|with|using)\s+(?:adobe|affinity|boxy|canva|corel\w*|figma|fontforge|gimp|icomoon|illustrator|
        imagemagick|inkscape|lightroom|lunacy|matplotlib|photoshop|picasa|potrace|sketch|svg\s?repo|svgo|vectornator)\b)
    |creator:|generator:|dcim\b|https?://\S*$|xmp\.[di]id:""",
    re.IGNORECASE | re.VERBOSE,
)
CODE = re.compile(r"\s*(?:[{<]|\[\s*[\[{])|.*?[\x01-\x08\x0e-\x1f\x7f-\x9f\ufffd-\uffff]", re.DOTALL)
"""JSON, markup and bytes that are no text"""
SETTINGS = re.compile(r"^(?:Negative prompt|Steps): .*", re.DOTALL | re.MULTILINE)
"""what generators of pictures add to the prompt; its words say what is not to be seen"""


def embedded_words(data: bytes) -> Words:
    """The captions (titles, then descriptions) and terms (keywords) in the bytes of a picture file. Never raises.

    Left out are names of cameras and programs, of files and layers, settings, code. Lengths are those of `clean`.
    """
    written = [(use, text[:READ]) for use, text in said(data)]
    machine = {word for use, text in written if use == "machine" for word in WORD.findall(text.casefold())}
    captions = [_caption(use, text, machine) for use in CAPTION_USES for one, text in written if one == use]
    keywords = [one for use, text in written if use == "keyword" and not CODE.match(text) for one in _split(text)]
    return Words(_distinct(captions)[:CAPTIONS], _distinct(keywords)[:TERMS])


def _caption(use: Use, text: str, machine: set[str]) -> str:
    """One text as a caption, "" where no person wrote it for others; `machine` are the words of its camera and program.

    A title may well be "Samsung" or "Default", of a logo and an icon; a description is not.
    """
    text = SETTINGS.sub("", text).strip()
    words = WORD.findall(text.casefold())
    if CODE.match(text) or TOOL.match(text) or (words and machine.issuperset(words)):
        return ""
    if use == "description" and " ".join(words) in EMPTY:
        return ""
    known = machine | MAKERS
    if (use == "description" or len(words) > 1) and not known.isdisjoint(words) and (known | CAMERA).issuperset(words):
        return ""
    return from_title(text)


def _split(text: str) -> list[str]:
    return [clean(one) for one in strings(text, split=True)]


def _distinct(texts: list[str]) -> tuple[str, ...]:
    """In order and without blanks; what differs by capitals alone is the same."""
    first: dict[str, str] = {}
    for text in filter(None, texts):
        first.setdefault(text.casefold(), text)
    return tuple(first.values())
