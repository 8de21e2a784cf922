"""Drawings as the symbols of one SVG: `<use href="sprite.svg#heart">` draws one of them."""

from collections.abc import Iterable, Iterator

from sightline.data.sample import BadSample
from sightline.search.take.drawing import drawing_of
from sightline.search.take.ink import recoloured
from sightline.search.take.markup import SPACE, as_symbol
from sightline.search.take.name import Once, slug
from sightline.search.take.taken import Lost, Taken, told


def symbols(pictures: Iterable[Taken | Lost], colour: str = "") -> Iterator[str | Lost]:
    """Each drawing as a symbol called by its picture's name, in `colour` where it has only one; else why not."""
    once = Once()
    for one in pictures:
        yield one if isinstance(one, Lost) else symbol(one, once, colour)


def sprite(found: Iterable[str | Lost]) -> Iterator[str]:
    """The text of a sprite of these symbols, in pieces; what is lost is named in a comment at the end."""
    lost: list[Lost] = []
    count = 0
    yield f'<svg {SPACE} width="0" height="0" aria-hidden="true">\n'
    for one in found:
        count += 1
        if isinstance(one, Lost):
            lost.append(one)
        else:
            yield one + "\n"
    if lost:
        yield f"<!--\n{_quiet(told(lost, count))}-->\n"
    yield "</svg>\n"


def symbol(picture: Taken, once: Once, colour: str = "") -> str | Lost:
    """One symbol, or why there is none."""
    if not picture.svg:
        return Lost(picture.id, picture.name, "it is no SVG, and a sprite holds nothing else")
    try:
        drawing = drawing_of(picture.data)
    except BadSample as error:
        return Lost(picture.id, picture.name, str(error))
    if colour:
        try:
            drawing = recoloured(drawing, colour)
        except ValueError:
            pass  # it has several colours, and keeps them
    return as_symbol(drawing, once(slug(picture.called)))


def _quiet(text: str) -> str:
    """Words as they may stand in a comment of XML."""
    return "".join(one for one in text if one.isprintable() or one == "\n").replace("--", "- -").replace("<", "‹")
