"""The style sheets of an SVG as rules that can be asked about an element: media, layers and nesting worked out.

What a browser does in its light scheme, on a screen: `@media (prefers-color-scheme: dark)` and `print` do not apply,
`@supports` does, rules inside others (`&`) and `@layer` are put in their place. Nothing is fetched: `@import` is
dropped.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cssselect2
import tinycss2

NESTED = 8
"""rules inside each other"""
SELECTOR = 1000
"""characters of a selector, its outer ones included"""
RULES = 20_000
LAYERS = 200
LAST = 10**6
"""of layers: that of what is in none"""
FEATURE = re.compile(r"\(\s*([\w-]+)\s*(?::\s*([^)]*?)\s*)?\)")
LIGHT = {
    "prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference", "prefers-contrast": "no-preference",
    "scripting": "none", "hover": "none", "any-hover": "none", "pointer": "none", "forced-colors": "none",
    "inverted-colors": "none", "color-gamut": "srgb", "dynamic-range": "standard", "update": "none",
    "prefers-reduced-transparency": "no-preference", "display-mode": "browser",
}  # fmt: skip
"""what a still picture answers to a media query"""
NAMESPACED = re.compile(r"(?:[\w-]+|\*)?\|(?=[\w*])")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One `name: value` of a rule or a `style` attribute."""

    name: str
    value: str
    important: bool


Rank = tuple[bool, tuple[int, ...], tuple[int, ...], int]
"""important, place of the layer, specificity, order"""


def inline_rank(declaration: Declaration, order: int) -> Rank:
    """The rank of a declaration in a `style` attribute: over every rule of equal importance."""
    return declaration.important, (LAST + 1,), (), order


@dataclass(slots=True)
class Sheets:
    """All rules of a drawing."""

    matcher: Any = field(default_factory=cssselect2.Matcher)
    rules: int = 0
    combined: bool = False
    """some selector looks at more than the element itself, which costs more than one look"""
    layers: list[str] = field(default_factory=list)
    initial: dict[str, str] = field(default_factory=dict)
    """custom properties that `@property` gives a value"""

    def add(self, css: str, media: str = "all") -> None:
        """Takes in the rules of a style sheet that holds under the media query `media`."""
        if applies(media):
            rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
            self._read(rules, None, "", 0)

    def matching(self, element: Any) -> Iterator[tuple[Rank, Declaration]]:
        """Declarations of the rules that mean the element, each with its rank: the highest wins."""
        for specificity, order, pseudo, (layer, declarations) in self.matcher.match(element):
            if pseudo is None:
                place = self._place(layer)
                for one in declarations:
                    yield (one.important, tuple(-i for i in place) if one.important else place, specificity, order), one

    def _read(self, nodes: list[Any], selector: str | None, layer: str, deep: int) -> None:
        if deep > NESTED:
            return
        own: list[Declaration] = []
        for node in nodes:
            if node.type == "declaration" and selector is not None:
                own.append(declared(node))
            elif node.type == "qualified-rule":
                own = self._add(selector or "", own, layer)  # what stands before an inner rule comes before it
                self._read(_inside(node), _within(selector, tinycss2.serialize(node.prelude)), layer, deep + 1)
            elif node.type == "at-rule":
                own = self._add(selector or "", own, layer)
                self._at(node, selector, layer, deep)
        self._add(selector or "", own, layer)

    def _at(self, node: Any, selector: str | None, layer: str, deep: int) -> None:
        name, prelude = node.lower_at_keyword, tinycss2.serialize(node.prelude).strip()
        if name == "layer":
            named = (
                [f"{layer}.{one.strip()}" for one in prelude.split(",")]
                if prelude
                else [f"{layer}.#{len(self.layers)}"]
            )
            for one in named:
                parts = one.split(".")
                outer = (".".join(parts[:end]) for end in range(2, len(parts) + 1))
                self.layers += [each for each in outer if each not in self.layers]
            if len(self.layers) > LAYERS:
                return
            layer = named[0]
        elif name == "media" and not applies(prelude) or name == "supports" and re.match(r"not\b", prelude):
            return
        elif name == "property":
            found = {one.name: one.value for one in map(declared, _declarations(node))}
            if "initial-value" in found:
                self.initial[prelude] = found["initial-value"]
            return
        elif name not in {"media", "supports", "scope"}:
            return
        if node.content is not None:
            self._read(_inside(node), selector, layer, deep + 1)

    def _add(self, selector: str, declarations: list[Declaration], layer: str) -> list[Declaration]:
        """Take the rule in; an empty list, for the declarations that follow."""
        if not declarations or len(selector) > SELECTOR or self.rules >= RULES:
            return []
        try:
            compiled = cssselect2.compile_selector_list(NAMESPACED.sub("", selector))
        except (cssselect2.SelectorError, ValueError, AttributeError, TypeError, RecursionError):
            return []  # a browser drops a rule whose selector it does not know
        self.rules += 1
        self.combined |= re.fullmatch(r"[\w\s.,#:*-]*", selector.strip()) is None or bool(
            re.search(r"[\w*]\s+[\w.#*:]|:(?!root)", selector.strip())
        )
        for one in compiled:
            self.matcher.add_selector(one, (layer, declarations))
        return []

    def _place(self, layer: str) -> tuple[int, ...]:
        """Where a layer stands: in the order of first mention, what is in a layer itself after its inner layers."""
        parts = layer.split(".")[1:]
        inner = (".".join(["", *parts[: end + 1]]) for end in range(len(parts)))
        return (*(self.layers.index(one) for one in inner), LAST)


