"""The page of `sightline look`: one HTML file with its pictures inside, no script, nothing fetched."""

from html import escape

import numpy as np
from jaxtyping import Float

from sightline.measure.look.attention import mass_mask
from sightline.measure.look.facts import Facts
from sightline.measure.look.filters import Filters, picture
from sightline.measure.look.inside import Heads, Inside, Positions, Units
from sightline.measure.look.pca import TokenMaps
from sightline.measure.look.picture import RAMP, address, heat, tiled, veil
from sightline.measure.look.position import mosaic
from sightline.measure.look.prepare import Ready
from sightline.measure.look.unit import Crop
from sightline.measure.page.shell import beside, whole
from sightline.measure.page.shell import facts as listed

DOSOVITSKIY = ("Dosovitskiy et al. 2020, figure 7", "https://arxiv.org/abs/2010.11929")
KRIZHEVSKY = ("Krizhevsky et al. 2012, figure 3", "https://papers.nips.cc/paper/4824")
DINO = ("Caron et al. 2021, figure 1", "https://arxiv.org/abs/2104.14294")
DINOV2 = ("Oquab et al. 2023, figure 1", "https://arxiv.org/abs/2304.07193")
ZEILER = ("Zeiler and Fergus 2013, figure 2", "https://arxiv.org/abs/1311.2901")
MASS = 0.6


def page(name: str, about: Facts, source: str, inside: Inside) -> str:
    """The whole page. Every text that came from outside is escaped."""
    figures = [
        ("filters", "First-layer filters", inside.filters, _filters),
        ("attention", "Attention maps", inside.heads, lambda heads: _heads(heads, inside)),
        ("distance", "Attention distance by depth", inside.distance, lambda found: _distance(found, inside)),
        ("positions", "Similarity of position embeddings", inside.positions, _positions),
        ("units", "What activates a unit most", inside.units, _units),
        ("tokens", "Tokens by their principal components", inside.maps, lambda maps: _maps(maps, inside)),
    ]
    sections, missing = [], []
    for anchor, title, found, draw in figures:
        if isinstance(found, str):
            missing.append(f"<li>{escape(title)}: {escape(found)}.</li>")
            continue
        sections.append((anchor, title, draw(found)))
    if missing:
        sections.append(("absent", "Left out", f"<ul>{''.join(missing)}</ul>"))
    return whole(
        name,
        f"What this encoder has learnt. Pictures from {source}; made by sightline look.",
        sections,
        tab=f"Inside {name}",
        head=listed(about),
        css=beside("sightline.measure.look", "page.css"),
        pictures=[address(shown.pixels) for shown in inside.pictures],
    )


def _filters(found: Filters) -> str:
    k, c, y, x = found.kernels.shape
    size = f"{y} x {x} px, {c} channel{'s' if c > 1 else ''}"
    if found.share is None:
        more = f", the first {k} of {found.count}" if k < found.count else ""
        words = f"The {k} kernels of the first convolution ({size}{more}). "
        read, source = (
            words + "Edges, bars and colour blobs are signs of training; noise, of too little of it.",
            KRIZHEVSKY,
        )
    else:
        read = (
            f"The {k} leading principal components of {found.count} patch kernels ({size}). Smooth waves and colour "
            f"differences, coarse first, are signs of training; noise, of too little. These {k} hold "
            f"{found.share.sum():.0%} of what varies."
        )
        source = DOSOVITSKIY
    tiles = "".join(
        f'<figure class="tile filter"><img src="{address(picture(kernel))}" alt="filter {i}">'
        + (f"<figcaption>{found.share[i]:.1%}</figcaption>" if found.share is not None else "")
        + "</figure>"
        for i, kernel in enumerate(found.kernels)
    )
    grey = "Grey is zero; each is scaled by its own largest weight."
    return _read(read + " " + grey, source) + f'<div class="tiles">{tiles}</div>'


