"""What a scene was made from: a typed record, and the same flat under stable names, which probes iterate over."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sightline.data.scenes.measure import Measures, measures, style_words
from sightline.data.scenes.palette import BACKGROUND_NAME, PALETTES
from sightline.data.scenes.scene import Box, Scene, place
from sightline.data.scenes.widgets import WIDGETS

Value = str | int | float
FONT = "icon capitals"
"""the only letters of scenes: capitals, digits and signs of the built-in icons, as outlines; no font file is read"""
FREE = "free"
"""palette and layout of levels 1 to 3, where any ink and any place may come up"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words on the canvas."""

    words: str
    font: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFactors:
    """One element of a scene."""

    number: int
    """its number in the instance mask, 1 farthest back"""
    depth: int
    """how many elements lie nearer to the viewer in drawing order; 0 is the topmost"""
    kind: str
    name: str
    colour: str
    size: str
    stroke: str
    place: str
    box: Box
    widget: str = ""
    """kind of widget (a key of `widgets.WIDGETS`), "" for what is none"""
    value: Value = ""
    """what the widget shows"""
    text: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFactors:
    """A scene; `objects` run from back to front."""

    level: int
    side: int
    background: str
    """a key of `palette.BACKGROUND`: "white", "striped/diagonal/6/2"."""
    background_kind: str
    background_words: str
    palette: str
    inks: tuple[str, ...]
    """the colours of the palette; of a free one, those that are used"""
    style: str
    layout: str
    objects: tuple[ObjectFactors, ...]
    measures: Measures
    words: tuple[str, ...]
    """style words earned by the measures"""


def typed(kind: str, value: str) -> Value:
    """A widget's value as a number where it is one: 4 stars, 75 %."""
    return int(value) if WIDGETS[kind].order == "ordinal" else value


def objects(scene: Scene) -> tuple[ObjectFactors, ...]:
    """The factors of every element, from back to front."""
    found = []
    for number, e in enumerate(scene.elements, start=1):
        widget = e.drawing.partition("/")[0] if e.kind == "widget" else ""
        found.append(
            ObjectFactors(
                number=number,
                depth=len(scene.elements) - number,
                kind=e.kind,
                name=e.name,
                colour=e.colour,
                size=e.size,
                stroke=e.stroke,
                place=place(e.box, scene.side),
                box=e.box,
                widget=widget,
                value=typed(widget, e.value) if widget else "",
                text=Text(words=e.value, font=FONT, box=e.box) if e.kind == "text" else None,
            )
        )
    return tuple(found)


def style(scene: Scene) -> str:
    """The style a scene was drawn in; where each element has its own, the one they share or "mixed"."""
    strokes = {e.stroke for e in scene.elements if e.kind in ("icon", "shape")} or {"filled"}
    return scene.style or (strokes.pop() if len(strokes) == 1 else "mixed")


def record(scene: Scene) -> SceneFactors:
    """Every factor of a scene."""
    numbers = measures(scene)
    return SceneFactors(
        level=scene.level,
        side=scene.side,
        background=BACKGROUND_NAME.get(scene.background, scene.background.words),
        background_kind=scene.background.kind,
        background_words=scene.background.words,
        palette=scene.palette or FREE,
        inks=PALETTES[scene.palette] if scene.palette else tuple(sorted({e.colour for e in scene.elements})),
        style=style(scene),
        layout=scene.layout or FREE,
        objects=objects(scene),
        measures=numbers,
        words=style_words(numbers),
    )


def given(scene: Scene) -> dict[str, Value]:
    """The factors that a scene was drawn from, flat, without the measures of its style; nothing is rendered.

    A name is there only where the scene has such a thing. Two texts are `text` and `text.2`; objects are numbered as in
    the mask, from 1.
    """
    flat: dict[str, Value] = {
        "level": scene.level,
        "count": len(scene.elements),
        "layout": scene.layout or FREE,
        "background": BACKGROUND_NAME.get(scene.background, scene.background.words),
        "background.kind": scene.background.kind,
        "background.words": scene.background.words,
        "palette": scene.palette or FREE,
        "style": style(scene),
    }
    texts = 0
    for thing in objects(scene):
        if thing.widget:
            flat[f"widget.{thing.widget}"] = thing.value
        if thing.text:
            texts += 1
            flat["text" if texts == 1 else f"text.{texts}"] = thing.text.words
        for name in ("kind", "name", "colour", "size", "stroke", "place", "depth"):
            flat[f"object.{thing.number}.{name}"] = getattr(thing, name)
    return flat


_MEASURED = {field.name: f"style.{field.name}" for field in fields(Measures) if field.name != "elements"}


def factors(scene: Scene) -> dict[str, Value]:
    """The whole record flat: {"palette": "warm", "widget.stars": 4, "text": "SALE", "style.ink": 0.13, ...}.

    `given` and the measures of the style; names, domains and orders are listed by `factor.known`.
    """
    numbers = measures(scene)
    measured = {name: getattr(numbers, field) for field, name in _MEASURED.items()}
    return {**given(scene), **measured, "style.words": ", ".join(style_words(numbers))}
