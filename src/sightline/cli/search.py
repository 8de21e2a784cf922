"""`sightline search`."""

import io
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.search.index import About
    from sightline.search.read import Answer, Hit

FORMAT = 2
"""of `--json`; docs/search.md lists its fields"""


def search(
    db: Path,
    query: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    *,
    image: Path | None = None,
    region: str | None = None,
    where: str = "",
    fold: bool = False,
    k: Annotated[int, Parameter(name=["-k", "--k"])] = 10,
    everything: Annotated[bool, Parameter(name="--all")] = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    sheet: Path | None = None,
    encoder: str | None = None,
    device: str = "auto",
    timing: bool = False,
) -> None:
    """Find pictures by words, by a picture, or by several of both; prints rank, why it was found and path, best first.

    Words are looked up in names and captions and compared with what the pictures show; a picture of exactly that name
    comes first, then those whose name or caption holds every word, then what else is relevant. What is not is left out,
    so that nothing may be found. in:lucide among the words looks in that folder or set alone, and in:lucide by itself
    shows it.

    Parts with a free-standing + or - between them are added and taken away, each with a weight before it if need be:
    words, pictures by their path (./one.png) or their number (id:407), and regions of either (./one.png[x,y,w,h]).

    Examples:
      sightline search icons.db "credit card"
      sightline search icons.db "credit card" -k 24 --sheet found.png
      sightline search icons.db "heart in:lucide"
      sightline search icons.db --image sketch.png --json
      sightline search icons.db "2: arrow + ./rounded.svg - circle"
      sightline search icons.db "red" --image photo.jpg --region 10,20,100,80
      sightline search icons.db "logo" --where "width>512 and folder=brand and not colour=red" --fold

    Parameters
    ----------
    db
        The index made by `sightline index`.
    query
        What the picture shows, in words; they may begin with -. Or several parts: "2: arrow + ./rounded.svg - circle".
    image
        Search by this picture; with a query, by both together.
    region
        x,y,w,h in pixels: the part of --image that is meant.
    where
        Only pictures that fit: folder, type, width, height, size, colour, transparency, date and drawn (outline or
        filled), compared by = != < <= > >=, joined by and, or, not and brackets.
    fold
        Show near-identical pictures once, with how many stand behind the one shown.
    k
        How many results.
    everything
        Show --k results even where they are less likely.
    as_json
        Print JSON: --k results, and of each whether it is relevant.
    sheet
        Also draw the results into this PNG.
    encoder
        ENCODER; left out, the one the index was made with. It must be the same encoder, perhaps at another place.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    timing
        Also print where the time went, on stderr.
    """
    from sightline.cli.found import likely
    from sightline.cli.library.asked import answered, check_asked
    from sightline.cli.timing import TimedEncoder, Timing
    from sightline.search.encoder import encoder_of
    from sightline.search.index import Index

    spent = Timing()
    if query is None and image is None and not where.strip():
        raise ValueError('give words, --image or --where: sightline search DB "credit card"')
    check_asked("search", query, image, region)
    with Index(db) as index:
        about = index.about()
        spent.lap("index")
        model: Any = TimedEncoder(encoder_of(db, about.encoder, encoder, device))
        spent.lap("encoder")
        answer = answered(index, query or "", model, k, image, region, where, fold)
        spent.laps["encoder"] += model.seconds
        spent.lap("query", less=model.seconds)
        hits = answer.hits if everything else likely(answer)
        if sheet and hits:
            _draw(sheet, index.thumbs(hits), [f"{hit.rank}  {hit.name}" for hit in hits])
    if as_json:
        whole = {
            "format": FORMAT,
            "db": str(db),
            "encoder": about.encoder,
            "query": query,
            "image": str(image) if image else None,
            "where": where.strip() or None,
            "suggestion": answer.suggestion,
            "relevant": answer.relevant,
            "unmeasured": answer.unmeasured,
            "count": len(answer.hits),
            "results": [asdict(hit) for hit in answer.hits],
        }
        print(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        for line in _told(answer, hits, query, where, db, about):
            print(printable_line(line))
        if sheet and hits:
            print(f"sheet: {sheet}")
    if timing:
        print(spent.summary(), file=sys.stderr)


def _told(answer: "Answer", hits: list["Hit"], query: str | None, where: str, db: Path, about: "About") -> list[str]:
    """What is printed of an answer of which `hits` are shown."""
    from sightline.cli.found import left_out, lines, reasons, words_of

    if not answer.hits and where.strip():
        told = [f"nothing in {db} fits {where!r}" + (f" and was found by {query!r}" if query else "")]
    elif not answer.hits:
        told = [_nothing(db, about.pictures, query, about.encoder)]
    elif not hits:
        told = [f"nothing in {db} is relevant to {query!r}; what is nearest all the same: --all"]
    elif not query or not words_of(query):
        told = lines(hits, [f"{hit.score:.3f}" if hit.match else "" for hit in hits])
    else:
        told = lines(hits, reasons(hits, query)) + left_out(answer, len(hits))
    if answer.unmeasured:
        told.append(
            f"{answer.unmeasured:,} pictures were left out, because nobody measured them for this filter yet; measure "
            f"them: sightline index {db} SRC"
        )
    return told + ([f"did you mean {answer.suggestion!r}?"] if answer.suggestion else [])


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