def _heads(found: Heads, inside: Inside) -> str:
    read = (
        f"Where {found.who} looks, one column a head: brighter gets more (each from 0 to its own largest). Below it, "
        f"what is left uncovered holds {MASS:.0%} of the head's attention to patches. Heads that outline things have "
        "learnt them; a head with the same pattern in every picture follows places, not content."
    )
    rows = []
    for number, shown in _enumerated(inside):
        grid, weights = inside.grids[number], found.rows[number]
        masks = mass_mask(weights, MASS)
        tiles = [_shown(number, shown)]
        for head, (row, mask) in enumerate(zip(weights, masks, strict=True)):
            colours = heat(row.reshape(grid), 0.0, float(row.max()))
            cover = veil(mask.reshape(grid))
            shape = f"aspect-ratio: {shown.pixels.shape[1]} / {shown.pixels.shape[0]}"
            tiles.append(
                f'<figure class="tile"><img style="{shape}" src="{address(colours)}" alt="attention of head {head}">'
                f'<div class="cell p{number}" style="{shape}"><img src="{address(cover)}" alt=""></div>'
                f"<figcaption>head {head}</figcaption></figure>"
            )
        rows.append(f'<div class="row tiles">{"".join(tiles)}</div>')
    return _read(read, DINO) + f'<div class="rows">{"".join(rows)}</div>'


