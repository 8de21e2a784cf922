"""Names that people gave to the parts of a drawing, told from those that programs count them by."""

import re
import xml.etree.ElementTree as ET

from sightline.data.sources.caption import clean, from_name, from_title

GENERIC = frozenset(
    """
path paths rect rectangle circle ellipse line polyline polygon group layer layers vector shape shapes svg defs use
symbol text tspan image clip clippath mask filter filters gradient linear radial paint pattern cls style styles fill
filled stroke outline outlined color colors colour element object item node page artboard frame frames figure export
background bg foreground fg base main content container wrapper root inner outer union subtract intersect combined
compound oval bitmap instance slice guide guides grid bounding bounds box boundingbox transparent none default layout
stop bicubic current currentcolor opacity hidden visible block inline flex absolute relative width height size auto
full screen primary secondary tertiary accent muted dark light black white gray grey red green blue yellow orange purple
pink brown evenodd nonzero round butt miter duotone solid regular bold thin lucide feather tabler bootstrap icon icons
mdi fas far fab svgjs sketch figma inkscape namedview svgid xml xmlid isolation mode blend graphic graphics glyph
""".split()
)
"""what programs, style sheets and icon sets write into ids and classes: no names of parts"""
SHORT = frozenset("ok no up go tv ad ai hi me us pc".split())
"""words of two letters"""
VOWELS = re.compile(r"[aeiouy]")
CROWD = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}")
"""more consonants in a row than a word has"""
COUNTED = re.compile(r"(?<=[A-Za-z])[\s_-]*\d+$")
"""the number behind a name: wheel1, wheel_2"""
LONGEST = 4
"""words of a name"""


def name_of(element: ET.Element) -> str:
    """What a part is called: its title, its label, what a drawing program shows as its name, its id, its class. "" for
    none that is words."""
    title = next((child.text for child in element if child.tag == "title" and child.text), "")
    for said in (title, element.get("aria-label", "")):
        if words := from_title(said or ""):
            return clean(words, LONGEST).lower()
    for key in ("data-name", "id", "class"):
        if words := words_of(element.get(key, "")):
            return words
    return ""


def words_of(name: str) -> str:
    """The words of an id or a class, "" where it has none.

    >>> words_of("search-icon"), words_of("leftWheel_2"), words_of("path1234"), words_of("SVGID_1_"), words_of("g-x7Kq")
    ('search', 'left wheel', '', '', '')
    """
    words = from_name(COUNTED.sub("", COUNTED.sub("", name.strip("_ ")))).split()
    return " ".join(word for word in words if is_word(word) and word not in GENERIC)[:60] if len(words) <= 6 else ""


def is_word(word: str) -> bool:
    """Whether letters can be read as a word. Other scripts than Latin are taken as they are.

    >>> [is_word(word) for word in ("cart", "sky", "qwrt", "xkcdbfg", "x7", "ok")]
    [True, True, False, False, False, True]
    """
    if not word.isalpha():
        return False
    if not word.isascii():
        return True
    return word in SHORT or (len(word) >= 3 and bool(VOWELS.search(word)) and not CROWD.search(word))
