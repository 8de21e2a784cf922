"""A drawing as JSX, as React and its like read it: `strokeWidth`, `className`, styles as objects.

It is pasted into a program, so nothing in it may be one: names are plain, and every text that JSX would take for more
than letters is written as a string of JavaScript.
"""

import json
import re
import xml.etree.ElementTree as ET

from sightline.data.decode.svg.sheet import declarations_of
from sightline.search.take.drawing import Drawing
from sightline.search.take.markup import titled

RENAMED = {"class": "className", "for": "htmlFor", "tabindex": "tabIndex", "crossorigin": "crossOrigin"}
HYPHENED = re.compile(r"(?:data|aria)-[A-Za-z0-9_-]+")
PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
OF_REACT = frozenset({"key", "ref", "children", "dangerouslySetInnerHTML", "defaultValue", "defaultChecked"})
"""attributes that mean something else there"""


def as_jsx(drawing: Drawing) -> str:
    """The drawing as one element, a line each for what it holds."""
    out: list[str] = []
    root = titled(drawing)
    root.attrib = {"xmlns": "http://www.w3.org/2000/svg", **root.attrib}
    _write(root, out, 0)
    return "".join(out)


def attribute(name: str) -> str | None:
    """What an attribute of SVG is called in JSX; None where it cannot stand there.

    >>> [attribute(name) for name in ("stroke-width", "class", "xml:space", "aria-label", "viewBox", "ref")]
    ['strokeWidth', 'className', 'xmlSpace', 'aria-label', 'viewBox', None]
    """
    if HYPHENED.fullmatch(name):
        return name
    first, *rest = re.split(r"[-:.]", RENAMED.get(name, name))
    one = first + "".join(part[:1].upper() + part[1:] for part in rest)
    return one if PLAIN.fullmatch(one) and one not in OF_REACT and not one.startswith("suppress") else None


def style(text: str) -> str:
    """A `style` attribute as an object.

    >>> style("stroke-width: 2; --ink: red; -webkit-mask: none; -ms-flex: 1")
    '{ strokeWidth: "2", "--ink": "red", WebkitMask: "none", msFlex: "1" }'
    """
    pairs: dict[str, str] = {}
    for one in declarations_of(text):
        name = one.name
        if not name.startswith("--"):
            name = name.removeprefix("-") if name.startswith("-ms-") else name
            name = re.sub(r"-(.)", lambda found: found[1].upper(), name)
        key = name if PLAIN.fullmatch(name) else json.dumps(name)
        pairs.pop(key, None)
        pairs[key] = json.dumps(one.value, ensure_ascii=False)
    return "{ " + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + " }" if pairs else "{}"


def _write(element: ET.Element, out: list[str], deep: int, inline: bool = False) -> None:
    out.append(f"<{element.tag}")
    given: set[str] = set()
    for key, value in element.attrib.items():
        name = attribute(key)
        if name is None or name in given:
            continue
        given.add(name)
        out.append(f" {name}={{{style(value)}}}" if key == "style" else f" {name}={_value(value)}")
    words = inline or bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)
    if not len(element) and not element.text:
        out.append(" />")
        return
    out.append(">")
    if words and element.text:
        out.append(_text(element.text))
    for child in element:
        if not words:
            out.append("\n" + "  " * (deep + 1))
        _write(child, out, deep + 1, words)
        if words and child.tail:
            out.append(_text(child.tail))
    if not words:
        out.append("\n" + "  " * deep)
    out.append(f"</{element.tag}>")


def _value(value: str) -> str:
    # between quotes JSX knows no backslash, but names of characters
    return f'"{value}"' if not re.search(r'["&{}\\\x00-\x1f\u2028\u2029]', value) else f"{{{_string(value)}}}"


def _text(text: str) -> str:
    # JSX drops spaces at the ends of lines
    plain = text == text.strip() and not re.search(r"[<>{}&\\\x00-\x1f\u2028\u2029]", text)
    return text if plain else f"{{{_string(text)}}}"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
