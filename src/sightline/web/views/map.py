"""The routes of the map: its state, the making of it in the background, and where every picture lies."""

import threading
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from fastapi import FastAPI, Request, Response

from sightline.search.fill.picture import fingerprint
from sightline.search.map.atlas import Points, made, opened, points, worn
from sightline.web.fault import faults
from sightline.web.library import FORMAT, Library, spoken
from sightline.web.page import not_modified
from sightline.web.refused import Refused
from sightline.web.routes import BYTES, KEEP, PICTURE

POINTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "little-endian, for n pictures: n float64 ids, 2 n float32 (x, y from -1 to 1, y upwards), 4 n "
        "uint8 (red, green, blue of the mean colour, 255)",
        "content": {"application/octet-stream": BYTES},
    },
    304: PICTURE[304],
}


@dataclass(frozen=True)
class MapState:
    """Whether there is a map."""

    format: int
    state: Literal["none", "making", "ready"]
    share: float
    """of the work that is done, while it is made"""
    pictures: int
    """pictures on the map"""
    added: int
    """of which came after it was made, and were placed beside what they are like"""
    worn: bool
    """whether so many came that it should be made anew"""
    failed: str | None
    """why the last making ended without a map"""


class Maps:
    """The map of the library as it is now; made by one thread at a time."""

    def __init__(self, library: Library) -> None:
        self.library, self._lock = library, threading.Lock()
        self._points: Points | None = None
        self._making: threading.Thread | None = None
        self._share, self._failed = 0.0, None

    def state(self) -> MapState:
        """What there is."""
        found = self.points()
        making = self._making is not None and self._making.is_alive()
        return MapState(
            FORMAT,
            "making" if making else "none" if found is None else "ready",
            round(self._share, 4) if making else 0.0,
            0 if found is None else len(found.ids),
            0 if found is None else found.added,
            found is not None and worn(found),
            self._failed,
        )

    def points(self) -> Points | None:
        """Where the pictures lie; None where no map is there."""
        with spoken(409), self._lock:
            stamp = self.library.index.whole().stamp
            if self._points is None or self._points.stamp != stamp:
                atlas = opened(self.library.index) if stamp.dim else None
                self._points = None if atlas is None else points(self.library.index, atlas)
            return self._points

    def make(self) -> MapState:
        """Begins to make it, unless that is being done. Refused (409) where nothing was seen."""
        with spoken(409), self._lock:
            self.library.index.check(self.library.encoder)
            if not self.library.encoder.dim:
                raise Refused(409, "this library was indexed by names alone, so nothing is known of what looks alike")
            if self._making is None or not self._making.is_alive():
                self._share, self._failed = 0.0, None
                self._making = threading.Thread(target=self._make, name="sightline-map", daemon=True)
                self._making.start()
        return self.state()

    def _make(self) -> None:
        try:
            made(self.library.index, progress=self._tell)
        except (ValueError, OSError, MemoryError) as error:
            self._failed = str(error) or type(error).__name__
        with self._lock:
            self._points = None

    def _tell(self, share: float) -> None:
        self._share = share


def map_routes(app: FastAPI, library: Library) -> None:
    """Adds GET and POST `/api/map`, and GET `/api/map/points`."""
    maps = Maps(library)

    @app.get("/api/map", responses=faults(409))
    def state() -> MapState:
        """Whether there is a map of the library."""
        return maps.state()

    @app.post("/api/map", responses=faults(409))
    def make() -> MapState:
        """Lays the library out in the background; GET says how far it is."""
        return maps.make()

    @app.get("/api/map/points", response_class=Response, responses=POINTS | faults(404, 409))
    def places(request: Request) -> Response:
        """Where every picture lies, as numbers."""
        found = maps.points()
        if found is None:
            raise Refused(404, "there is no map yet; POST /api/map makes it")
        parts = found.ids.astype("<f8"), found.xy.astype("<f4"), np.ascontiguousarray(found.colours)
        data = b"".join(part.tobytes() for part in parts)
        headers = {"etag": f'"{fingerprint(data)}"', "cache-control": KEEP}
        if not_modified(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(data, media_type="application/octet-stream", headers=headers)
