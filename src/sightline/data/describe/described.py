"""One picture in words: what it means, its elements, its style, its text, in this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sightline.data.decode.picture import decode, is_svg, unpacked
from sightline.data.describe import drawing, pixels
from sightline.data.describe.colour import ground_name
from sightline.data.describe.drawing import GRADIENT, Drawing, number, rgb, shared
from sightline.data.describe.elements import article, counted, listed, said_parts, split, whole_name
from sightline.data.describe.style import Look, curves, face, gradients, look_of, style_words
from sightline.data.sample import Sample
from sightline.data.scenes.palette import PALETTES, contrast
from sightline.data.sources.caption import clean, from_title
from sightline.data.sources.embedded_words import embedded_words

SIZE = 256
"""pixels of the shorter side at which a picture is measured"""
READABLE = 720
"""the same for reading its text"""
WORDS = 8
"""of text that a caption quotes at most"""
COLOURS = 3
"""that a caption names; of more it says the number"""
COVERS = 0.98
"""of the canvas, that a shape at the very bottom covers which is the background"""
PATTERN = 1.75
"""WCAG contrast with the background up to which what lies on all of it is its pattern"""
GROUNDS = 3

Reader = Callable[[np.ndarray], Sequence[str]]
"""the texts in a picture, uint8 (y, x, 3)"""


@dataclass(slots=True)
class Described:
    """What a caption is put together from."""

    meaning: str = ""
    elements: list[str] = field(default_factory=list)
    look: Look | None = None
    style: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    ground: str = ""
    """the background: a colour, gradient, patterned, transparent, or "" """
    text: list[str] = field(default_factory=list)
    ocr: bool = False
    """the text was read from pixels"""

    @property
    def told(self) -> bool:
        """Whether there is more than the name says."""
        return bool(self.elements or self.look is not None or self.text)

    def caption(self) -> str:
        """ "cart, 2 black circles and a red line, a flat, outlined design in black and red with the text "SALE"" """
        parts = [self.meaning, listed(self.elements)]
        quoted = listed([f'"{text}"' for text in quote(self.text)])
        if self.look is not None:
            words = ", ".join(self.style)
            said = f"{words} design".strip()
            said = f"{article(said)} {said}{self._in()}"
            if self.ground not in ("", "transparent"):
                said += f" on {article(self.ground)} {self.ground} background"
            parts.append(said)
        said = ", ".join(filter(None, parts))
        if quoted:
            said = f"{said} with the text {quoted}" if said else f"the text {quoted}"
        return clean(said)

    def _in(self) -> str:
        if not self.colours:
            return ""
        if len(self.colours) > COLOURS:
            return f" in {len(self.colours)} colours"
        name = palette(self.colours)
        return f" in {name} colours, {listed(self.colours)}" if name else f" in {listed(self.colours)}"


def describe(sample: Sample, *, styles: bool, reader: Reader | None) -> Described:
    """A picture in words. BadSample where it cannot be used.

    `styles` asks for elements and style; `reader` reads text from pixels where a drawing holds none itself.
    """
    image = sample.image
    data = b"" if isinstance(image, np.ndarray) else unpacked(image)
    found = Described(meaning=_meaning(sample, data))
    picture = decode(image if isinstance(image, np.ndarray) else data, SIZE)  # also says what cannot be drawn
    drawn = drawing.read(data) if data and is_svg(data) else None
    if drawn is not None:
        found.text = [leaf.text for leaf in drawn.leaves if leaf.text]
        if styles:
            _structure(found, drawn, picture)
    elif styles and (inked := pixels.taken_apart(picture)) is not None and (inked.flat or len(inked.things) < 50):
        found.look = look_of(inked, inked.things)
        found.colours, found.ground = inked.colours, inked.ground
    if found.look is not None:
        found.style = style_words(found.look)
    if reader is not None and not found.text:
        found.text = list(reader(_page(decode(image if isinstance(image, np.ndarray) else data, READABLE))))
        found.ocr = bool(found.text)
    return found


def _meaning(sample: Sample, data: bytes) -> str:
    """The first caption that the source knows (title, file name, class), else what the file says of itself."""
    said = () if sample.captions or not data else map(from_title, embedded_words(data).captions)
    return next(filter(None, (*sample.captions, *said)), "")


def _structure(found: Described, drawn: Drawing, picture: np.ndarray) -> None:
    """What the shapes of a drawing and their pixels tell."""
    below, found.ground = background(drawn)
    leaves = drawn.leaves[below:]
    shapes = [leaf for leaf in leaves if leaf.kind != "text"]
    parts = split(leaves)
    found.meaning = found.meaning or whole_name(leaves)
    found.elements = said_parts(drawn, leaves) or counted(leaves)
    everything = drawn.pixels({number(leaf) for leaf in leaves}, SIZE) if below else picture
    inked = pixels.taken_apart(everything) if everything is not None else None
    if inked is None:
        return
    things = inked.things
    if len(shapes) < len(leaves):
        alone = drawn.pixels({number(leaf) for leaf in shapes}, SIZE)
        apart = pixels.taken_apart(alone) if alone is not None else None
        things = apart.things if apart is not None else []
    gradient = gradients(drawn.leaves) or found.ground == GRADIENT
    pictures = any(leaf.kind == "image" for leaf in leaves)
    bodies = [shared(inside)[-1] for inside in parts.values() if any(leaf.kind != "text" for leaf in inside)]
    strokes = {"lined": 1.0} if shapes and not any(leaf.fill for leaf in shapes) else {}
    found.look = look_of(
        inked,
        things,
        **strokes,
        parts=len(parts),
        flat=not (gradient or pictures or drawn.shadows),
        gradient=gradient,
        shadow=drawn.shadows,
        dashed=any(leaf.dashed for leaf in shapes),
        curves=curves(bodies),
        letters=frozenset(filter(None, (face(leaf.fonts) for leaf in leaves if leaf.text))),
    )
    found.colours = inked.colours
    if not below:
        found.ground = inked.ground


def background(drawn: Drawing) -> tuple[int, str]:
    """How many leaves at the bottom are background, and what it is called."""
    count, called, base = 0, "", ""
    for leaf in drawn.leaves[:GROUNDS]:
        if not leaf.fill or leaf.kind in {"text", "image"} or len(drawn.leaves) == count + 1:
            break
        if count and (GRADIENT in (base, leaf.fill) or contrast(rgb(base), rgb(leaf.fill)) > PATTERN):
            break
        shown = drawn.pixels({number(leaf)}, 64)
        if shown is None:
            break
        seen = shown[..., 3] > 127
        if not count and seen.mean() >= COVERS:
            base = leaf.fill
            called = GRADIENT if base == GRADIENT else ground_name(*rgb(base))
        elif count and seen.mean() < 0.8 and all(_spans(np.asarray(seen.any(axis))) for axis in (0, 1)):
            called = "patterned"
        else:
            break
        count += 1
    return count, called


def _spans(seen: np.ndarray) -> bool:
    """Whether a pattern seen at places along a side reaches from one end to the other, but for a period of it."""
    places = np.flatnonzero(seen)
    return len(places) > 1 and places[0] < 0.2 * len(seen) and places[-1] >= 0.8 * len(seen)


def _page(picture: np.ndarray) -> np.ndarray:
    """A picture as uint8 (y, x, 3), on white, or on black where it is light."""
    if picture.shape[2] == 3:
        return picture
    share = picture[..., 3:] / 255.0
    light = float((picture[..., :3].mean(-1) * share[..., 0]).sum() / max(share.sum(), 1)) > 200
    return np.round(picture[..., :3] * share + (0 if light else 255) * (1 - share)).astype(np.uint8)


def palette(colours: Sequence[str]) -> str:
    """The palette of scenes that the colours are of: the only one that holds them all, of two or more; else "".

    >>> palette(["red", "orange"]), palette(["teal", "blue"]), palette(["red", "teal"])
    ('warm', '', '')
    """
    fitting = [name for name, inks in PALETTES.items() if set(colours) <= set(inks)]
    return fitting[0] if len(fitting) == 1 and len(colours) > 1 else ""


def quote(texts: Sequence[str]) -> list[str]:
    """The texts as a caption quotes them: each once, quotation marks gone, at most `WORDS` words together."""
    left, kept = WORDS, list[str]()
    for text in dict.fromkeys(clean(text.replace('"', ""), WORDS) for text in texts):
        words = text.split()[:left]
        left -= len(words)
        if words:
            kept.append(" ".join(words))
    return kept
