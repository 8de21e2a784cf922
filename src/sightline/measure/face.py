"""The Python face of `sightline measure`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sightline.measure.report.result import Report
from sightline.measure.rooms import ROOMS
from sightline.measure.run import about, measured, subjects_of
from sightline.measure.subject.store import Store
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.opened import open_suite
from sightline.measure.suite.suite import Suite

RESERVED = ("pixels", "random")
"""names of rows that every report has"""
BUILT_IN = ("scenes", "icons")
"""what is measured on where no data is named: drawn or installed with the package, offline, with exact truth"""
Tell = Callable[[int, int | None], None]


def measure(
    encoders: Any,
    *more: Any,
    data: str | Path | Sequence[str | Path] = BUILT_IN,
    memory: str | None = None,
    suite: str | Sequence[str] = "all",
    quick: bool = False,
    domain: str = "",
    seed: int = 0,
    device: str = "auto",
    cache: Path | str | None | bool = True,
    tell: Tell = lambda done, total: None,
    exhibit: Callable[[Subject, Suite], None] = lambda subject, suite: None,
) -> Report:
    """Measures one or several encoders, beside them raw pixels and random towers of their kinds.

    >>> report = sightline.measure("runs/a", "runs/b", data="photos/")        # doctest: +SKIP
    >>> report.subjects[0].score("similarity").value                          # doctest: +SKIP

    `encoders` are names that `sightline.load` takes, or what it gives; one, several, or a list. `data` is `scenes`,
    `icons` or a SRC, one or several; `memory` the SRC that a probe is fitted on where the data has no split `train`.
    `suite` names rooms: "all", or of density, similarity, text, localization, spatial, graphics, beyond. `domain` is
    the field of the samples whose values are told apart. `cache`: a folder for features, True for the usual one, False
    for none. Raises ValueError, before anything is computed, for what cannot be opened or measured on.
    """
    names = [*(encoders if isinstance(encoders, list | tuple) else [encoders]), *more]
    if not names:
        raise ValueError("there is no encoder to measure; name one, such as runs/mine")
    rooms = rooms_of(suite)
    texts = [str(data)] if isinstance(data, str | Path) else [str(text) for text in data]
    if len(set(texts)) < len(texts) or not texts:
        raise ValueError(f"data names sources to measure on, each once; got {texts}")
    if memory is not None and len(texts) > 1:
        raise ValueError("memory belongs to one source of data; measure on several by several commands")
    folder = Store.usual() if cache is True else Store(Path(cache) if cache else None)
    loaded = opened(names, device)
    suites = [open_suite(text, memory=memory, quick=quick, domain=domain, seed=seed) for text in texts]
    return measured(
        subjects_of(loaded, folder, seed=seed),
        suites,
        rooms=rooms,
        about=about,
        tell=tell,
        exhibit=exhibit,
        quick=quick,
    )


def rooms_of(suite: str | Sequence[str]) -> tuple[str, ...]:
    """The rooms that `--suite` names. ValueError listing them for a name that is none."""
    named = [word.strip() for word in suite.split(",")] if isinstance(suite, str) else list(suite)
    if "all" in named:
        return tuple(ROOMS)
    if unknown := [name for name in named if name not in ROOMS]:
        raise ValueError(f"there is no suite {unknown[0]!r}; there are all, {', '.join(ROOMS)}")
    return tuple(name for name in ROOMS if name in named)


def opened(names: Sequence[Any], device: str = "auto") -> list[tuple[str, Any]]:
    """(name, encoder) of each; two of one name are told apart by a number. ValueError for one that sees no pictures."""
    from sightline.weights.opened import load

    found: list[tuple[str, Any]] = []
    for given in names:
        encoder = given if hasattr(given, "encode_image") else load(str(given), device)
        name = str(given) if isinstance(given, str | Path) else encoder.name
        if not encoder.sees:
            raise ValueError(f"{name} embeds no pictures, so there is nothing to measure of it")
        found.append((_free(name, {*RESERVED, *(known for known, _ in found)}), encoder))
    return found


def _free(name: str, taken: set[str]) -> str:
    """The name, or with the first number that makes it one of its own."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
