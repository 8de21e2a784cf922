"""The five-property report of the encoder, as `sightline measure --out` wrote it, beside the library it searches."""

from pathlib import Path

from fastapi import FastAPI, HTTPException, Response

from sightline.data.regular import read_regular

SIZE = 64 * 2**20
"""bytes of a report at most"""
# its own styles and scripts run, in a box that is of no origin: what it says can ask nothing of this server
POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:"
)


def report_of(db: Path, given: Path | None) -> Path | None:
    """The page that is shown: the one that is given, else `DB-report.html` where it is there. ValueError for one that
    is none."""
    if given is None:
        beside = db.with_name(db.name + "-report.html")
        return beside if beside.is_file() else None
    if given.suffix.lower() not in (".html", ".htm") or not given.is_file():
        raise ValueError(f"--report {given}: no such page; sightline measure ENCODER --out report.html writes one")
    return given


def report_routes(app: FastAPI, report: Path | None) -> None:
    """Adds `/report`, which is a page and no part of the API."""

    @app.get("/report", include_in_schema=False)
    def page() -> Response:
        if report is None:
            raise HTTPException(404)
        try:
            data = read_regular(report, SIZE)
        except OSError as error:
            raise HTTPException(404) from error
        headers = {"cache-control": "no-cache", "content-security-policy": POLICY}
        return Response(data, media_type="text/html; charset=utf-8", headers=headers)
