"""The captions that are true of pictures; sources of statements, true of some pictures and false of others."""

from sightline.measure.suite.shelf import Shelf

SCENE_CAPTIONS = 2
"""of a scene that are about what is to be seen there; a third one praises its style, which fits many"""
BINARY = (("0", "1"), ("false", "true"), ("no", "yes"))
"""names of two classes that say whether the caption is true"""


def captions_of(shelf: Shelf, most: int | None = None) -> list[tuple[str, ...]]:
    """The captions that are true of each picture, () where there is none: of all of them, or of the first `most`."""
    judged = is_truth(shelf)
    return [
        ()
        if judged and sample.label != 1
        else tuple(dict.fromkeys(text for c in sample.captions[:most] if (text := c.strip())))
        for sample in shelf.samples
    ]


def is_truth(shelf: Shelf) -> bool:
    """Whether the label says if the caption is true: the classes are false and true by name, and more than one sentence
    stands beside pictures of both."""
    if tuple(name.lower() for name in shelf.classes) not in BINARY:
        return False
    return len(statements(shelf)) > 1


def statements(shelf: Shelf) -> dict[str, tuple[list[int], list[int]]]:
    """sentence -> (pictures it is true of, pictures it is false of), where there are both, in order of appearance."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for at, (text, sample) in enumerate(zip(shelf.captions, shelf.samples, strict=True)):
        if text and sample.label in (0, 1):
            found.setdefault(text, ([], []))[1 - sample.label].append(at)
    return {text: both for text, both in found.items() if both[0] and both[1]}
