"""`sightline search`."""

import io
import json
import sys
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.data.prepare.tile import Box
    from sightline.search.index import About, Index
    from sightline.search.read import Answer, Hit

FORMAT = 2
"""of `--json`; docs/search.md lists its fields"""
OPTIONS = (
    "--image",
    "--region",
    "--where",
    "--fold",
    "--k",
    "--all",
    "--json",
    "--sheet",
    "--encoder",
    "--device",
    "--timing",
    "--help",
)


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
    from sightline.cli.timing import TimedEncoder, Timing
    from sightline.search.encoder import encoder_of
    from sightline.search.index import Index
    from sightline.search.typed.compose import region_of

    spent = Timing()
    if query is None and image is None and not where.strip():
        raise ValueError('give words, --image or --where: sightline search DB "credit card"')
    if region is not None and image is None:
        raise ValueError("--region is a part of --image; in a query it stands behind the path: ./one.png[10,20,100,80]")
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
        answer = answered(index, query or "", model, k, image, region_of(region) if region else None, where, fold)
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


def answered(
    index: "Index",
    query: str,
    model: Any,
    k: int,
    image: Path | None,
    region: "Box | None",
    where: str,
    fold: bool,
) -> "Answer":
    """The answer; a query or a filter that cannot be read is shown with a mark where, and raised."""
    from sightline.search.rank.fold import ALIKE
    from sightline.search.typed.unparsed import Unparsed

    try:
        alike = ALIKE if fold else None
        return index.answer(query, model, k, image=image, region=region, where=where, fold=alike)
    except Unparsed as error:
        for line in error.pointed():
            print(f"  {printable_line(line)}", file=sys.stderr)
        raise


def misspelt(word: str) -> str:
    """What to say of an option with a slip of the pen, which would else be searched for; "" for any other word. One
    that is spelt right came after `--`."""
    name = word.partition("=")[0]
    near = get_close_matches(name, OPTIONS, n=1, cutoff=0.75) if word.startswith("--") else []
    return f"search has no option {name} (did you mean {near[0]}?)" if near and name not in OPTIONS else ""


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
