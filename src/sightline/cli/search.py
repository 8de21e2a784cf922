"""`sightline search`."""

import io
import json
import sys
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sightline.data.terminal import printable_line

FORMAT = 2
"""of `--json`; docs/search.md lists its fields"""
OPTIONS = ("--image", "--k", "--json", "--sheet", "--encoder", "--device", "--timing", "--help")


def search(
    db: Path,
    query: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    *,
    image: Path | None = None,
    k: Annotated[int, Parameter(name=["-k", "--k"])] = 10,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    sheet: Path | None = None,
    encoder: str | None = None,
    device: str = "auto",
    timing: bool = False,
) -> None:
    """Find pictures by words or by a picture; prints rank, score and path, the best first.

    Words are looked up in names and captions and compared with what the pictures show; a picture of exactly that name
    comes first, then those whose name or caption holds every word. in:lucide among them looks in that folder or set
    alone, and in:lucide by itself shows it.

    Examples:
      sightline search icons.db "credit card"
      sightline search icons.db "credit card" -k 24 --sheet found.png
      sightline search icons.db "heart in:lucide"
      sightline search icons.db --image sketch.png --json

    Parameters
    ----------
    db
        The index made by `sightline index`.
    query
        What the picture shows, in words; they may begin with -.
    image
        Search by this picture instead of words.
    k
        How many results.
    as_json
        Print JSON.
    sheet
        Also draw the results into this PNG.
    encoder
        ENCODER; left out, the one the index was made with. It must be the same encoder, perhaps at another place.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    timing
        Also print where the time went, on stderr.
    """
    from sightline.cli.timing import TimedEncoder, Timing
    from sightline.search.encoder import encoder_of
    from sightline.search.index import Index
    from sightline.search.read import Answer

    spent = Timing()
    if (query is None) == (image is None):
        raise ValueError('give words or --image, one of them: sightline search DB "credit card"')
    if query is not None and (meant := misspelt(query)):
        raise ValueError(meant)
    if query is not None and not query.strip():
        raise ValueError('the query is empty; type what the picture shows, such as "credit card"')
    if image is not None and not image.is_file():
        raise ValueError(f"there is no picture at {image}")
    with Index(db) as index:
        about = index.about()
        spent.lap("index")
        model: Any = TimedEncoder(encoder_of(db, about.encoder, encoder, device))
        spent.lap("encoder")
        answer = Answer(index.search_image(image, model, k)) if image else index.answer_text(query or "", model, k)
        hits = answer.hits
        spent.laps["encoder"] += model.seconds
        spent.lap("query", less=model.seconds)
        rows = [asdict(hit) for hit in hits]
        if sheet and hits:
            _draw(sheet, index.thumbs(hits), [f"{hit.rank}  {hit.name}" for hit in hits])
    asked = {"query": query, "image": str(image) if image else None}
    if as_json:
        whole = {
            "format": FORMAT,
            "db": str(db),
            "encoder": about.encoder,
            **asked,
            "suggestion": answer.suggestion,
            "count": len(rows),
            "results": rows,
        }
        print(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        for row in rows:
            print(f"{row['rank']:4}  {row['score']:.3f}  {printable_line(row['path'] or row['key'])}")
        if not rows:
            print(printable_line(_nothing(db, about.pictures, query, about.encoder)))
        if answer.suggestion:
            print(printable_line(f"did you mean {answer.suggestion!r}?"))
        if sheet and rows:
            print(f"sheet: {sheet}")
    if timing:
        print(spent.summary(), file=sys.stderr)


def misspelt(word: str) -> str:
    """What to say of an option with a slip of the pen, which would else be searched for; "" for any other word. One
    that is spelt right came after `--`."""
    name = word.partition("=")[0]
    near = get_close_matches(name, OPTIONS, n=1, cutoff=0.75) if word.startswith("--") else []
    return f"search has no option {name} (did you mean {near[0]}?)" if near and name not in OPTIONS else ""


def _nothing(db: Path, pictures: int, query: str | None, encoder: str) -> str:
    """Why there is no result: an encoder that reads words gives every picture a place."""
    from sightline.search.asked import asked
    from sightline.search.blind import NONE

    if not pictures:
        return f"{db} holds no pictures"
    if query and (folders := asked(query).folders):
        return f"nothing in {db} lies in {' or '.join(map(repr, folders))}, a folder or a set (in:), and was found"
    if encoder == NONE:
        return f"nothing in {db} is called {query!r}; it was indexed by names alone (--encoder none)"
    return (
        f"nothing in {db} is called {query!r}, and its encoder reads no words: names and captions alone were searched. "
        "Search by a picture: --image one.png"
    )


def _draw(out: Path, thumbs: list[bytes], titles: list[str]) -> None:
    """Writes a sheet of the hits as a PNG."""
    import numpy as np
    from PIL import Image

    from sightline.data.atomic import atomic_write
    from sightline.data.show.sheet import sheet

    pictures: list[Any] = [np.asarray(Image.open(io.BytesIO(thumb))) for thumb in thumbs]
    drawn = sheet(pictures, titles, columns=min(8, max(1, len(pictures))), cell=128)
    with atomic_write(out) as [temporary]:
        drawn.save(temporary, format="PNG")
