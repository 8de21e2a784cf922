"""The page of `sightline measure`: one HTML file with charts, tables and pictures inside, and nothing fetched.

Numbers and words are of the JSON form, pictures of the exhibits; docs/measure/report.md says how it is read.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from sightline.measure.exhibit.collected import Exhibits
from sightline.measure.finding import PROPERTIES
from sightline.measure.page.shell import beside, facts, whole
from sightline.measure.page.shell import write_page as write_page
from sightline.measure.report import blind, pictured
from sightline.measure.report.chart import Dot, Line, radar, scatter
from sightline.measure.report.json_form import as_json
from sightline.measure.report.order import orders
from sightline.measure.report.result import Report
from sightline.measure.report.table import (
    absent,
    compared,
    costs,
    domains,
    graded,
    key,
    metrics,
    protocols,
    scores,
    styles,
    table,
)
from sightline.measure.report.words import GRAPHICS, MEANINGS, Told, encoders, judged, scored, shortened, verdicts

TOGETHER = 4
"""encoders in one radar; of more, each has its own"""
COSTS = (
    ("seconds for 1,000 pictures", lambda e: e["seconds"]["a_thousand_pictures"] or None, True),
    ("parameters", lambda e: e.get("parameters"), True),
    ("dimensions", lambda e: e.get("dim"), False),
)
Section = tuple[str, str, str]


def page(report: Report, told: Told | None = None, exhibits: Exhibits | None = None) -> str:
    """The whole page. `told` is the report's JSON form where there is one already. Every text from outside is
    escaped."""
    told = shortened(as_json(report) if told is None else told)
    called = {e["whole"]: e["name"] for e in told["encoders"]}
    style = {whole_name: (name, styles(told)[name]) for whole_name, name in called.items()}
    shown = Exhibits() if exhibits is None else exhibits
    found = shown.blind()
    sections = [
        ("summary", "In a minute", _summary(told)),
        ("scores", "The five properties", _scores(told)),
        ("cost", "Quality and what it costs", _cost(told)),
        ("graphics", "Graphics", _graphics(told)),
        ("beyond", "Beyond the five", _beyond(told)),
        ("domains", "Domains", _domains(told)),
        ("blind", "Judge for yourself", blind.body(found, called) if found else ""),
        *pictured.sections(shown, style),
        ("metrics", "All metrics", _metrics(told)),
        ("differences", "Which differences are real", _differences(told)),
        ("absent", "Not measured", _absent(told)),
        ("protocol", "Protocol and versions", _protocol(told)),
    ]
    return whole(
        f"Measured: {', '.join(e['name'] for e in encoders(told)) or 'references alone'}",
        f"Five properties of what each encoder makes of pictures, on {_data(told)}; made by sightline measure.",
        [section for section in sections if section[2]],
        tab="Measured",
        css=beside("sightline.measure.report", "page.css"),
        pictures=shown.album.addresses,
        script=blind.script() if found else "",
    )


def _summary(told: Told) -> str:
    rows = _verdicts(told, PROPERTIES)
    flags = [f"{e['name']}: {flag}" for e in told["encoders"] for flag in e["flags"]]
    warned = f'<p class="warned">{escape("; ".join(flags))}.</p>' if flags else ""
    quick = " Quick: few pictures, wide intervals." if told["quick"] else ""
    return (
        f'{warned}<div class="minute"><div>{_radars(told)}</div><div><h3 class="ask">Which one for what</h3>'
        f'<ol class="verdicts">{rows}</ol></div></div>'
        '<p class="soft">0 is chance and 1 the best that can be; in brackets the 95 % interval. A difference is called '
        "real where the interval of the difference, on the same pictures, leaves out 0. The five say five things and "
        f"are never averaged.{quick}</p>"
    )


def _verdicts(told: Told, aspects: Sequence[str]) -> str:
    style = styles(told)
    return "".join(
        f'<li><h3>{escape(MEANINGS[found.aspect].title)} <span class="soft">for {escape(MEANINGS[found.aspect].use)}'
        f"</span></h3><p>{key(found.best, style[found.best]) if found.best else ''} {escape(found.numbers)}</p>"
        f'<p class="soft">{escape(found.others)}</p></li>'
        for found in verdicts(told, aspects)
    )


def _radars(told: Told) -> str:
    style, own = styles(told), [e for e in encoders(told) if any(judged(e, a)["score"] is not None for a in PROPERTIES)]
    references = [e for e in told["encoders"] if e not in encoders(told)]
    axes = [MEANINGS[aspect].title for aspect in PROPERTIES]
    line = lambda e: Line(e["name"], style[e["name"]], [judged(e, a)["score"] for a in PROPERTIES])  # noqa: E731
    inner = [line(e) for e in references]
    legend = "".join(key(e["name"], style[e["name"]]) for e in told["encoders"])
    groups = [own] if len(own) <= TOGETHER else [[one] for one in own]
    drawn = "".join(
        f"<figure>{radar(axes, inner, [line(e) for e in group])}"
        + (f"<figcaption>{key(group[0]['name'], style[group[0]['name']])}</figcaption>" if len(groups) > 1 else "")
        + "</figure>"
        for group in groups
    )
    return f'<div class="radars{" many" if len(groups) > 1 else ""}">{drawn}</div><p class="legend">{legend}</p>'


def _scores(told: Told) -> str:
    meanings = facts((MEANINGS[a].title, MEANINGS[a].plain + ".") for a in PROPERTIES)
    return (
        "<p>The score of each property with its 95 % interval, and the gain over the better of raw pixels and a random "
        "tower of the same kind: what was learnt, rather than what comes of itself.</p>" + scores(told) + meanings
    )


def _cost(told: Told) -> str:
    style, drawn = styles(told), []
    for name, cost, log in COSTS:
        dear = [(e, value) for e in encoders(told) if (value := cost(e))]
        if len({value for _, value in dear}) < 2:
            continue
        charts = []
        for aspect in PROPERTIES:
            dots = [
                Dot(e["name"], style[e["name"]], float(value), own["score"], _ends(own["ci"]))
                for e, value in dear
                if (own := judged(e, aspect))["score"] is not None
            ]
            if dots:
                charts.append(
                    f"<figure><figcaption>{escape(MEANINGS[aspect].title)}</figcaption>"
                    f"{scatter(dots, name, log=log)}</figure>"
                )
        drawn.append(f'<div class="charts">{"".join(charts)}</div>')
    legend = "".join(key(e["name"], style[e["name"]]) for e in encoders(told))
    said = f'<p class="legend">{legend}</p>' if drawn else "<p>All encoders here cost the same.</p>"
    if len(encoders(told)) < 2:
        said = ""
    return (
        "<p>Time is for 1,000 pictures on the machine that measured, picture files to vectors. Left and high is "
        "better.</p>"
        f"{said}{''.join(drawn)}{costs(told)}"
    )


def _graphics(told: Told) -> str:
    if not any(judged(e, a)["metrics"] for e in told["encoders"] for a in GRAPHICS):
        return ""
    rows = [
        [
            key(e["name"], styles(told)[e["name"]]),
            *(escape(scored(judged(e, a)["score"], judged(e, a)["ci"])) for a in GRAPHICS),
        ]
        for e in told["encoders"]
    ]
    parts = [
        "<p>What an encoder sees in drawings: how it is drawn should matter little, what it means much. Bars go from "
        "chance to the best that can be.</p>",
        f'<ol class="verdicts">{_verdicts(told, GRAPHICS)}</ol>',
        table(["", *(escape(MEANINGS[a].title) for a in GRAPHICS)], rows),
    ]
    parts.append(orders(told))
    for aspect in GRAPHICS:
        bars = graded(told, aspect)
        parts.append(f"<h3>{escape(MEANINGS[aspect].title)}, by metric</h3>{bars}" if bars else "")
    return "".join(parts)


def _beyond(told: Told) -> str:
    bars = graded(told, "beyond")
    if not bars:
        return ""
    return (
        "<p>Counting, written words that mislead, where the patches happen to be cut, resolution and small text. Bars "
        "go from chance to the best that can be; none of it enters the five.</p>" + bars
    )


def _domains(told: Told) -> str:
    rows = domains(told)
    said = "<p>The scores within each domain of the data, and how much is lost from the best to the worst.</p>"
    return said + rows if rows else ""


def _metrics(told: Told) -> str:
    parts = [
        "<p>A score is (value - chance) / (bound - chance), cut to 0 and 1; a property's score is the mean of its "
        "metrics'. “told only” marks what is no part of it.</p>"
    ]
    for aspect in (*PROPERTIES, *GRAPHICS, "beyond"):
        rows = metrics(told, aspect)
        title = MEANINGS[aspect].title if aspect in MEANINGS else "Beyond the five"
        parts.append(f"<details><summary>{escape(title)}</summary>{rows}</details>" if rows else "")
    return "".join(parts)


def _differences(told: Told) -> str:
    rows = compared(told)
    if not rows:
        return ""
    return (
        "<p>Every pair, on the metrics and items that both have; the same items are drawn again for both. Each "
        "interval holds for itself: of twenty pairs without a difference one is called real by chance.</p>"
        f"<details><summary>{len(told['comparisons'])} differences</summary>{rows}</details>"
    )


def _absent(told: Told) -> str:
    rows = absent(told)
    return f"<p>What could not be asked, and why.</p>{rows}" if rows else ""


def _protocol(told: Told) -> str:
    rows = [("Made", told["created"])] if told["created"] else []
    rows += [("Sizes", "quick" if told["quick"] else "full")]
    for suite in told["suites"]:
        told_of = [f"{suite['pictures']:,} pictures measured on"]
        if suite.get("memory"):
            told_of.append(f"{suite['memory']:,} remembered")
        if suite.get("left_aside"):
            told_of.append(f"{len(suite['left_aside'])} left aside")
        if suite.get("digest"):
            told_of.append(f"content {suite['digest'][:12]}")
        rows.append((suite["name"], "; ".join([*told_of, *suite["notes"]])))
    rows += [(e["name"], f"{e['whole']}, identity {e['identity']}") for e in told["encoders"] if e.get("identity")]
    rows.append(("Versions", ", ".join(f"{name} {value}" for name, value in told["versions"].items()) or "not told"))
    rows += [("Note", note) for note in told["notes"]]
    each = protocols(told)
    return facts(rows) + (f"<details><summary>How each metric was measured</summary>{each}</details>" if each else "")


def _data(told: Told) -> str:
    names = [suite["name"] for suite in told["suites"]]
    return " and ".join(names) or "nothing"


def _ends(ci: Sequence[Any] | None) -> tuple[float, float] | None:
    return None if ci is None or any(end is None for end in ci) else (float(ci[0]), float(ci[1]))
