"""Styles worked out before an SVG is drawn: what a browser would do with rules, variables and present-day values.

The renderer knows CSS 2 selectors and SVG 1.1 values: `var()`, `:root`, `@media`, nesting and `oklch()` it takes for
nothing or for black. So each element is told here what it is: the cascade is run, custom properties are handed down and
put in, values are rewritten (`value`), and no `<style>` is left.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any

import cssselect2

from sightline.data.decode.svg.math import NEWER, lengths
from sightline.data.decode.svg.sheet import Declaration, Rank, Sheets, declarations_of, inline_rank
from sightline.data.decode.svg.tree import Tree
from sightline.data.decode.svg.value import COLOURS, MOVES, PAINTS, SHARES, WIDE, computed_value

VALUE = 4000
"""characters of a value after its variables are put in"""
COPIED = 5_000
"""elements copied, and variables kept for it, because they are used where other variables hold"""
NESTED = 20
"""variables inside the fallbacks of others"""
GEOMETRY = frozenset({"x", "y", "cx", "cy", "r", "rx", "ry", "width", "height", "d"})
"""properties that the renderer reads only as attributes"""
PLACED = frozenset({"transform-origin", "transform-box"})
KNOWN = frozenset(
    """
alignment-baseline baseline-shift clip-path clip-rule color color-interpolation color-interpolation-filters
direction display dominant-baseline fill fill-opacity fill-rule filter flood-color flood-opacity font
font-family font-kerning font-size font-stretch font-style font-variant font-weight image-rendering isolation
letter-spacing lighting-color marker marker-end marker-mid marker-start mask mask-type mix-blend-mode opacity
overflow paint-order shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset
stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration
text-rendering unicode-bidi vector-effect visibility white-space word-spacing writing-mode
""".split()
)
VAR = re.compile(r"\bvar\(", re.IGNORECASE)
SPECIAL = re.compile(r"""["'\\{}!@]|--|/\*|data:""")
"""what takes a parser of CSS to read; the declarations of drawing programs have none of it"""
QUICK = PAINTS | COLOURS | SHARES
Variables = dict[str, str]


def resolve(tree: Tree, sheets: Sheets | None) -> None:
    """Rewrite every element's attributes; `<style>` elements lose their text."""
    root = tree.root
    context = any(True for kind in ("use", "marker") for _ in root.iter(kind))
    wrapped = cssselect2.ElementWrapper.from_xml_root(root) if sheets else None
    variables = dict(sheets.initial) if sheets else {}
    cascade = _Cascade(tree.local, sheets, context)
    drawn = _Copies(root, wrapped) if _handing(root, sheets) else None
    cascade.walk(root, wrapped, variables, drawn)
    if drawn is not None:
        drawn.settle(cascade)
    if sheets:
        for element in root.iter("style"):
            element.text = None


class _Cascade:
    """Works out the style of each element in turn: rules, the `style` attribute, variables and values."""

    def __init__(self, local: Callable[[str], str], sheets: Sheets | None, context: bool) -> None:
        self.local, self.sheets, self.context = local, sheets, context

    def walk(self, element: ET.Element, wrapped: Any, variables: Variables, drawn: "_Copies | None" = None) -> None:
        """Rewrites an element and everything in it; `variables` are the custom properties around it."""
        ranked: list[tuple[Rank, Declaration]] = []
        if self.sheets is not None:
            ranked += self.sheets.matching(wrapped)
        if (inline := element.attrib.pop("style", None)) is not None:
            ranked += [(inline_rank(one, place), one) for place, one in enumerate(_inline(inline))]
        if ranked:
            ranked.sort(key=lambda one: one[0])
            own = {one.name: one.value for _, one in ranked if one.name.startswith("--")}
            variables = inherited(variables, own) if own else variables
        self.attributes(element, variables)
        if ranked:
            self.declared(element, [one for _, one in ranked if not one.name.startswith("--")], variables)
        if drawn is not None:
            drawn.note(element, variables)
        # a copy is styled as what it was copied from, so its children go in step with those
        inner = [None] * len(element) if wrapped is None else wrapped.iter_children()
        for child, around in zip(element, inner, strict=True):
            self.walk(child, around, variables, drawn)

    def attributes(self, element: ET.Element, variables: Variables) -> None:
        """Rewrites presentation attributes as the renderer reads them; drops those a browser would not know."""
        for key, value in list(element.attrib.items()):
            if "(" in value and VAR.search(value) and key != "id":
                filled = substitute(value, variables.get)
                value = self.local(filled) if filled is not None else None
            if value is not None:
                value = self.value(key, value) if key in QUICK else _lengths(value)
            if value is None:
                del element.attrib[key]
            elif value is not element.attrib[key]:
                element.attrib[key] = value

    def declared(self, element: ET.Element, declarations: list[Declaration], variables: Variables) -> None:
        """Writes what the declarations, ordered by rank, come to into the element's attributes."""
        chosen: dict[str, str] = {}
        for one in declarations:
            name, value = one.name, one.value
            if name not in KNOWN and name not in GEOMETRY and name not in MOVES and name not in PLACED:
                continue
            unset = value.lower() in WIDE
            if VAR.search(value):
                unset = True  # known to be wrong only when drawn, so what it stands before is gone
                value = substitute(value, variables.get) or ""
            if value and "url(" in value.lower():
                value = self.local(value)
            kept = self.value(name, value) if value else None
            if kept is not None:
                chosen.pop(name, None)  # the order counts where one is short for several others
                chosen[name] = kept
            elif unset:
                chosen.pop(name, None)
                element.attrib.pop(name, None)
        moved = [chosen.pop(name) for name in ("translate", "rotate", "scale", "transform") if name in chosen]
        if moved:
            element.set("transform", " ".join(moved))
        for name in [name for name in chosen if name in GEOMETRY or name in PLACED]:
            element.set(name, chosen.pop(name))
        if chosen:
            element.set("style", ";".join(f"{name}:{value}" for name, value in chosen.items()))

    def value(self, name: str, value: str) -> str | None:
        """The value as the renderer reads it; None where it is none."""
        found = computed_value(name, value)
        # outside of what is drawn for another element there is no context, and older browsers ignore the word
        return None if found in {"context-fill", "context-stroke"} and not self.context else found


