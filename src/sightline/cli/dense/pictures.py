"""The pictures of a source and what a model finds in them, some at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from PIL import Image

from sightline.cli.progress import progress
from sightline.data.decode.guard import guarded
from sightline.data.prepare.preprocess import opened
from sightline.data.sample import BadSample, Sample

TOGETHER = 16
DRAWING = 512
"""pixels of the longer side of a drawing, which has none of its own"""


@dataclass(frozen=True)
class Picture:
    """One of a source, opened."""

    key: str
    image: Image.Image
    """RGB, on white where it is transparent"""


def found_in(source: Any, bad: dict[str, str], ask: Callable[[Sequence[Image.Image]], Sequence[Any]]) -> Iterator[Any]:
    """(picture, what `ask` found in it) of every picture of a source; those that cannot be read go into `bad`."""
    total = len(source) if hasattr(source, "__len__") else None
    each = _opened(source, bad)
    with progress("looking") as tell:
        done = 0
        while some := list(islice(each, TOGETHER)):
            yield from zip(some, ask([picture.image for picture in some]), strict=True)
            done += len(some)
            tell(done, total)


def _opened(source: Any, bad: dict[str, str]) -> Iterator[Picture]:
    for key, read in _samples(source):
        try:
            with guarded():
                sample = read()
                key = sample.key
                image = opened(sample.image, DRAWING)
        except BadSample as error:
            bad[key] = str(error)
            continue
        if image.mode == "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        yield Picture(key, image.convert("RGB"))


def _samples(source: Any) -> Iterator[tuple[str, Callable[[], Sample]]]:
    """What reads each sample, and what to call it where that fails."""
    if hasattr(source, "__getitem__"):
        for index in range(len(source)):
            yield f"sample {index}", lambda index=index: source[index]
    else:
        for number, sample in enumerate(source.epoch(0, 0)):
            yield f"sample {number}", lambda sample=sample: sample
