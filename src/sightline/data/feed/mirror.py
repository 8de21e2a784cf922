"""What a caption says of a picture whose left and right have changed places."""

import re

PAIRS = (
    ("left", "right"),
    ("leftmost", "rightmost"),
    ("leftward", "rightward"),
    ("leftwards", "rightwards"),
    ("lefthand", "righthand"),
    ("clockwise", "counterclockwise"),
)
OTHER = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])} | dict.fromkeys(
    ("anticlockwise", "anti-clockwise", "anti clockwise", "counter-clockwise", "counter clockwise"), "clockwise"
)
CASES = (str.lower, str.upper, str.title, str.capitalize)
WORD = "[^\\W_]"
SIDE = re.compile(
    # "right triangle", "right now", "all right", "left over" name no side
    rf"(?<!{WORD})(?<!\ball )({'|'.join(sorted(OTHER, key=len, reverse=True))})(?!{WORD})"
    r"(?![ -](?:angled?|triangles?|now|away|over)\b)",
    re.IGNORECASE,
)


def other_side(text: str) -> str:
    """The caption of the picture in a mirror: English words of sides and of turning exchanged, whole words, their case
    kept; the rest as it is, and so is a text without any.

    Twice is the identity, except that other spellings of counterclockwise come back as that. Words alone decide: what
    is "left" because the rest is gone is taken for a side.

    >>> other_side("A red star at the top left, left-hand arrow Right")
    'A red star at the top right, right-hand arrow Left'
    """
    return SIDE.sub(_exchanged, text)


def _exchanged(found: re.Match[str]) -> str:
    word = found[0]
    case = next((case for case in CASES if case(word) == word), None)
    return word if case is None else case(OTHER[word.lower()])