class _Copies:
    """What `<use>` draws where its custom properties differ from those at the original's own place: a copy of its own.

    Properties are inherited from where a thing is used, not from where it lies: an icon of two colours in a sprite.
    """

    def __init__(self, root: ET.Element, wrapped: Any) -> None:
        self.root = root
        uses = {one.get("href", "").strip() for one in root.iter("use")}
        around = {} if wrapped is None else {id(one.etree_element): one for one in wrapped.iter_subtree()}
        self.left = COPIED
        self.originals: dict[str, tuple[ET.Element, Any]] = {}
        for one in root.iter():
            if (name := f"#{one.get('id', '')}") in uses and name not in self.originals:
                self.left -= sum(1 for _ in one.iter())
                if self.left < 0:
                    break
                self.originals[name] = (deepcopy(one), around.get(id(one)))
        self.uses: list[tuple[ET.Element, Variables]] = []
        self.places: dict[str, Variables] = {}
        self.last: Variables = {}
        self.made: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}

    def note(self, element: ET.Element, variables: Variables) -> None:
        """What holds at an element, where it is used or uses."""
        named = f"#{element.get('id', '')}"
        if element.tag != "use" and named not in self.originals:
            return
        # each of these may be a long table of its own, and is kept until the end
        self.left -= 0 if variables is self.last else len(variables)
        self.last = variables
        if self.left < 0:
            return
        if element.tag == "use":
            self.uses.append((element, variables))
        if named in self.originals:
            self.places.setdefault(named, variables)

    def settle(self, cascade: _Cascade) -> None:
        """Lets each use draw a copy where that makes a difference; those in copies are met later in the same list."""
        aside = ET.Element("defs")
        self.root.append(aside)
        for use, variables in self.uses:
            name = use.get("href", "").strip()
            here = self.places.get(name, variables)
            if name not in self.originals or variables is here or variables == here:
                continue
            original, wrapped = self.originals[name]
            key = name, tuple(sorted(variables.items()))
            if key not in self.made:
                self.left -= sum(1 for _ in original.iter())
                if self.left < 0:
                    return
                copy = deepcopy(original)
                self.made[key] = f"#{name[1:]}-{len(self.made)}-used"
                cascade.walk(copy, wrapped, variables, self)
                copy.set("id", self.made[key][1:])
                aside.append(copy)
            use.set("href", self.made[key])


def _handing(root: ET.Element, sheets: Sheets | None) -> bool:
    """Whether something is used that may look at variables of the place where it is used."""
    return any(True for _ in root.iter("use")) and (
        bool(sheets) or any("--" in one.get("style", "") for one in root.iter())
    )


def _lengths(value: str) -> str:
    return (
        lengths(value)
        if value[-1:] in "mhQq)" and len(value) < 100 and (NEWER.search(value) or "(" in value)
        else value
    )


@lru_cache(maxsize=4096)
def _inline(style: str) -> tuple[Declaration, ...]:
    if SPECIAL.search(style):
        return tuple(declarations_of(style))
    pairs = (one.partition(":") for one in style.split(";"))
    return tuple(Declaration(name.strip().lower(), value.strip(), False) for name, colon, value in pairs if colon)


def inherited(above: Variables, own: Variables) -> Variables:
    """The custom properties that hold for an element: its own, which may name others, over those around it."""

    known: dict[str, str | None] = {}

    def look(name: str, busy: frozenset[str]) -> str | None:
        if name not in own or own[name].lower() in {"inherit", "unset"}:
            return above.get(name)
        if name in busy or len(busy) > NESTED:
            return None  # in a circle all are invalid
        if name not in known:
            known[name] = substitute(own[name], lambda other: look(other, busy | {name}))
        return known[name]

    found = dict(above)
    for name in own:
        value = look(name, frozenset()) if own[name].lower() != "initial" else None
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    return found


def substitute(value: str, look: Callable[[str], str | None], deep: int = 0) -> str | None:
    """The value with each `var(--name, fallback)` replaced; None where one has neither value nor fallback."""
    if deep > NESTED:
        return None
    out, at, written = [], 0, 0
    for start, inside, end in _variables(value):
        name, comma, fallback = inside.partition(",")
        found = look(name.strip())
        if found is None:
            found = substitute(fallback.strip(), look, deep + 1) if comma else None
        if found is None:
            return None
        out += [value[at:start], found]
        at = end
        written += 1 + len(found)
        if written > VALUE:
            return None
    return "".join(out) + value[at:]


def _variables(value: str) -> Iterator[tuple[int, str, int]]:
    """(start, what is between the brackets, end) of every outermost `var()`."""
    at = 0
    while found := VAR.search(value, at):
        depth, at = 1, found.end()
        while depth and at < len(value):
            depth += {"(": 1, ")": -1}.get(value[at], 0)
            at += 1
        yield found.start(), value[found.end() : at - (depth == 0)], at
