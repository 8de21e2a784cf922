"""The elements of a drawing in words: its named parts with colour and place, else its shapes by kind and colour."""

from collections import Counter
from collections.abc import Collection, Sequence

from sightline.data.describe import colour
from sightline.data.describe.drawing import GRADIENT, Drawing, Leaf, number, rgb, shared
from sightline.data.describe.names import name_of
from sightline.data.describe.things import cut
from sightline.data.scenes.caption import WHERE
from sightline.data.scenes.scene import place

NAMED, KINDS = 4, 4
"""parts, and kinds of shapes, that a caption names; more are left unsaid"""
COUNTED = 12
"""shapes from which on only their number is said"""
SMALL = 64
"""pixels of the shorter side at which a part is looked for"""


def paint_name(leaf: Leaf) -> str:
    """The word for a leaf's main colour, "" for a gradient."""
    return "" if leaf.paint in ("", GRADIENT) else colour.name(*rgb(leaf.paint))


def split(leaves: Sequence[Leaf]) -> dict[int, list[Leaf]]:
    """The parts of a drawing: what stands side by side in the first group from outside that holds more than one thing.

    Leaves by the number of the part.
    """
    if not leaves:
        return {}
    trails = [leaf.trail for leaf in leaves]
    common = 0
    while all(len(trail) > common + 1 and trail[common] == trails[0][common] for trail in trails):
        common += 1
    found: dict[int, list[Leaf]] = {}
    for leaf in leaves:
        found.setdefault(leaf.trail[common] if len(leaf.trail) > common else 0, []).append(leaf)
    return found


def whole_name(leaves: Sequence[Leaf]) -> str:
    """The name of a group that holds everything, "" where there is none."""
    if not leaves:
        return ""
    return next(filter(None, map(name_of, shared(leaves))), "")


def named_parts(leaves: Sequence[Leaf]) -> dict[str, list[list[Leaf]]]:
    """Name -> the parts of that name, each with its leaves: outermost named elements that do not hold everything."""
    owners: dict[int, tuple[str, list[Leaf]]] = {}
    whole = {id(one) for one in shared(leaves)} if len(leaves) > 1 else set()
    for leaf in leaves:
        for one in leaf.around:
            if id(one) in whole or leaf.kind == "text":
                continue
            if said := owners[id(one)][0] if id(one) in owners else name_of(one):
                owners.setdefault(id(one), (said, []))[1].append(leaf)
                break
    found: dict[str, list[list[Leaf]]] = {}
    for said, inside in owners.values():
        found.setdefault(said, []).append(inside)
    return found


def said_parts(drawing: Drawing, leaves: Sequence[Leaf]) -> list[str]:
    """At most `NAMED` named parts: "a blue search at the top right", "2 black wheels"."""
    named = named_parts(leaves)
    several = sum(map(len, named.values())) > 1
    said = []
    for words, parts in list(named.items())[:NAMED]:
        shades = Counter(filter(None, (paint_name(leaf) for part in parts for leaf in part)))
        shade = shades.most_common(1)[0][0] + " " if shades else ""
        if len(parts) > 1:
            said.append(f"{len(parts)} {shade}{words if words.endswith('s') else words + 's'}")
            continue
        where = _where(drawing, {number(leaf) for leaf in parts[0]}) if several else ""
        said.append(f"{article(shade + words)} {shade}{words}{where}")
    return said


def _where(drawing: Drawing, keep: Collection[int]) -> str:
    """The ninth of the canvas where a part lies, in words."""
    shown = drawing.pixels(keep, SMALL)
    if shown is None:
        return ""
    seen = shown[..., 3] > 0
    (x, y, w, h), _ = cut(seen)
    # ninths of a square: both axes at the same scale
    down, across = 900 / seen.shape[0], 900 / seen.shape[1]
    found = place((round(x * across), round(y * down), round(w * across), round(h * down)), 900)
    return f" {WHERE[found]}"


def counted(leaves: Sequence[Leaf]) -> list[str]:
    """The shapes by kind and colour: "2 black circles", "a red line"; their number alone where there are many."""
    leaves = [leaf for leaf in leaves if leaf.kind != "text"]
    if len(leaves) > COUNTED:
        return [f"{len(leaves)} shapes"]
    kinds = Counter(f"{paint_name(leaf)} {kind_of(leaf)}".strip() for leaf in leaves)
    if len(leaves) == 1 and next(iter(kinds)).endswith("shape"):
        return []  # a single path: the colour is said of the whole
    if len(kinds) > KINDS:
        kinds = Counter(kind_of(leaf) for leaf in leaves)
    if len(kinds) > KINDS:
        return [f"{len(leaves)} shapes"]
    return [f"{count} {kind}s" if count > 1 else f"{article(kind)} {kind}" for kind, count in kinds.items()]


def kind_of(leaf: Leaf) -> str:
    """What a shape is called: a path is a line where nothing fills it and it stays open, else a shape."""
    node, kind = leaf.node, leaf.kind
    match kind:
        case "rect":
            sides = node.get("width", "0"), node.get("height", "1")
            rounded = any(node.get(name, "0") not in {"0", "0px", ""} for name in ("rx", "ry"))
            return ("rounded " if rounded else "") + ("square" if sides[0] == sides[1] else "rectangle")
        case "circle" | "ellipse" | "line" | "polygon":
            return kind
        case "image":
            return "picture"
        case "polyline":
            return "polygon" if leaf.fill else "line"
    return "shape" if leaf.fill or node.get("d", "z").strip().lower().endswith("z") else "line"


def article(words: str) -> str:
    """The indefinite article before some words."""
    return "an" if words[:1].lower() in tuple("aeiou") else "a"


def listed(words: Sequence[str]) -> str:
    """Several things as one phrase: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
