"""`sightline explain`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.search.explain.explain import Explanation

FORMAT = 1
"""of `--json`; docs/search.md lists its fields"""
SHOWN = 320
"""pixels of the longer side of a picture on the sheet"""


def explain(
    db: Path,
    query: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    *,
    image: Path | None = None,
    id: int | None = None,
    k: Annotated[int, Parameter(name=["-k", "--k"])] = 5,
    by: Literal["occlusion", "patches"] | None = None,
    out: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    encoder: str | None = None,
    device: str = "auto",
) -> None:
    """Say why pictures are found: which part of each speaks for the words, or is like another picture.

    Parts are covered one after the other, and what the picture loses with each is what that part was worth (occlusion:
    37 passes of the encoder a picture); an encoder in torch that sees large pictures compares its patches with the
    query instead. Printed are rank, cosine, the best part (x, y, width, height in pixels; of a drawing in shares of its
    sides) and the path.

    Examples:
      sightline explain icons.db "credit card"
      sightline explain icons.db "a red star" -k 12 --out why.png
      sightline explain icons.db --image sketch.png --id 407 --json

    Parameters
    ----------
    db
        The index made by `sightline index`.
    query
        What is looked for, in words; they may begin with -.
    image
        Look for what is like this picture instead of words.
    id
        Explain this picture of the index instead of those that are found; `search --json` has the numbers.
    k
        How many results.
    by
        The way: occlusion or patches; left out, the better one that the encoder has.
    out
        Draw the pictures into this .png, each with its best part, what does not count darkened.
    as_json
        Print JSON with the heat maps.
    encoder
        ENCODER; left out, the one the index was made with. It must be the same encoder, perhaps at another place.
    device
        auto, cpu, cuda or mps.
    """
    from sightline.cli.library.asked import check_asked
    from sightline.search.encoder import encoder_of
    from sightline.search.explain.hit import Sought, explain_hit, said, sought_words
    from sightline.search.index import Index
    from sightline.search.query import image_vector

    if (query is None) == (image is None):
        raise ValueError('give words or --image, one of them: sightline explain DB "credit card"')
    check_asked("explain", query, image)
    if out is not None and out.suffix.lower() != ".png":
        raise ValueError(f"--out {out}: the sheet is written as .png; give it such an ending")
    found: list[dict[str, Any]] = []
    drawn: list[tuple[str, Any]] = []
    with Index(db) as index:
        about = index.about()
        model = encoder_of(db, about.encoder, encoder, device)
        index.check(model)
        sought = Sought(image_vector(model, image)) if image else sought_words(model, query or "")
        if id is not None:
            index.picture(id)
            wanted = [id]
        else:
            hits = index.search_image(image, model, k) if image else index.search_text(query or "", model, k)
            wanted = [hit.id for hit in hits]
        for rank, number in enumerate(wanted, 1):
            told, shape = explain_hit(index, model, number, sought, by=by)
            picture = index.picture(number)
            found.append(
                {"rank": rank, "id": number, "name": picture.name, "path": picture.path or picture.key}
                | said(told, shape, pixels=picture.width is not None)
            )
            if out is not None:
                drawn.append((f"{rank}  {picture.name}", _drawn(index.thumb(number)[0], told)))
    if out is not None and drawn:
        _sheet(out, drawn)
    if as_json:
        whole = {"format": FORMAT, "db": str(db), "encoder": about.encoder, "query": query}
        whole |= {"image": str(image) if image else None, "results": found}
        print(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    for one in found:
        print(printable_line(f"{one['rank']:4}  {one['score']:.3f}  {_where(one)}  {one['path']}"))
    if out is not None and drawn:
        print(f"{out}: what counts is bright, the best part framed")


def _where(one: dict[str, Any]) -> str:
    if one["shares"] is None:
        return "no part stands out"
    return " ".join(f"{edge:g}" for edge in one["box"] or one["shares"])


def _drawn(thumb: bytes, told: "Explanation") -> Any:
    """The thumbnail on white, what does not count darkened, the best part framed."""
    import numpy as np
    from PIL import Image, ImageDraw

    from sightline.data.prepare.page import on_page
    from sightline.data.prepare.seen import laid_over

    page = on_page(thumb)
    page = page.resize((round(page.width * SHOWN / max(page.size)), round(page.height * SHOWN / max(page.size))))
    light = 0.35 + 0.65 * laid_over(told.scaled, told.part, *page.size)[:, :, None]
    lit = Image.fromarray(np.rint(np.asarray(page) * light).clip(0, 255).astype(np.uint8))
    if best := told.best:
        x, y, w, h = (share * lit.size[side % 2] for side, share in enumerate(best))
        ImageDraw.Draw(lit).rectangle((x, y, x + w - 1, y + h - 1), outline=(220, 30, 60), width=3)
    return np.asarray(lit)


def _sheet(out: Path, drawn: list[tuple[str, Any]]) -> None:
    from sightline.data.atomic import atomic_write
    from sightline.data.show.sheet import sheet

    pictures, titles = [picture for _, picture in drawn], [title for title, _ in drawn]
    made = sheet(pictures, titles, min(5, len(drawn)), SHOWN)
    with atomic_write(out) as [temporary]:
        made.save(temporary, format="PNG")
