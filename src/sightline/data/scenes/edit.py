"""Scenes that differ in one factor: 3 stars and 4, on and off, warm and cool inks, filled and outlined, another word.

An edit keeps every position. It is refused where the scene would stop being what scenes promise (legible, nothing newly
touching, every relation of the caption true), so both scenes of a pair are sound and the way back gives the first one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from sightline.data.scenes import vocabulary
from sightline.data.scenes.design import least, text_width
from sightline.data.scenes.factor import Factor, factor
from sightline.data.scenes.layout import extent
from sightline.data.scenes.palette import BACKGROUND, COLOURS, PALETTES, RGB, contrast
from sightline.data.scenes.pen import stroke
from sightline.data.scenes.record import Value, given
from sightline.data.scenes.relations import meet, relation
from sightline.data.scenes.scene import Element, Scene, place
from sightline.data.scenes.widgets import choices, redrawn


def edited(scene: Scene, name: str, value: Value) -> Scene:
    """The scene with factor `name` set to `value` and nothing else changed but what follows from it.

    Raises ValueError for a factor that the scene lacks or that cannot be changed alone, for a value outside the domain,
    and for one that this scene has no room for; `values` lists what it has.
    """
    found, own = _editable(scene, name)
    if value not in found.domain:
        raise ValueError(f"{name} cannot be {value!r}; it is one of {', '.join(map(str, found.domain))}")
    try:
        return scene if value == own else _changed(scene, name, value)
    except Unfit as flaw:
        raise ValueError(
            f"{name} cannot be {value!r} in this scene: {flaw}; edit.values lists what it can be"
        ) from None


def values(scene: Scene, name: str) -> tuple[Value, ...]:
    """Every value that `edited` can give this scene's factor, its own among them, in the order of the domain."""
    found, own = _editable(scene, name)
    fit = {own, *(value for value, _ in others(scene, name))}
    return tuple(value for value in found.domain if value in fit)


def neighbours(scene: Scene, name: str) -> dict[Value, Scene]:
    """The scenes one step away: of an ordinal or circular factor the next values on both sides, else all others."""
    found, own = _editable(scene, name)
    if found.order not in ("ordinal", "circular"):
        return dict(others(scene, name))
    at, count = found.domain.index(own), len(found.domain)
    steps = [k for k in (at - 1, at + 1) if found.order == "circular" or 0 <= k < count]
    tried = {found.domain[k % count]: _tried(scene, name, found.domain[k % count]) for k in steps}
    return {value: after for value, after in tried.items() if after is not None}


def others(scene: Scene, name: str) -> Iterator[tuple[Value, Scene]]:
    """Every other value the factor can have here and the scene with it, one after the other, from its own value on."""
    found, own = _editable(scene, name)
    at = found.domain.index(own) if own in found.domain else -1
    for value in (*found.domain[at + 1 :], *found.domain[:at]):
        after = _tried(scene, name, value)
        if after is not None:
            yield value, after


class Unfit(ValueError):
    """A change that this scene cannot take, and why."""


def _editable(scene: Scene, name: str) -> tuple[Factor, Value]:
    """The factor and its value in this scene."""
    found, here = factor(scene.level, name), given(scene)
    if not found.editable:
        raise ValueError(
            f"{name} cannot be changed alone at level {scene.level}: it is drawn with the scene, or measured"
        )
    if name not in here:
        raise ValueError(f"this scene has no factor {name!r}; it has {', '.join(here)}")
    return found, here[name]


def _tried(scene: Scene, name: str, value: Value) -> Scene | None:
    try:
        return _changed(scene, name, value)
    except Unfit:
        return None


def _changed(scene: Scene, name: str, value: Value) -> Scene:
    """The sound scene after the change; raises Unfit."""
    word = str(value)
    match name.split("."):
        case ["background"]:
            after = replace(scene, background=BACKGROUND[word])
        case ["palette"]:
            role = dict(zip(PALETTES[scene.palette], PALETTES[word], strict=True))
            after = replace(_with(scene, [e._replace(colour=role[e.colour]) for e in scene.elements]), palette=word)
        case ["style"]:
            after = replace(_with(scene, [_drawn(e, word) for e in scene.elements]), style=word)
        case ["object", number, field]:
            change = {"colour": _coloured, "name": _named, "stroke": _stroked}[field]
            after = _replaced(scene, int(number) - 1, change(scene, scene.elements[int(number) - 1], word))
        case ["widget", kind]:
            at = next(k for k, e in enumerate(scene.elements) if e.drawing.startswith(f"{kind}/"))
            after = _replaced(scene, at, _shown(scene.elements[at], word))
        case _:
            at = [k for k, e in enumerate(scene.elements) if e.kind == "text"][int(name.partition(".")[2] or 1) - 1]
            after = _replaced(scene, at, _written(scene, scene.elements[at], word))
    _check(scene, after)
    return after


