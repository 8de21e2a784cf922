"""A drawing of an index as text to paste, in one of three forms."""

from sightline.data.sample import BadSample
from sightline.search.take.drawing import drawing_of
from sightline.search.take.ink import recoloured
from sightline.search.take.jsx import as_jsx
from sightline.search.take.markup import as_svg, as_symbol
from sightline.search.take.name import slug

FORMS = ("svg", "symbol", "jsx")


def pasted(svg: bytes, form: str, called: str, colour: str = "") -> str:
    """The drawing `svg` as one of FORMS, in `colour` if there is one. ValueError says why not."""
    if form not in FORMS:
        raise ValueError(f"there is no form {form[:80]!r}; there are {', '.join(FORMS)}")
    try:
        drawing = drawing_of(svg)
    except BadSample as error:
        raise ValueError(str(error)) from error
    if colour:
        drawing = recoloured(drawing, colour)
    if form == "symbol":
        return as_symbol(drawing, slug(called))
    return as_jsx(drawing) if form == "jsx" else as_svg(drawing)