def sheets_of(root: ET.Element) -> Sheets | None:
    """The rules of every `<style>`, or None where there is none."""
    found = None
    for element in root.iter("style"):
        if element.get("type", "text/css").strip().lower() in {"text/css", ""} and element.text:
            found = found or Sheets()
            found.add(element.text, element.get("media") or "all")
    return found


def declared(node: Any) -> Declaration:
    """A declaration of tinycss2 as ours."""
    name = node.name if node.name.startswith("--") else node.lower_name
    return Declaration(name, tinycss2.serialize(node.value).strip(), node.important)


def declarations_of(style: str) -> list[Declaration]:
    """The declarations of a `style` attribute, in order."""
    nodes = tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
    return [declared(node) for node in nodes if node.type == "declaration"]


def applies(media: str) -> bool:
    """Whether a media query holds for a light, still picture of middling size."""
    return any(_query(one.strip().lower()) for one in media.split(",")) if media.strip() else True


def _query(query: str) -> bool:
    negated = query.startswith("not ")
    query = query.removeprefix("not ").removeprefix("only ").strip()
    kind = re.match(r"[a-z]+", query)
    holds = kind is None or kind[0] in {"all", "screen"}
    features = [_feature(*match) for match in FEATURE.findall(query)]
    if features:
        holds &= any(features) if " or " in query else all(features)
    if re.search(r"\bnot\s*\(", query):
        holds = not holds
    return holds != negated


def _feature(name: str, value: str) -> bool:
    if name in LIGHT:
        return value == LIGHT[name] if value else LIGHT[name] not in {"none", "no-preference"}
    number = re.match(r"[\d.]+", value)
    if name in {"min-width", "min-height", "max-width", "max-height"} and number:
        return (float(number[0]) <= 256) == name.startswith("min")
    return not value  # (color), (grid) ...


def _inside(node: Any) -> list[Any]:
    return tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)


def _declarations(node: Any) -> list[Any]:
    return [one for one in _inside(node) if one.type == "declaration"] if node.content is not None else []


def _within(outer: str | None, inner: str) -> str:
    """A rule inside another means what is inside, unless it says by `&` where the outer one stands."""
    inner = inner.strip()
    if outer is None:
        return inner.replace("&", ":root")
    around = f":is({outer})"
    if "&" in inner:
        return inner.replace("&", around)
    return ", ".join(f"{around} {one.strip()}" for one in inner.split(","))
