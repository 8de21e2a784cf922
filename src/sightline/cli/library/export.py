"""`sightline export`."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from sightline.cli.notes import print_notes

if TYPE_CHECKING:
    from sightline.search.read import Answer
    from sightline.search.take.taken import Lost, Taken

ALIKE = 24
"""pictures like one, where no number is given"""


def export(
    db: Path,
    query: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    *,
    image: Path | None = None,
    region: str | None = None,
    where: str = "",
    fold: bool = False,
    id: tuple[int, ...] = (),
    k: Annotated[int | None, Parameter(name=["-k", "--k"])] = None,
    everything: Annotated[bool, Parameter(name="--all")] = False,
    zip: Path | None = None,
    copy_to: Path | None = None,
    sprite: Path | None = None,
    as_text: Annotated[Literal["svg", "symbol", "jsx"] | None, Parameter(name="--as")] = None,
    color: str = "",
    encoder: str | None = None,
    device: str = "auto",
) -> None:
    """Take the pictures that a search finds out of a library: as a ZIP, as files, as an SVG sprite, as text to paste.

    Only bytes that were indexed are taken; pictures whose file is gone or changed are told, and listed in the ZIP. A
    file that is there is never written over by --copy-to.

    Examples:
      sightline export icons.db "heart in:lucide" --zip hearts.zip
      sightline export icons.db "arrow" -k 50 --sprite arrows.svg
      sightline export icons.db --image sketch.png --copy-to found
      sightline export icons.db "2: arrow + ./rounded.svg - circle" -k 12 --zip mixed.zip
      sightline export icons.db --where "folder=brand and width>512" --fold --copy-to brand
      sightline export icons.db --id 407 --as jsx --color currentColor

    Parameters
    ----------
    db
        The index made by `sightline index`.
    query
        What the pictures show, in words, as for `sightline search`: all that are relevant are taken. Or several parts:
        "2: arrow + ./rounded.svg - circle".
    image
        Take pictures like this one; with a query, like both together.
    region
        x,y,w,h in pixels: the part of --image that is meant.
    where
        Only pictures that fit, as for `sightline search`; by itself, all of them.
    fold
        Take one of those that are near-identical.
    id
        Take the picture of this number, as `search --json` and the page's address name it; may be given several times.
    k
        At most so many; left out, all that are relevant to words or fit --where, and 24 like a picture or several
        parts.
    everything
        Take --k results even where they are less likely.
    zip
        Write them into this ZIP.
    copy_to
        Copy them into this folder.
    sprite
        Write the drawings among them into this SVG, each a symbol called by its name.
    as_text
        Print the drawings among them: as SVG without scripts, as symbols, or as JSX.
    color
        With --sprite and --as, draw what has one colour, or currentColor, in this one.
    encoder
        ENCODER; left out, the one the index was made with. It must be the same encoder, perhaps at another place.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    """
    from sightline.cli.library.asked import answered, check_asked
    from sightline.search.encoder import encoder_of
    from sightline.search.index import Index
    from sightline.search.take.archive import zipped
    from sightline.search.take.folder import copy_into
    from sightline.search.take.ink import colour_of
    from sightline.search.take.sprite import sprite as make_sprite
    from sightline.search.take.sprite import symbols
    from sightline.search.take.taken import Counted, taken

    if bool(query or image or where.strip()) == bool(id):
        raise ValueError('give words, --image, --where or else --id: sightline export DB "heart" --zip hearts.zip')
    check_asked("export", query, image, region)
    if sum(bool(one) for one in (zip, copy_to, sprite, as_text)) != 1:
        raise ValueError("say what to make of them: --zip FILE, --copy-to FOLDER, --sprite FILE or --as svg|symbol|jsx")
    if color and not (sprite or as_text):
        raise ValueError("--color goes with --sprite and --as; a ZIP and copies hold the files as they are")
    color = color and colour_of(color)
    if k is not None and k < 1:
        raise ValueError(f"-k must be at least 1; got {k}")
    with Index(db) as index:
        ids = list(id)
        if not ids:
            model = encoder_of(db, index.about().encoder, encoder, device)

            def ask(count: int) -> "Answer":
                return answered(index, query or "", model, count, image, region, where, fold)

            ids = _found(ask, index.about().pictures, k, everything)
        if not ids:
            raise ValueError(
                f"nothing in {db} is found by this, or relevant to it; see `sightline search`, and --all -k 20"
            )
        pictures = taken(index, ids)
        if as_text is not None:
            return _print(pictures, as_text, color)
        if sprite is not None:
            found: Counted[Any] = Counted(symbols(pictures, color))
            _write(sprite, (text.encode() for text in make_sprite(found)))
        else:
            found = Counted(pictures)
            if zip is not None:
                _write(zip, zipped(found))
            elif copy_to is not None:
                copy_into(copy_to, found)
    print_notes(map(str, found.lost))
    print(f"{found.count:,} {'picture' if found.count == 1 else 'pictures'} in {zip or copy_to or sprite}")


def _found(ask: Callable[[int], "Answer"], pictures: int, k: int | None, everything: bool) -> list[int]:
    """The numbers of the pictures that are found, where `ask` answers with so many of `pictures`."""
    from sightline.cli.found import likely

    if k is None and everything:
        raise ValueError("--all takes what is less likely too: say how many, -k 20")
    if k is None:
        first = ask(1)
        # what was compared by look alone has no end; a folder (in:lucide) or a filter by itself has
        by_look = any(hit.match in {"picture", "both"} for hit in first.hits)
        k = first.relevant if first.relevant is not None else ALIKE if by_look else pictures
    answer = ask(max(k, 1))
    return [hit.id for hit in (answer.hits if everything else likely(answer))]


def _write(out: Path, pieces: Iterable[bytes]) -> None:
    from sightline.data.atomic import atomic_write

    with atomic_write(out) as [temporary], temporary.open("wb") as file:
        file.writelines(pieces)


def _print(pictures: Iterable["Taken | Lost"], form: str, color: str) -> None:
    """Prints each drawing as text; the others are noted. ValueError where there is none."""
    from sightline.search.take.pasted import pasted
    from sightline.search.take.taken import Lost

    printed, why = 0, ""
    for one in pictures:
        try:
            if isinstance(one, Lost):
                raise ValueError(one.reason)
            if not one.svg:
                raise ValueError(f"it is no SVG but {one.media}")
            print(pasted(one.data, form, one.called, color))
            printed += 1
        except ValueError as error:
            why = f"{one.called}: {error}"
            print_notes([why])
    if not printed:
        raise ValueError(f"none of them can be written so: {why}")
