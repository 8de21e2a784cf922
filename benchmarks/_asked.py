"""What `graphics` asks: which words fit a design, and what a probe reads from frozen vectors; per design, nan where a
design has no such thing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from _graphics import described, listed, meaning, names
from sightline.data.array import unit
from sightline.data.draw import seed_of
from sightline.data.scenes import vocabulary
from sightline.data.scenes.caption import WHERE
from sightline.data.scenes.design import LAYOUTS
from sightline.data.scenes.palette import PALETTES
from sightline.data.scenes.pen import STYLES
from sightline.data.scenes.scene import Element, Scene, place
from sightline.data.scenes.vocabulary import WORDS
from sightline.data.scenes.widgets import BY_NAME, WIDGETS, choices
from sightline.measure.density.ridge import by_luck, hits, ridge
from sightline.measure.graphics.cosine import cosines, first, units

KINDS = {widget.name: kind for kind, widget in WIDGETS.items()}
AMONG = 8
"""things, and words, of which one is right"""


@dataclass(frozen=True)
class Asked:
    """One choice among texts, the first of which is right."""

    score: str
    design: int
    texts: tuple[str, ...]


# --- wordings: every arm is asked in its own


def with_value(arm: str, element: Element, scene: Scene) -> str:
    """A widget or a text with its value; by names, which never says one, in the words of `scenes`."""
    match arm:
        case "elements":
            return described(element, place(element.box, scene.side))
        case "meaning":
            return meaning(element)
        case _ if element.kind == "text":
            return f'a text "{element.value}"'
        case _:
            adjective = names(element).partition(" ")[0]
            return BY_NAME[element.name].says.format(adj=adjective, value=element.value)


def with_place(arm: str, element: Element, where: str) -> str:
    """An element with its colour and place; of the arms that never say them, in front of and behind what they do say.

    Of texts no arm says more than it knows.
    """
    if arm == "elements":
        return described(element, where)
    said = (meaning if arm == "meaning" else names)(element)
    article, _, rest = said.partition(" ")
    if article in ("a", "an", "the"):
        return f"{article} {element.colour} {rest} {WHERE[where]}"
    return f"{element.colour} {said} {WHERE[where]}"


def in_caption(arm: str, scene: Scene, k: int, element: Element) -> str:
    """The arm's caption with `element` in place of element k; that of sub-elements has it alone."""
    if arm == "elements":
        return with_value(arm, element, scene)
    own = names if arm == "names" else meaning
    said = [own(e) for e in scene.elements]
    said[k] = with_value(arm, element, scene) if element.kind != "icon" and element.kind != "shape" else own(element)
    return listed(said)


# --- questions of words


def questions(arm: str, scenes: Sequence[Scene]) -> Iterator[Asked]:
    """Values, elements, things and words of every design. Which others are beside the right one is the same for all
    arms."""
    things = sorted({thing.name for thing in vocabulary.pool(4)})
    for at, scene in enumerate(scenes):
        draw = np.random.default_rng(seed_of("graphics", "asked", at))
        present = {e.name for e in scene.elements}
        for k, element in enumerate(scene.elements):
            others: list[Element] = []
            if element.kind == "widget":
                score = f"value: {KINDS[element.name]}"
                others = [element._replace(value=v) for v in values(element) if v != element.value]
            elif element.kind == "text":
                score = "word"
                beside = [word for word in WORDS if word != element.value]
                others = [element._replace(value=str(w)) for w in draw.choice(beside, AMONG - 1, replace=False)]
            else:
                score = "thing"
                absent = [name for name in things if name not in present]
                others = [element._replace(name=str(w)) for w in draw.choice(absent, AMONG - 1, replace=False)]
            texts = tuple(in_caption(arm, scene, k, e) for e in (element, *others))
            yield Asked(score, at, texts)
            if element.kind == "widget":
                yield Asked("value", at, texts)
            if (exchanged := beside_it(scene, k, draw)) is not None:
                colour, where = exchanged
                own = place(element.box, scene.side)
                other = element._replace(colour=colour)
                four = ((element, own), (other, own), (element, where), (other, where))
                yield Asked("element", at, tuple(with_place(arm, e, w) for e, w in four))


def values(element: Element) -> tuple[str, ...]:
    """All that a widget can show; of a clock the twelve hours, its minutes as they are."""
    if element.name == "analog clock":
        minutes = element.value.partition(":")[2]
        return tuple(f"{hour}:{minutes}" for hour in range(1, 13))
    return choices(element.drawing.partition("@")[0])


def beside_it(scene: Scene, k: int, draw: np.random.Generator) -> tuple[str, str] | None:
    """Colour and place of another element that has both otherwise; None where there is none."""
    own = scene.elements[k]
    found = [
        (e.colour, where)
        for e in scene.elements
        if e.colour != own.colour and (where := place(e.box, scene.side)) != place(own.box, scene.side)
    ]
    return found[int(draw.integers(len(found)))] if found else None


