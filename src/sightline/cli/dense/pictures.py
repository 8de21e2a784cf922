"""The pictures of a source and what a model finds in them, some at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from PIL import Image

from sightline.cli.progress import progress
from sightline.data.decode.guard import guarded
from sightline.data.decode.record import Bad, good
from sightline.data.prepare.page import on_page
from sightline.data.prepare.preprocess import opened
from sightline.data.sample import BadSample, Sample, Source, Stream
from sightline.search.fill.samples import samples

TOGETHER = 16
DRAWING = 512
"""pixels of the shorter side of a drawing, which has none of its own"""


@dataclass(frozen=True)
class Picture:
    """One of a source, opened."""

    key: str
    image: Image.Image
    """RGB, on white where it is transparent"""


def found_in(
    source: Source | Stream, bad: dict[str, str], ask: Callable[[Sequence[Image.Image]], Sequence[Any]]
) -> Iterator[Any]:
    """(picture, what `ask` found in it) of every picture of a source; those that cannot be read go into `bad`."""
    total = len(source) if isinstance(source, Source) else None
    each = good(map(_opened, samples(source)), bad)
    with progress("looking") as tell:
        done = 0
        while some := list(islice(each, TOGETHER)):
            yield from zip(some, ask([picture.image for picture in some]), strict=True)
            done += len(some)
            tell(done, total)


def _opened(sample: Sample | Bad) -> Picture | Bad:
    if isinstance(sample, Bad):
        return sample
    try:
        with guarded():
            return Picture(sample.key, on_page(opened(sample.image, DRAWING)))
    except BadSample as error:
        return Bad(sample.key, str(error))
