"""The page's pictures: what is near to what, what two encoders see differently, where they look, what goes wrong."""

from collections.abc import Mapping, Sequence
from html import escape

from sightline.measure.exhibit.album import Album
from sightline.measure.exhibit.collected import Exhibits, Space
from sightline.measure.exhibit.failure import Failure
from sightline.measure.exhibit.moved import Gallery
from sightline.measure.exhibit.near import BlindPair, Sheet
from sightline.measure.exhibit.places import Places
from sightline.measure.report.chart import cloud
from sightline.measure.report.table import key, table

Style = Mapping[str, tuple[str, str]]
"""how an encoder is called, and the class that colours it, by its whole name"""
OPEN = 6
"""queries of a sheet that are open; the others unfold"""


def picture(album: Album, number: int, more: str = "", kind: str = "") -> str:
    """A picture of the album by its class; `more` is HTML inside of it."""
    name = escape(album.names[number])
    return f'<div class="cell picture p{number} {kind}" role="img" aria-label="{name}" title="{name}">{more}</div>'


def neighbours(sheets: Sequence[Sheet], album: Album, style: Style) -> str:
    parts = [
        "<p>Pictures drawn from the data, and what each encoder holds for nearest to them, nearest first. A green line "
        "below a picture: it is of the query's class.</p>"
    ]
    for sheet in sheets:
        parts.append(_title(sheet.suite, sheets, f"the nearest of {sheet.pictures - 1:,} others"))
        each = [_query(sheet, i, album, style) for i in range(len(sheet.queries))]
        parts.append(f'<div class="queries">{"".join(each[:OPEN])}</div>')
        if more := each[OPEN:]:
            parts.append(
                f'<details><summary>{len(more)} more</summary><div class="queries">{"".join(more)}</div></details>'
            )
    return "".join(parts)


def _query(sheet: Sheet, i: int, album: Album, style: Style) -> str:
    rows = "".join(
        f'<div class="list"><div class="who">{key(*style[name])}</div><div class="strip">'
        + "".join(picture(album, one.picture, kind="same" if one.same else "") for one in found[i])
        + "</div></div>"
        for name, found in sheet.found.items()
    )
    named = f"<figcaption>{escape(sheet.classes[i] or '')}</figcaption>" if sheet.classes[i] else ""
    return (
        f'<div class="query"><figure class="tile">{picture(album, sheet.queries[i])}{named}</figure>'
        f'<div class="lists">{rows}</div></div>'
    )


def blind_pairs(
    found: Mapping[tuple[str, str, str], Sequence[BlindPair]], sheets: Mapping[str, Sheet], album: Album, style: Style
) -> str:
    parts = [
        "<p>Two pictures that one encoder holds for nearly the same and another tells apart: what the first is blind "
        "to. The numbers say which neighbour each is of the other. "
        '<span class="soft">After <a href="https://arxiv.org/abs/2401.06209">Tong et al. 2024</a>, by ranks instead of '
        "cosines.</span></p>"
    ]
    for (suite, near, far), pairs in found.items():
        count = sheets[suite].pictures - 1
        parts.append(
            f'<h3>Near in {key(*style[near])}, far in {key(*style[far])} <span class="soft">{escape(suite)}</span></h3>'
        )
        tiles = "".join(
            f'<figure class="couple"><div>{picture(album, pair.a)}{picture(album, pair.b)}</div>'
            f"<figcaption>{_nth(pair.near)} nearest against {_nth(pair.far)} of {count:,}</figcaption></figure>"
            for pair in pairs
        )
        parts.append(f'<div class="tiles">{tiles}</div>' if tiles else "<p>No such pair.</p>")
    return "".join(parts)


def words(places: Sequence[Places], album: Album, style: Style) -> str:
    parts = [
        "<p>How near each patch lies to the words, in the encoder's own joint space: bright is near, each map from its "
        "lowest to its highest. A map that is bright on what the words name has learnt where things are.</p>"
    ]
    for one in places:
        if not one.heats:
            continue
        parts.append(_title(one.suite, places, ""))
        asked = [(i, j, word) for i, words in enumerate(one.words) for j, word in enumerate(words)]
        top = [
            f'{picture(album, one.pictures[i], kind="big")}<span class="said">{escape(w)}</span>' for i, _, w in asked
        ]
        rows = [
            [
                key(*style[name]),
                *(_over(album, one.pictures[i], maps[i][j], one.windows[name]) for i, j, _ in asked),
            ]
            for name, maps in one.heats.items()
        ]
        parts.append(table(["", *("" for _ in asked)], [["", *top], *rows], "maps"))
    return "".join(parts)


def tokens(places: Sequence[Places], album: Album, style: Style) -> str:
    parts = [
        "<p>Patches as colours: their first three principal components over these pictures are red, green and blue. "
        "Like colours are like patches, across pictures of one encoder too; the hues themselves mean nothing. "
        '<span class="soft">After <a href="https://arxiv.org/abs/2304.07193">Oquab et al. 2023, figure 1</a>.</span>'
        "</p>"
    ]
    for one in places:
        if not one.tokens:
            continue
        parts.append(_title(one.suite, places, ""))
        rows = [["", *(picture(album, number, kind="big") for number in one.pictures)]]
        rows += [[key(*style[name]), *(_alone(album, number) for number in maps)] for name, maps in one.tokens.items()]
        parts.append(table(["", *("" for _ in one.pictures)], rows, "maps"))
    return "".join(parts)


