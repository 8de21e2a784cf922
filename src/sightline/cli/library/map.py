"""`sightline map`."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.data.terminal import printable_line

FORMAT = 1
"""of `--json`; docs/search.md lists its fields"""


def map(
    db: Path,
    *,
    seed: int = 0,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Lay a library out as a map, on which pictures that look alike lie near each other, and keep it beside the index.

    `sightline serve` shows it, and makes it itself where there is none. What is indexed later is placed beside what it
    is like; run this again to lay all out anew. 100,000 pictures take some minutes.

    Examples:
      sightline map icons.db
      sightline map icons.db --json > places.json

    Parameters
    ----------
    db
        The index made by `sightline index`.
    seed
        Of what is drawn: the same seed gives the same map.
    as_json
        Print where every picture lies, -1 to 1 across and up.
    """
    from sightline.cli.progress import progress
    from sightline.search.index import Index
    from sightline.search.map.atlas import made, path_of, points

    with Index(db) as index:
        index.about()
        with progress("laying out, in parts of a thousand") as tell:
            atlas = made(index, seed, lambda share: tell(int(1000 * share), 1000))
        found = points(index, atlas)
        rows = found.ids.tolist(), found.xy.tolist()
        if as_json:
            pictures = (index.picture(id) for id in rows[0])
            places = [
                {"id": one.id, "path": one.path or one.key, "x": round(x, 5), "y": round(y, 5)}
                for one, (x, y) in zip(pictures, rows[1], strict=True)
            ]
            print(json.dumps({"format": FORMAT, "db": str(db), "seed": seed, "pictures": places}, ensure_ascii=False))
    said = f"{len(found.ids):,} pictures laid out: {path_of(db)}; to see it: sightline serve {db}, then /map"
    print(printable_line(said), file=sys.stderr if as_json else sys.stdout)