def _distance(found: Float[np.ndarray, "blocks h"], inside: Inside) -> str:
    blocks, heads = found.shape
    even = inside.even
    read = (
        f"How far a patch looks: pixels between a patch and what it attends to, weighted by attention, on average over "
        f"patches and pictures. One dot for each of the {heads} heads of a block; the line is their mean. Low dots are "
        "heads that look nearby, as a convolution does; in early blocks of a trained tower both kinds are found. A "
        f"head that looks everywhere alike is at {even:.0f} px (dashed)."
    )
    width, height, left, bottom = 560, 300, 46, 40
    top = max(float(found.max()), even, 1e-9) * 1.08
    step = (width - left - 20) / blocks
    x = [left + step * (i + 0.5) for i in range(blocks)]

    def y(value: float) -> float:
        return 12 + (height - bottom - 12) * (1 - value / top)

    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="mean attention distance by block">']
    for tick in _ticks(top):
        parts.append(f'<line class="line" x1="{left}" x2="{width - 14}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<line class="even" x1="{left}" x2="{width - 14}" y1="{y(even):.1f}" y2="{y(even):.1f}"/>')
    every = -(-blocks // 16)
    for i in range(0, blocks, every):
        parts.append(f'<text x="{x[i]:.1f}" y="{height - 22}" text-anchor="middle">{i}</text>')
    line = " ".join(f"{x[i]:.1f},{y(float(found[i].mean())):.1f}" for i in range(blocks))
    parts.append(f'<polyline class="mean" points="{line}"/>')
    for i, row in enumerate(found):
        parts += [
            f'<circle class="dot" cx="{x[i]:.1f}" cy="{y(float(v)):.1f}" r="4.5">'
            f"<title>block {i}, head {h}: {v:.1f} px</title></circle>"
            for h, v in enumerate(row)
        ]
    parts.append(f'<text x="{(left + width) / 2:.0f}" y="{height - 4}" text-anchor="middle">block</text>')
    parts.append(f'<text x="4" y="{height - 4}">pixels up</text></svg>')
    return _read(read, DOSOVITSKIY) + "".join(parts)


def _positions(found: Positions) -> str:
    maps = mosaic(found.similar, found.grid)
    low = float(found.similar.min())
    read = (
        f"One small map a place, laid out as the places are ({len(maps)} x {len(maps[0])} of {found.grid[0]} x "
        f"{found.grid[1]}): the cosine of its position code with those of all places. A bright spot that moves with "
        "the place, often with its row and column, means that the tower knows where patches are."
    )
    sheet = address(tiled([[heat(one, low, 1.0) for one in row] for row in maps]))
    return _read(read, DOSOVITSKIY) + f'<img class="mosaic" src="{sheet}" alt="similarities">' + _scale(low, 1.0)


def _units(found: Units) -> str:
    field = ""
    if found.field:
        field = f" Such a place can see {found.field} px of the picture, though mostly what is near."
    elif "map" not in found.what:
        field = " Such a place has seen the whole picture, so the cause may lie outside of the crop."
    read = (
        f"The crops, of {found.pictures:,} pictures, where each unit ({found.what}; {len(found.numbers)} of "
        f"{found.count:,}) is largest, one place a picture. A unit whose crops have something in common stands for it. "
        "The outline is the place itself; the crop around it is a quarter of the picture a side, at least three places."
        + field
    )
    rows = []
    for number, crops in zip(found.numbers, found.crops, strict=True):
        said = f"{crops[0].value:.3g} to {crops[-1].value:.3g}" if crops else "never a number"
        tiles = "".join(_crop(crop) for crop in crops)
        rows.append(
            f'<div class="row"><h3>Unit {number} <span class="soft">{said}</span></h3>'
            f'<div class="tiles">{tiles}</div></div>'
        )
    return _read(read, ZEILER) + "".join(rows)


def _maps(found: TokenMaps, inside: Inside) -> str:
    read = (
        "Tokens as colours: their first three principal components over all these pictures are red, green and blue "
        f"({', '.join(f'{share:.0%}' for share in found.share)} of what varies). Like colours are like tokens, across "
        "pictures too; the hues themselves mean nothing."
    )
    if not all(mask.all() for mask in found.front):
        read += " Background, one side of the first component, is left out."
    tiles = []
    for number, shown in _enumerated(inside):
        rgb = np.rint(found.colours[number] * 255).astype(np.uint8)
        alpha = np.where(found.front[number], 255, 0).astype(np.uint8)[..., None]
        whole = np.concatenate([rgb, alpha], axis=2)
        shape = f"aspect-ratio: {shown.pixels.shape[1]} / {shown.pixels.shape[0]}"
        tiles.append(
            f'<figure class="tile pair"><div class="cell picture p{number}" style="{shape}"></div>'
            f'<img style="{shape}; margin-top: .25rem" src="{address(whole)}" alt="components">'
            f'<figcaption title="{escape(shown.key)}">{escape(shown.key)}</figcaption></figure>'
        )
    return _read(read, DINOV2) + f'<div class="tiles">{"".join(tiles)}</div>'


def _shown(number: int, shown: Ready) -> str:
    key, shape = escape(shown.key), f"aspect-ratio: {shown.pixels.shape[1]} / {shown.pixels.shape[0]}"
    cell = f'<div class="cell picture p{number}" style="{shape}" role="img" aria-label="{key}"></div>'
    return f'<figure class="tile">{cell}<figcaption title="{key}">{key}</figcaption></figure>'


def _crop(crop: Crop) -> str:
    y, x = crop.pixels.shape[:2]
    top, left, height, width = crop.place
    place = (
        f"top: {100 * top / y:.2f}%; left: {100 * left / x:.2f}%; "
        f"height: {100 * height / y:.2f}%; width: {100 * width / x:.2f}%"
    )
    said = escape(f"{crop.value:.3g}, {crop.key}")
    return (
        f'<div class="crop" title="{said}"><img src="{address(crop.pixels)}" alt="{said}"><i style="{place}"></i></div>'
    )


def _read(sentence: str, source: tuple[str, str]) -> str:
    name, link = source
    return f'<p>{escape(sentence)} <span class="soft">After <a href="{link}">{escape(name)}</a>.</span></p>\n'


def _scale(low: float, high: float) -> str:
    stops = ", ".join(f"rgb({r} {g} {b})" for r, g, b in RAMP.tolist())
    return f'<div class="scale">{low:.2f}<b style="background: linear-gradient(90deg, {stops})"></b>{high:.2f}</div>'


def _ticks(top: float) -> list[float]:
    """Round numbers from 0 to `top`, at most six."""
    rough = top / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    return [round(float(i * step), 6) for i in range(int(top / step) + 1)]


def _enumerated(inside: Inside) -> list[tuple[int, Ready]]:
    return list(enumerate(inside.pictures))
