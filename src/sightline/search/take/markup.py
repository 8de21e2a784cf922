"""A drawing as text to paste: an SVG, or a `<symbol>` whose ids meet no others in the page that it is put into."""

import re
import xml.etree.ElementTree as ET
from copy import copy
from html import escape

from sightline.search.take.drawing import Drawing, view_box

SPACE = 'xmlns="http://www.w3.org/2000/svg"'
LINK = re.compile(r"""(url\(\s*['"]?\s*#)([^'")]+)""", re.IGNORECASE)
EVENT = re.compile(r"(?<![\w.-])([A-Za-z_][\w-]*)(?=\.(?:begin|end|repeat|click|focusin|focusout|mouse\w+))")
NAMED = ("aria-labelledby", "aria-describedby")
NOT_OF_A_SYMBOL = ("width", "height", "x", "y", "role", "aria-hidden", "aria-label", "focusable", "tabindex")


def as_svg(drawing: Drawing) -> str:
    """The drawing by itself."""
    root = titled(drawing)
    out: list[str] = []
    _write(root, out, SPACE)
    return "".join(out)


def as_symbol(drawing: Drawing, id: str) -> str:
    """The drawing as `<symbol id="...">`, for `<use href="#...">`. Its own ids and references to them begin so too."""
    root = prefixed(titled(drawing), id)
    size = drawing.size
    symbol = ET.Element("symbol", {"id": id})
    if size and view_box(root) is None:
        symbol.set("viewBox", f"0 0 {size[0]:g} {size[1]:g}")
    symbol.attrib |= {key: value for key, value in root.attrib.items() if key not in {*NOT_OF_A_SYMBOL, "id"}}
    moved = symbol.attrib.pop("transform", None)  # SVG 1.1 knows none on a symbol
    inner = symbol if moved is None else ET.SubElement(symbol, "g", {"transform": moved})
    inner.extend(root)
    inner.text = root.text
    out: list[str] = []
    _write(symbol, out)
    return "".join(out)


def titled(drawing: Drawing) -> ET.Element:
    """The root with its title as its first child."""
    root = copy(drawing.root)  # its children are the same: only the list of them is a new one
    root.attrib = dict(drawing.root.attrib)
    if drawing.title:
        title = ET.Element("title")
        title.text = drawing.title
        root.insert(0, title)
    return root


def prefixed(root: ET.Element, prefix: str) -> ET.Element:
    """The same elements with `PREFIX__` before every id and every reference to one; the root's own id is the prefix."""
    own = root.get("id")
    known = {id for one in root.iter() if (id := one.get("id"))}

    def new(id: str) -> str:
        return prefix if id == own else f"{prefix}__{id}"

    def renamed(element: ET.Element) -> ET.Element:
        other = ET.Element(element.tag)
        other.text, other.tail = element.text, element.tail
        for key, value in element.attrib.items():
            if key == "id":
                value = new(value)
            elif key == "href" and value.strip().startswith("#"):
                value = f"#{new(value.strip()[1:])}"
            elif key in NAMED:
                value = " ".join(map(new, value.split()))
            elif key in {"begin", "end"}:
                value = EVENT.sub(lambda found: new(found[1]) if found[1] in known else found[1], value)
            elif "url(" in value.lower():
                value = LINK.sub(lambda found: found[1] + new(found[2].strip()), value)
            other.set(key, value)
        other.extend(map(renamed, element))
        return other

    return renamed(root)


def _write(element: ET.Element, out: list[str], space: str = "") -> None:
    pairs = [f'{key}="{_quoted(value)}"' for key, value in element.attrib.items()]
    out.append("<" + " ".join([element.tag, *([space] if space else []), *pairs]))
    if not len(element) and not element.text:
        out.append("/>")
        return
    out.append(">" + escape(element.text or "", quote=False))
    for child in element:
        _write(child, out)
        if child.tail:
            out.append(escape(child.tail, quote=False))
    out.append(f"</{element.tag}>")


def _quoted(value: str) -> str:
    return escape(value).replace("&#x27;", "'").replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")
