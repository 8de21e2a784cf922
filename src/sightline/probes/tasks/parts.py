"""What a probe is fitted on and what it is judged on: two sources, or two parts of one."""

from dataclasses import dataclass

from sightline.data.sample import Source
from sightline.data.sources.source import hold_out, open_source, parse
from sightline.data.sources.subset import first_of_order

SHARE = 0.2
"""of a source without splits that is judged on"""


@dataclass(frozen=True, slots=True)
class Parts:
    """Pictures to fit on, pictures to judge on, and how one came by them, in words."""

    train: Source
    test: Source
    how: str


def open_parts(data: str, evaluation: str | None = None, *, n: int, seed: int = 0) -> Parts:
    """At most `n` pictures of each part, drawn by `seed`.

    Judged is on `evaluation` where it is given. Else, where SRC names no split and has both, on its `test`, fitted on
    its `train`; else a fifth is held out, by name where samples have one, else by content, as `sightline train` does.
    Raises ValueError for a stream, and for what cannot be opened or parted.
    """
    if n < 1:
        raise ValueError(f"n={n}: expected a number of pictures, at least 1")
    train, test, how = _opened(data, evaluation, seed)
    for part in (train, test):
        if not len(part):
            raise ValueError(f"{part.name} holds no picture")
    return Parts(first_of_order(train, n, seed), first_of_order(test, n, seed), how)


def _opened(data: str, evaluation: str | None, seed: int) -> tuple[Source, Source, str]:
    if evaluation is not None:
        return finite(data), finite(evaluation), f"fitted on {data}, judged on {evaluation}"
    if (both := splits(data)) is not None:
        return *both, f"fitted on {data}:train, judged on {data}:test"
    kept, held = hold_out(finite(data), SHARE, seed)
    return kept, held, f"fitted on four fifths of {data}, judged on the fifth held out by name or content"


def splits(data: str) -> tuple[Source, Source] | None:
    """`train` and `test` of a SRC that names no split and has both; None of another."""
    if any(part.split is not None for part in parse(data)):
        return None
    try:
        return finite(data, "train"), finite(data, "test")
    except ValueError:
        return None  # what is wrong with it is said by opening it whole


def finite(src: str, split: str | None = None) -> Source:
    """The source of that SRC; ValueError for a stream."""
    source = open_source(src, split=split)
    if not isinstance(source, Source):
        raise ValueError(f"{src} is streamed, and pictures are drawn from the whole of it; download its shards")
    return source
