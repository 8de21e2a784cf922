"""From the text of `--data` to a suite: the built-in ones by name, and any SRC with its test and its memory."""

from collections.abc import Callable

from sightline.data.sample import Source
from sightline.data.sources.source import hold_out, parse
from sightline.data.sources.subset import first_places
from sightline.measure.pictures import digest_of
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import SCENES, SEED, Suite, drawn
from sightline.probes.tasks.parts import finite, splits

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
    if text == "scenes" and memory is not None:
        raise ValueError("scenes draw what is remembered themselves; leave --memory out")
    if text == "scenes":
        return Suite(text, "scenes", drawn(1, SCENES[quick], "test", SEED), None, quick)
    test, remembered = _parts(text, memory)
    most, least = TEST[quick], MEMORY[quick]
    kind = "icons" if parse(text)[0].name == "icons" else "source"
    shelf = Shelf.of(test, _some(test, most, seed), domain=domain, tell=tell)
    if not len(shelf):
        raise ValueError(f"{text} has no picture that can be read")
    behind = (
        None if remembered is None else Shelf.of(remembered, _some(remembered, least, seed), domain=domain, tell=tell)
    )
    notes = _told_apart(shelf, behind) if behind is not None else []
    if domain and shelf.domains is None:
        raise ValueError(_without_domain(shelf, domain))
    return Suite(text, kind, shelf, behind if behind is not None and len(behind) else None, quick, notes)


def _told_apart(test: Shelf, memory: Shelf) -> list[str]:
    """Drops from `memory` what is also measured on, by content or by name; says how many."""
    pictures = {digest_of(item) for item in test.pictures.items}
    names = {sample.name for sample in test.samples} - {""}
    kept = [s for s in memory.samples if s.name not in names and digest_of(s.image) not in pictures]
    dropped = len(memory.samples) - len(kept)
    memory.samples[:] = kept
    memory.__dict__.pop("pictures", None)
    return [f"{dropped} pictures to fit on are also measured on, or of their names: left out"] if dropped else []


def _without_domain(shelf: Shelf, domain: str) -> str:
    """Why there are no scores by domain."""
    have = sum(shelf.value(sample, domain) is not None for sample in shelf.samples)
    if have:
        return f"{len(shelf) - have} of {len(shelf)} pictures of {shelf.name} have no {domain!r} to tell them apart by"
    fields = sorted({key for sample in shelf.samples[:100] for key in sample.extra})
    return f"no picture of {shelf.name} has {domain!r}; they have {', '.join(fields) or 'no fields'}"


def _parts(text: str, memory: str | None) -> tuple[Source, Source | None]:
    """What is measured on, and what is remembered."""
    if memory is not None:
        return finite(text), finite(memory)
    if any(part.split is not None for part in parse(text)):
        return finite(text), None
    if (both := splits(text)) is not None:
        train, test = both
        return test, train
    whole = finite(text)
    try:
        kept, held = hold_out(whole, SHARE)
    except ValueError:
        return whole, None
    return held, kept


def _some(source: Source, most: int, seed: int) -> list[int]:
    return first_places(len(source), most, seed, "measure").tolist()
