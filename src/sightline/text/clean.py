"""What published tokenizers do to a text before they cut it into tokens, by the name that a saved tokenizer keeps.

"none": nothing. "canonical": SigLIP's, lower case without punctuation. "repaired": OpenAI CLIP's, broken Unicode mended
by ftfy, HTML entities decoded twice, lower case. "repaired_canonical": open_clip's for SigLIP, where an underscore is a
space.
"""

import html
import string
from collections.abc import Callable
from typing import Literal

Clean = Literal["none", "canonical", "repaired", "repaired_canonical"]

PUNCTUATION = str.maketrans("", "", string.punctuation)


def cleaned(text: str, kind: Clean) -> str:
    """The text as a tokenizer of this kind reads it."""
    return KINDS[kind](text)


def canonical(text: str) -> str:
    """Lower case, no ASCII punctuation, white space as single spaces: transformers' SiglipTokenizer."""
    return " ".join(text.lower().translate(PUNCTUATION).split())


def repaired(text: str) -> str:
    """OpenAI's basic_clean, single spaces and lower case: open_clip's SimpleTokenizer."""
    return " ".join(_basic_clean(text).split()).lower()


def repaired_canonical(text: str) -> str:
    """open_clip's "canonicalize", which its SigLIP tokenizers use."""
    return " ".join(_basic_clean(text).replace("_", " ").translate(PUNCTUATION).lower().split())


KINDS: dict[str, Callable[[str], str]] = {
    "none": str,
    "canonical": canonical,
    "repaired": repaired,
    "repaired_canonical": repaired_canonical,
}


def _basic_clean(text: str) -> str:
    import ftfy  # takes a tenth of a second, and only published tokenizers need it

    return html.unescape(html.unescape(ftfy.fix_text(text))).strip()