def spaces(found: Sequence[Space], album: Album, style: Style) -> str:
    parts = [
        "<p>What an encoder puts together by itself: k-means of its unit vectors, the most central pictures of each "
        "cluster, largest first; and the pictures that a Gaussian mixture finds least likely. The dots are pictures "
        "along the two directions in which the vectors vary most, coloured by cluster.</p>"
    ]
    for space in found:
        groups = "".join(
            f'<div class="list"><div class="who">{size:,} pictures</div><div class="strip">'
            + "".join(picture(album, number) for number in group)
            + "</div></div>"
            for size, group in zip(space.sizes, space.central, strict=False)
        )
        odd = "".join(picture(album, number) for number in space.unlikely)
        parts.append(
            f'<h3>{key(*style[space.encoder])} <span class="soft">{escape(space.suite)}</span></h3>'
            f'<div class="space">{cloud(space.dots, f"pictures of {space.suite} by {space.encoder}")}'
            f'<div class="lists">{groups}<div class="list"><div class="who">least likely</div>'
            f'<div class="strip">{odd}</div></div></div></div>'
        )
    return "".join(parts)


def gallery(found: Sequence[Gallery], album: Album, style: Style) -> str:
    parts = [
        "<p>The same picture drawn otherwise, and how far each encoder moves on average: 0 is not at all, 1 as far as "
        "to another picture. An encoder for drawings stays near 0.</p>"
    ]
    for one in found:
        if not one.shown:
            continue
        parts.append(_title(one.suite, found, ""))
        rows = []
        for name in dict.fromkeys(shown[0] for shown in one.shown):
            some = [i for i, shown in enumerate(one.shown) if shown[0] == name]
            couples = "".join(
                f'<div class="couple"><div>{picture(album, before)}{picture(album, after)}</div></div>'
                for _, _, before, after in (one.shown[i] for i in some)
            )
            drawn = f'{escape(name)}<div class="couples">{couples}</div>'
            rows.append([drawn, *(_moved([each[i] for i in some]) for each in one.moved.values())])
        parts.append(table(["before and after", *(key(*style[name]) for name in one.moved)], rows, "moved"))
    return "".join(parts)


def failures(found: Mapping[tuple[str, str], Sequence[Failure]], album: Album, style: Style) -> str:
    parts = [
        "<p>What each encoder gets most wrong: pictures whose five nearest are all of another class, and captions that "
        "lie farther from their picture than others do. First what is true, then what was found.</p>"
    ]
    for (suite, name), each in found.items():
        if not each:
            continue
        tiles = "".join(
            f'<figure class="wrong"><div>{picture(album, one.picture)}'
            + "".join(picture(album, other, kind="beside") for other in one.beside)
            + f"</div><figcaption><b>{escape(one.true)}</b><br>{escape(one.found)}</figcaption></figure>"
            for one in each
        )
        parts.append(
            f'<h3>{key(*style[name])} <span class="soft">{escape(suite)}</span></h3><div class="tiles">{tiles}</div>'
        )
    return "".join(parts) if len(parts) > 1 else ""


def sections(exhibits: Exhibits, style: Style) -> list[tuple[str, str, str]]:
    """(anchor, title, body) of all that has something to show."""
    album, places = exhibits.album, list(exhibits.places.values())
    pairs = {k: v for k, v in exhibits.blind_pairs().items() if v}
    sheets = [sheet for sheet in exhibits.sheets.values() if sheet.found]
    drawn = [
        ("neighbours", "Nearest neighbours", neighbours(sheets, album, style) if sheets else ""),
        ("pairs", "Blind pairs", blind_pairs(pairs, exhibits.sheets, album, style) if pairs else ""),
        ("words", "Where words are seen", words(places, album, style) if any(p.heats for p in places) else ""),
        ("tokens", "Patches as colours", tokens(places, album, style) if any(p.tokens for p in places) else ""),
        ("clusters", "Clusters and odd ones", spaces(exhibits.spaces, album, style) if exhibits.spaces else ""),
        (
            "gallery",
            "Drawn otherwise",
            gallery(list(exhibits.galleries.values()), album, style)
            if any(one.shown and one.moved for one in exhibits.galleries.values())
            else "",
        ),
        ("failures", "What goes wrong", failures(exhibits.failures, album, style)),
    ]
    return [(anchor, title, body) for anchor, title, body in drawn if body]


def _title(suite: str, all_: Sequence[object], more: str) -> str:
    if len(all_) < 2 and not more:
        return ""
    return f'<h3>{escape(suite)} <span class="soft">{escape(more)}</span></h3>'


def _over(album: Album, number: int, drawn: int, window: tuple[float, float, float, float]) -> str:
    top, left, height, width = (100 * share for share in window)
    place = f"top:{top:.2f}%;left:{left:.2f}%;height:{height:.2f}%;width:{width:.2f}%"
    return picture(album, number, f'<i class="map p{drawn}" style="{place}"></i>', "big")


def _alone(album: Album, drawn: int) -> str:
    return f'<div class="cell big p{drawn}" role="img" aria-label="{escape(album.names[drawn])}"></div>'


def _moved(values: Sequence[float]) -> str:
    """The mean, as a bar too that is full at 1."""
    value = sum(values) / len(values)
    if value != value:
        return "n/a"
    return f'<span class="far" style="--share:{min(value, 1.0):.2f}">{value:.2f}</span>'


def _nth(rank: int) -> str:
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank:,}{ending}"
