"""From the text of `--data` to a suite: the built-in ones by name, and any SRC with its test and its memory."""

from collections.abc import Callable

import numpy as np

from sightline.data.draw import uniform
from sightline.data.sample import Source
from sightline.data.sources.source import hold_out, open_source, parse
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite, drawn

TEST, MEMORY = (1500, 150), (3000, 300)
"""pictures of a source at most, full and quick: measured on; remembered"""
SHARE = 0.4
"""of a source without splits that is measured on; the rest is remembered"""


def open_suite(
    text: str,
    *,
    memory: str | None = None,
    quick: bool = False,
    domain: str = "",
    seed: int = 0,
    tell: Callable[[int], None] = lambda count: None,
) -> Suite:
    """The suite that `text` names: `scenes`, `icons`, or a SRC.

    What a SRC is measured on is its split `test` where it names no split and has one, and what is remembered its split
    `train`; without splits a share of it, parted by name or content. `memory` is the SRC of what is remembered. Raises
    ValueError for a stream and for what cannot be opened or is empty.
    """
    if text == "scenes":
        return Suite(text, "scenes", drawn(1, 100 if quick else 500, "test", 16_001), None, quick)
    test, remembered = _parts(text, memory)
    most, least = TEST[quick], MEMORY[quick]
    kind = "icons" if parse(text)[0].name == "icons" else "source"
    shelf = Shelf.of(test, _some(len(test), most, seed), domain=domain, tell=tell)
    if not len(shelf):
        raise ValueError(f"{text} has no picture that can be read")
    behind = (
        None
        if remembered is None
        else Shelf.of(remembered, _some(len(remembered), least, seed), domain=domain, tell=tell)
    )
    return Suite(text, kind, shelf, behind, quick)


def _parts(text: str, memory: str | None) -> tuple[Source, Source | None]:
    if memory is not None:
        return _finite(text), _finite(memory)
    parts = parse(text)
    if all(part.split is None for part in parts):
        try:
            return _finite(text, "test"), _finite(text, "train")
        except ValueError:
            pass  # a source without splits
        whole = _finite(text)
        try:
            kept, held = hold_out(whole, SHARE)
        except ValueError:
            return whole, None
        return held, kept
    return _finite(text), None


def _finite(text: str, split: str | None = None) -> Source:
    source = open_source(text, split=split)
    if not isinstance(source, Source):
        raise ValueError(f"{text} is streamed; measuring needs random access: download its shards")
    return source


def _some(count: int, most: int, seed: int) -> list[int]:
    """`most` of `count` places by seed, in order."""
    draws = uniform(seed, 0, np.arange(count), "measure")[:, 0]
    return np.sort(np.argsort(draws, kind="stable")[:most]).tolist()
