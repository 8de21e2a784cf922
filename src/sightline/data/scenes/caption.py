"""Words for a scene: its caption, a phrase that only one element answers to, and captions that are false of it.

The grammar is small and closed. Level 1: "a red heart left of a blue gear on a striped background". Levels 2 and 3 add
sizes, line drawings, values and text, in several clauses; level 4 says stroke once for all, and the colours: "..., in
thin lines of warm colours, on a white background".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from sightline.data.scenes.edit import others
from sightline.data.scenes.factor import known
from sightline.data.scenes.measure import measures, style_words
from sightline.data.scenes.record import given
from sightline.data.scenes.relations import SIDES, leans, meet
from sightline.data.scenes.scene import PLACES, Clause, Element, Scene, place
from sightline.data.scenes.widgets import BY_NAME, choices

KINDS = ("swap_sides", "swap_colours", "value")
EDITS = ("text", "style", "palette", "background")
"""hard negatives that are the caption of the scene with this factor edited: true of a picture one factor away"""
LINES = {"filled": "solid shapes", "thin": "thin lines", "outlined": "plain outlines", "thick": "thick lines"}
"""how a caption says the style of a level-4 scene"""
WHERE = {
    where: "in the center" if where == "center" else f"in the {where}" if " " in where else f"at the {where}"
    for where in PLACES
}
"""how a caption says a place"""


def caption(scene: Scene) -> str:
    """The main caption: every element once, the relations that hold without doubt, the background."""
    return _sentence(scene, [_clause(scene, clause) for clause in scene.clauses])


def brief(scene: Scene) -> str:
    """The first clause alone, or for a single clause the same said from the other end; true as well."""
    first = scene.clauses[0]
    if len(scene.clauses) == 1 and first.relation in SIDES:
        first = Clause(first.object, SIDES[first.relation], first.subject)
    return _sentence(scene, [_clause(scene, first)])


def styled(scene: Scene) -> str:
    """The scene by its style alone: "a flat, outlined, minimal design in warm colours with the text "SALE"".

    Words are earned by what is measured (`measure.WORDS`); objects go unsaid.
    """
    words = ", ".join(style_words(measures(scene)))
    article = "an" if words[:1] in tuple("aeiou") else "a"
    colours = f" in {scene.palette} colours" if scene.palette else ""
    texts = [f'the text "{e.value}"' for e in scene.elements if e.kind == "text"]
    return f"{article} {words} design{colours}{' with ' if texts else ''}{' and '.join(texts)}".replace("  ", " ")


def hard_negatives(scene: Scene, kind: str) -> str | None:
    """A caption one change away from the main one and false of the picture; None where the scene offers no such change.

    swap_sides: the two ends of a left/right/above/below change places, so the words stay the same and the side flips.
    swap_colours: two elements of one clause, or of two, exchange their colours; again the words stay the same.
    value: a widget's value becomes another one it can show.
    text, style, palette, background (`EDITS`): the caption of the scene with another word, style and so on.
    """
    match kind:
        case "swap_sides":
            changed = _swapped_sides(scene)
        case "swap_colours":
            changed = _swapped_colours(scene)
        case "value":
            changed = _changed_values(scene)
        case "text" | "style" | "palette" | "background":
            changed = _edited(scene, kind)
        case _:
            raise ValueError(f"no hard negative is called {kind!r}; known: {', '.join((*KINDS, *EDITS))}")
    return next(changed, None)


def phrase(scene: Scene, index: int) -> str:
    """Words that fit element `index` and no other: type, then colour, size and place, as many as it takes."""
    element, side = scene.elements[index], scene.side
    rivals = [e for k, e in enumerate(scene.elements) if k != index and _may_be_called(e, element)]
    kind = f'{element.name} "{element.value}"' if element.kind == "text" else _type(element)
    if not rivals:
        return f"the {kind}"
    rivals = [e for e in rivals if e.colour == element.colour]
    if not rivals:
        return f"the {element.colour} {kind}"
    rivals = [e for e in rivals if e.size == element.size]
    if not rivals:
        return f"the {element.size} {element.colour} {kind}"
    where = place(element.box, side)
    assert all(place(e.box, side) != where for e in rivals), "layouts keep every element distinguishable"
    return f"the {element.size} {element.colour} {kind} {WHERE[where]}"


def _may_be_called(other: Element, element: Element) -> bool:
    """Whether the bare type of `element` fits `other`: "the heart" fits an outlined heart, not the other way round."""
    if other.name != element.name or (element.kind == "text" and other.value != element.value):
        return False
    return element.stroke == "filled" or other.stroke == "outlined"


def _type(element: Element) -> str:
    return element.name if element.stroke == "filled" else f"outlined {element.name}"


def noun(element: Element, *, colour: str = "", value: str = "") -> str:
    """The element as a caption introduces it; `colour` and `value` stand in for its own."""
    words = colour or element.colour
    if element.size != "medium":
        words = f"{element.size} {words}"
    if element.kind == "text":
        return f'the {words} text "{element.value}"'
    words = f"an {words}" if words[0] in "aeiou" else f"a {words}"
    if element.kind == "widget":
        return BY_NAME[element.name].says.format(adj=words, value=value or element.value)
    return f"{words} {element.name}" if element.stroke == "filled" else f"{words} outlined {element.name}"


def _noun(scene: Scene, element: Element) -> str:
    """The noun without its stroke where the scene says the style of all."""
    return noun(element._replace(stroke="filled") if scene.style else element)


def _clause(scene: Scene, clause: Clause) -> str:
    subject = _noun(scene, scene.elements[clause.subject])
    return f"{subject} {clause.relation} {_noun(scene, scene.elements[clause.object])}" if clause.relation else subject


def _sentence(scene: Scene, clauses: list[str]) -> str:
    end = f"on a {scene.background.words} background"
    if scene.style:
        return f"{', '.join(clauses)}, in {LINES[scene.style]} of {scene.palette} colours, {end}"
    return f"{clauses[0]} {end}" if len(clauses) == 1 else f"{', '.join(clauses)}, {end}"


def _swapped_sides(scene: Scene) -> Iterator[str]:
    said = [_clause(scene, clause) for clause in scene.clauses]
    for k, clause in enumerate(scene.clauses):
        if clause.relation not in SIDES:
            continue
        one, other = scene.elements[clause.subject], scene.elements[clause.object]
        if not _any_pair(scene, other, clause.relation, one):
            yield _sentence(
                scene, [*said[:k], f"{_noun(scene, other)} {clause.relation} {_noun(scene, one)}", *said[k + 1 :]]
            )


def _swapped_colours(scene: Scene) -> Iterator[str]:
    said = _bag(caption(scene))
    count = len(scene.elements)
    for i in range(count):
        for j in range(i + 1, count):
            one, other = scene.elements[i], scene.elements[j]
            swapped = {i: one._replace(colour=other.colour), j: other._replace(colour=one.colour)}
            if one.colour == other.colour or not _false(scene, swapped):
                continue
            words = caption(_with(scene, swapped))
            if _bag(words) == said:
                yield words


def _bag(words: str) -> Counter[str]:
    return Counter(words.replace(",", "").split())


def _changed_values(scene: Scene) -> Iterator[str]:
    for k, element in enumerate(scene.elements):
        if element.kind != "widget":
            continue
        widget = BY_NAME[element.name]
        drawn = tuple(dict.fromkeys(map(widget.value, widget.values))) if scene.level < 4 else ()
        shown = drawn if element.value in drawn else choices(element.drawing)
        at, step = shown.index(element.value), max(1, len(shown) // 3)
        wrong = shown[at - step] if at >= step else shown[at + step]
        if not any(e.name == element.name and e.value == wrong for e in scene.elements):
            yield caption(_with(scene, {k: element._replace(value=wrong)}))


def _edited(scene: Scene, name: str) -> Iterator[str]:
    row = known(scene.level).get(name)
    if row is None or not row.editable or name not in given(scene):
        return
    said = caption(scene)
    yield from (words for _, after in others(scene, name) if (words := caption(after)) != said)


def _with(scene: Scene, changed: dict[int, Element]) -> Scene:
    elements = tuple(changed.get(k, e) for k, e in enumerate(scene.elements))
    return replace(scene, elements=elements)


def _false(scene: Scene, changed: dict[int, Element]) -> bool:
    """Whether some clause about the `changed` elements is true of nothing in the scene."""
    for clause in scene.clauses:
        if clause.subject not in changed and clause.object not in changed:
            continue
        subject = changed.get(clause.subject, scene.elements[clause.subject])
        if not clause.relation:
            if not any(_fits(e, subject) for e in scene.elements):
                return True
        elif not _any_pair(scene, subject, clause.relation, changed.get(clause.object, scene.elements[clause.object])):
            return True
    return False


def _any_pair(scene: Scene, subject: Element, relation: str, object: Element) -> bool:
    """Whether two elements that the two nouns fit could be said to stand in this relation."""
    for one in scene.elements:
        for other in scene.elements:
            if one is other or not _fits(one, subject) or not _fits(other, object):
                continue
            if leans(one.box, other.box, relation) if relation in SIDES else meet(one.box, other.box):
                return True
    return False


def _fits(element: Element, said: Element) -> bool:
    """Whether the caption's noun for `said` is true of `element` (a medium size goes unsaid and fits any)."""
    return (
        element.name == said.name
        and element.colour == said.colour
        and element.value == said.value
        and said.size in ("medium", element.size)
        and (said.stroke == "filled" or element.stroke == "outlined")
    )
