"""The route that says what the library holds more than once."""

import threading
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import FastAPI, Query

from sightline.search.alike.duplicates import Duplicates, Group, duplicates
from sightline.search.alike.groups import LOOK
from sightline.search.rank.stamped import Stamp
from sightline.web.fault import faults
from sightline.web.library import FORMAT, Library, spoken

KEPT = 4
"""answers of several thresholds that are remembered"""
MOST = 500
"""groups of one answer"""


@dataclass(frozen=True)
class Groups:
    """Some of the groups of a kind, in the order of indexing of their first pictures."""

    format: int
    kind: str
    look: float | None
    """the least cosine of what looks alike; null of an index of names alone"""
    same: int
    """groups of true duplicates there are"""
    alike: int
    """groups of what only looks alike there are"""
    spare: int
    """bytes of all true duplicates but the first of each group"""
    groups: list[Group]


class Doubles:
    """Looks for duplicates, once for a state of the library and a threshold; one search at a time."""

    def __init__(self, library: Library) -> None:
        self.library, self._lock = library, threading.Lock()
        self._kept: dict[tuple[Stamp, float], Duplicates] = {}

    def of(self, look: float) -> Duplicates:
        """All groups of the library as it is now."""
        with spoken(422):
            self.library.index.check(self.library.encoder)
            with self._lock:
                name = (self.library.index.whole().stamp, look)
                if name not in self._kept:
                    self._kept[name] = duplicates(self.library.index, look)
                    for old in list(self._kept)[:-KEPT]:
                        del self._kept[old]
                return self._kept[name]


def duplicate_routes(app: FastAPI, library: Library) -> None:
    """Adds GET `/api/duplicates`."""
    doubles = Doubles(library)

    @app.get("/api/duplicates", responses=faults(409, 422))
    def double(
        kind: Annotated[
            Literal["same", "alike"], Query(description="true duplicates, or what only looks alike")
        ] = "same",
        look: Annotated[float, Query(ge=0.5, le=1, description="least cosine of what looks alike")] = LOOK,
        after: Annotated[int, Query(ge=0, le=2**31, description="groups to leave out at the beginning")] = 0,
        k: Annotated[int, Query(ge=1, le=MOST, description="how many groups")] = 60,
    ) -> Groups:
        """What the library holds more than once: some of the groups, and how many there are."""
        found = doubles.of(look)
        groups = found.same if kind == "same" else found.alike
        some = list(groups[after : after + k])
        return Groups(FORMAT, kind, found.look, len(found.same), len(found.alike), found.spare, some)
