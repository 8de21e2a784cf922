"""What published tokenizers do to a text before they cut it up, by the name that a saved tokenizer keeps.

"none": nothing here. "canonical": SigLIP's, lower case without punctuation. "repaired": OpenAI's, broken Unicode
mended, HTML entities read twice, lower case. "repaired_canonical": open_clip's for SigLIP, where an underscore is a
space.
"""

import html
import re
import string
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Literal

Clean = Literal["none", "canonical", "repaired", "repaired_canonical"]

PUNCTUATION = str.maketrans("", "", string.punctuation)
LIGATURES = "\u0132\u0133\u0149\u01f1\u01f2\u01f3\u01c4\u01c5\u01c6\u01c7\u01c8\u01c9\u01ca\u01cb\u01cc"
CONTROLS = [*range(0x00, 0x09), 0x0B, *range(0x0E, 0x20), 0x7F, *range(0x206A, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFD)]
ESCAPE = re.compile(r"\x1b\[((?:\d|;)*)([a-zA-Z])")
SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
LINES = re.compile("\r\n|[\r\u2028\u2029]")


def cleaned(text: str, kind: Clean) -> str:
    """The text as a tokenizer of this kind reads it."""
    return KINDS[kind](text)


def canonical(text: str) -> str:
    """Lower case, no ASCII punctuation, white space as single spaces: transformers' SiglipTokenizer."""
    return " ".join(text.lower().translate(PUNCTUATION).split())


def repaired(text: str) -> str:
    """OpenAI's basic_clean, white space and lower case: open_clip's SimpleTokenizer."""
    return " ".join(_basic(text).split()).lower()


def repaired_canonical(text: str) -> str:
    """open_clip's "canonicalize", which its SigLIP tokenizers use."""
    return " ".join(_basic(text).replace("_", " ").translate(PUNCTUATION).lower().split())


KINDS: dict[str, Callable[[str], str]] = {
    "none": str,
    "canonical": canonical,
    "repaired": repaired,
    "repaired_canonical": repaired_canonical,
}


def _basic(text: str) -> str:
    return html.unescape(html.unescape(_mended(text))).strip()


def _mended(text: str) -> str:
    """What ftfy's `fix_text` does, which OpenAI's tokenizer calls, less the guessing of wrong encodings.

    Departure: text decoded with the wrong table before it came here ("Ã©" for "é") stays as it is. The rest is equal:
    ligatures and full-width letters to plain ones, quotes straight, controls out, NFC.
    """
    if text.isascii() and text.isprintable() and "&" not in text:
        return text
    if "<" not in text:  # a text with tags is left to the reader of HTML
        text = html.unescape(text)
    text = ESCAPE.sub("", text).translate(_plain())
    text = LINES.sub("\n", text)
    text = SURROGATES.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return unicodedata.normalize("NFC", text.translate(dict.fromkeys(CONTROLS)))


@cache
def _plain() -> dict[int, str]:
    """Ligatures, full-width and half-width forms and curled quotes, to what is typed for them; the control characters
    0x80-0x9f, which no text means, to what Windows has in their place.
    """
    table = {ord(c): unicodedata.normalize("NFKC", c) for c in LIGATURES}
    table |= {c: unicodedata.normalize("NFKC", chr(c)) for c in range(0xFB00, 0xFB07)}
    table |= {0x3000: " "} | {c: unicodedata.normalize("NFKC", chr(c)) for c in range(0xFF01, 0xFFF0)}
    table |= dict.fromkeys([0x02BC, *range(0x2018, 0x201C)], "'") | dict.fromkeys(range(0x201C, 0x2020), '"')
    table |= {0x149: "'n", 0xFB05: "\u017ft"}
    for c in range(0x80, 0xA0):
        windows = bytes([c]).decode("windows-1252", "ignore")
        table |= {c: table.get(ord(windows), windows)} if windows else {}
    return {c: to for c, to in table.items() if to != chr(c)}