def answered(
    encoder: Any, vectors: np.ndarray, asked: Sequence[Asked]
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Score -> whether the right text is nearest, by design (n,), and by luck; `vectors` (n, e) are of the designs."""
    unique = {text: place for place, text in enumerate(dict.fromkeys(text for one in asked for text in one.texts))}
    texts = units(encoder.encode_text(list(unique)).cpu().numpy())
    pictures = units(vectors)
    right: dict[str, list[tuple[int, float, float]]] = {}
    for one in asked:
        near = cosines(pictures[[one.design]], texts[[unique[text] for text in one.texts]])
        hit = float(first(near[:, 0], near[:, 1:])[0])
        right.setdefault(one.score, []).append((one.design, hit, 1 / len(one.texts)))
    found, luck = {}, {}
    for score, rows in sorted(right.items()):
        at, hit, chance = (np.array(column) for column in zip(*rows, strict=True))
        count = np.bincount(at, minlength=len(pictures))
        with np.errstate(invalid="ignore"):
            found[score] = np.bincount(at, hit, minlength=len(pictures)) / count
        luck[score] = float(chance.mean())
    return found, luck


def retrieved(encoder: Any, vectors: np.ndarray, arm: str, scenes: Sequence[Scene]) -> tuple[np.ndarray, float]:
    """R@1 by design (n,) from its caption to the pictures, any that the caption is true of being right; and by luck."""
    if arm == "elements":
        has = [{described(e, place(e.box, scene.side)) for e in scene.elements} for scene in scenes]
        said = [tuple(described(e, place(e.box, scene.side)) for e in scene.elements[-2:]) for scene in scenes]
        texts = [" and ".join(two) for two in said]
    else:
        own = names if arm == "names" else meaning
        has = [{listed([own(e) for e in scene.elements])} for scene in scenes]
        said = [tuple(one) for one in has]
        texts = [two[0] for two in said]
    near = cosines(units(encoder.encode_text(texts).cpu().numpy()), units(vectors))
    fits = np.array([[all(phrase in own for phrase in asked) for own in has] for asked in said])
    best = near == near.max(axis=1, keepdims=True)
    return (best & fits).sum(axis=1) / best.sum(axis=1), float(fits.mean())


# --- questions of probes


def labels(scenes: Sequence[Scene]) -> dict[str, np.ndarray]:
    """Question -> (n, classes) bool, no class for a design without such a thing."""
    domains: dict[str, Sequence[str]] = {f"value: {kind}": values_of(kind) for kind in WIDGETS}
    domains |= {"thing": sorted({thing.name for thing in vocabulary.pool(4)}), "style": tuple(STYLES)}
    domains |= {"layout": tuple(LAYOUTS), "palette": tuple(PALETTES)}
    found = {name: np.zeros((len(scenes), len(domain)), bool) for name, domain in domains.items()}
    places = {name: {value: k for k, value in enumerate(domain)} for name, domain in domains.items()}

    def tell(name: str, at: int, value: str) -> None:
        found[name][at, places[name][value]] = True

    for at, scene in enumerate(scenes):
        for name in ("style", "layout", "palette"):
            tell(name, at, getattr(scene, name))
        for e in scene.elements:
            if e.kind == "widget":
                clock = e.name == "analog clock"
                tell(f"value: {KINDS[e.name]}", at, e.value.partition(":")[0] if clock else e.value)
            elif e.kind != "text":
                tell("thing", at, e.name)
    return found


def values_of(kind: str) -> tuple[str, ...]:
    return tuple(str(hour) for hour in range(1, 13)) if kind == "clock" else WIDGETS[kind].domain


def read(
    fitted: np.ndarray, tested: np.ndarray, learnt: dict[str, np.ndarray], asked: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Question -> hits of a ridge probe by design (n,), and by luck; a probe of its own for each question."""
    train, test = unit(fitted), unit(tested)
    found, luck, every = {}, {}, []
    for name, truth in learnt.items():
        has, judged = truth.any(axis=1), asked[name].any(axis=1)
        part = [slice(0, truth.shape[1])]
        scores = ridge(train[has], truth[has], part).scores(test[judged])
        right = np.full(len(test), np.nan)
        right[judged] = hits(scores, asked[name][judged], part)[:, 0]
        found[name], luck[name] = right, float(by_luck(scores, asked[name][judged], part)[0])
        if name.startswith("value: "):
            every.append((right, luck[name], int(judged.sum())))
    some = np.array([right for right, _, _ in every])
    with np.errstate(invalid="ignore"):
        count = np.isfinite(some).sum(axis=0)
        found["value"] = np.nansum(some, axis=0) / np.where(count, count, np.nan)
    luck["value"] = float(np.average([chance for _, chance, _ in every], weights=[n for _, _, n in every]))
    return found, luck