def _with(scene: Scene, elements: list[Element]) -> Scene:
    return replace(scene, elements=tuple(elements))


def _replaced(scene: Scene, at: int, element: Element) -> Scene:
    return _with(scene, [*scene.elements[:at], element, *scene.elements[at + 1 :]])


def _drawn(element: Element, style: str) -> Element:
    if element.kind == "text":
        return element
    line = stroke(style) if element.kind in ("icon", "shape") else element.stroke
    return element._replace(drawing=f"{element.drawing.partition('@')[0]}@{style}", stroke=line)


def _coloured(scene: Scene, element: Element, colour: str) -> Element:
    if scene.palette and colour not in PALETTES[scene.palette]:
        raise Unfit(f"the {scene.palette} palette is {', '.join(PALETTES[scene.palette])}")
    return element._replace(colour=colour)


def _named(scene: Scene, element: Element, name: str) -> Element:
    """Another thing of the same kind, stroke and proportions."""
    thing = vocabulary.things(scene.level).get(name)
    if thing is None or thing.kind != element.kind:
        raise Unfit(f"a {element.kind} becomes another {element.kind}")
    # "the battery" must not also fit an icon called "battery full".
    if any(word in e.name for e in scene.elements if e.kind in ("widget", "text") for word in name.split()):
        raise Unfit("a widget is called so")
    plain = thing.filled if element.stroke == "filled" or scene.style else thing.outlined
    return _refitted(element._replace(name=name), plain)


def _stroked(scene: Scene, element: Element, line: str) -> Element:
    thing = vocabulary.things(scene.level).get(element.name)
    if thing is None:
        raise Unfit(f"a {element.kind} has one stroke")
    return _refitted(element._replace(stroke=line), thing.outlined if line == "outlined" else thing.filled)


def _refitted(element: Element, plain: str) -> Element:
    """The element drawn by another key in the same box, of proportions that differ by a pixel at most."""
    if not plain:
        raise Unfit(f"no drawing of {element.name} is {element.stroke}")
    _, _, w, h = element.box
    width, height = extent(plain, max(w, h))
    if abs(width - w) > 1 or abs(height - h) > 1:
        raise Unfit("its proportions are others")
    _, at, style = element.drawing.partition("@")
    return element._replace(drawing=f"{plain}{at}{style}")


def _shown(element: Element, value: str) -> Element:
    plain, at, style = element.drawing.partition("@")
    if value not in choices(plain):
        raise Unfit(f"it shows {', '.join(choices(plain))}")
    return element._replace(drawing=f"{redrawn(plain, value)}{at}{style}", value=value)


def _written(scene: Scene, element: Element, words: str) -> Element:
    """Another word, of the same height and from the same left edge."""
    if any(e.value == words for e in scene.elements if e.kind == "text"):
        raise Unfit("it stands there already")
    x, y, _, h = element.box
    after = element._replace(drawing=f"text/{words}", box=(x, y, text_width(words, h), h), value=words)
    if x + after.box[2] > scene.side:
        raise Unfit("it would leave the canvas")
    if place(after.box, scene.side) != place(element.box, scene.side):
        raise Unfit("its middle would lie elsewhere")
    return after


def _check(before: Scene, after: Scene) -> None:
    """Raise Unfit where the changed scene breaks what scenes promise and the one before did not."""
    for k, element in enumerate(after.elements):
        ink = COLOURS[element.colour]
        if any(contrast(ink, tone) < least(element.kind) for tone in _grounds(after, k)):
            raise Unfit(f"{element.colour} would not stand out")
    held = {(clause.subject, clause.object) for clause in after.clauses if clause.relation == "inside"}
    for i, j in combinations(range(len(after.elements)), 2):
        a, b, one, other = before.elements[i], before.elements[j], after.elements[i], after.elements[j]
        if meet(one.box, other.box, 2.0):
            if not meet(a.box, b.box, 2.0):
                raise Unfit(f"{one.name} and {other.name} would touch")
            if one.colour == other.colour and (j, i) not in held:
                raise Unfit(f"{one.name} and {other.name} touch and would be of one colour")
        if one.name == other.name and (one.colour, one.size, one.value) == (other.colour, other.size, other.value):
            if place(one.box, after.side) == place(other.box, after.side):
                raise Unfit(f"no words would tell the two {one.name}s apart")
    for clause in after.clauses:
        if clause.relation and relation(after.elements, clause.subject, clause.object) != clause.relation:
            raise Unfit(f"it would no longer be true that something is {clause.relation} something")


def _grounds(scene: Scene, at: int) -> tuple[RGB, ...]:
    """The tones that element `at` lies on: those of the background, or the ink of the filled shape it is inside of."""
    for clause in scene.clauses:
        if clause.subject == at and clause.relation == "inside":
            holder = scene.elements[clause.object]
            if holder.stroke == "filled":
                return (COLOURS[holder.colour],)
    return scene.background.a, scene.background.b
