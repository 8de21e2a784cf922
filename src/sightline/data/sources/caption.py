"""Words for a picture that has none of its own, and words made fit to learn from."""

import re
import unicodedata

WORDS = 64
CHARACTERS = 1024
"""of a caption, for writing without spaces and for words without end"""

NOISE = frozenset(
    "icon icons ic ico img images svg png jpg jpeg gif webp bmp tiff px dp pt copy final draft tmp thumb thumbnail "
    "export exported asset assets artboard screenshot dsc dscn dscf pxl mvi vid hd uhd".split()
)
"""words that say where a file comes from; dropped beside others ("heart copy"), kept alone ("copy" is an icon)"""
VAGUE = frozenset("image picture photo pic frame group layer vector new".split())
"""kept beside others ("photo frame"); with nothing but a number beside them ("Frame 12") they name nothing"""
NAMELESS = frozenset({"untitled", "unnamed"})

SIZE = re.compile(r"@?\d+(?:[.,]\d+)?(?:x\d*|px|dp|pt|w|h|k|kb|mb)?|x\d+|v\d+(?:\.\d+)*", re.IGNORECASE)
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
HEX = re.compile(r"[0-9a-f]{5,}", re.IGNORECASE)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=\d)(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z][a-z])")
BREAK = re.compile(r"[\s_\-+.,;:~()\[\]{}@#&=/\\|]+")


def from_name(stem: str) -> str:
    """The words of a file name: `credit-card_24px` -> "credit card", `ic_ArrowLeft@2x` -> "arrow left", "" if none.

    Split at marks and capitals, lower-cased; numbers, sizes, versions, hashes and words such as `icon` dropped.
    """
    stem = UUID.sub(" 0 ", unicodedata.normalize("NFKC", stem).replace("'", ""))
    pieces = [piece for piece in BREAK.split(stem) if piece]
    whole = [piece for piece in pieces if not _is_code(piece)]
    words = [word.lower() for piece in whole for word in CAMEL.split(piece)]
    words = [word for word in words if not _is_code(word) and word not in NAMELESS]
    telling = [word for word in words if word not in NOISE]
    if all(word in VAGUE for word in telling):
        # "copy" and "photo frame" name a thing, "Frame 12" and "IMG_1234" do not
        telling = words if len(whole) == len(pieces) else []
    return clean(" ".join(telling))


def from_title(said: str) -> str:
    """The words of a title that a program may have written: a sentence is kept as it is, a single word is taken as a
    file name, and "" stands for one of both that tells nothing, such as "Layer 1".
    """
    return clean(said) if " " in said.strip() and from_name(said) else from_name(said)


def clean(text: str, words: int = WORDS) -> str:
    """One line of at most `words` words: NFKC, control characters and runs of space gone. "" if nothing is left."""
    # cut first: normalising a caption of many megabytes would take seconds for 64 words
    text = unicodedata.normalize("NFKC", text[: 64 * CHARACTERS])
    text = "".join(
        " " if unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in text[: 16 * CHARACTERS]
    )
    return " ".join(text.split()[:words])[:CHARACTERS].strip()


def _is_code(word: str) -> bool:
    """A number, size, version or hash."""
    digits = sum(letter.isdigit() for letter in word)
    if SIZE.fullmatch(word):
        return True
    if HEX.fullmatch(word) and 0 < digits < len(word):
        return True
    return len(word) >= 12 and digits >= 3
