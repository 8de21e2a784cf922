"""What every page of `look` and `measure` is: one HTML file with its pictures inside and nothing fetched.

The page may load nothing (Content-Security-Policy); where it has a script, it may run that one alone, by its hash.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from sightline.data.atomic import atomic_write

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{tab}</title>
<style>
{style}
{pictures}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="soft">{lead}</p>
{head}
<nav>{links}</nav>
</header>
<main>
{sections}
</main>
{script}</body>
</html>
"""


def whole(
    title: str,
    lead: str,
    sections: Sequence[tuple[str, str, str]],
    *,
    tab: str = "",
    head: str = "",
    css: str = "",
    pictures: Iterable[str] = (),
    script: str = "",
) -> str:
    """The page. Titles and `lead` are plain text, which is escaped; `head` and the sections' bodies are HTML.

    `sections` are (anchor, title, body); `pictures` are data addresses, shown by class: the i-th as `p{i}`, so that
    each is in the file once, however often it is shown.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return PAGE.format(
        policy=POLICY + (f"; script-src 'sha256-{digest}'" if script else ""),
        tab=escape(tab or title),
        title=escape(title),
        lead=escape(lead),
        style=beside("sightline.measure.page", "base.css") + css,
        pictures="\n".join(f".p{i} {{ background-image: url({address}) }}" for i, address in enumerate(pictures)),
        head=head,
        links="".join(f'<a href="#{anchor}">{escape(name)}</a>' for anchor, name, _ in sections),
        sections="\n".join(
            f'<section id="{anchor}">\n<h2>{escape(name)}</h2>\n{body}\n</section>' for anchor, name, body in sections
        ),
        script=f"<script>{script}</script>\n" if script else "",
    )


def beside(package: str, name: str) -> str:
    """The text of a file that lies in a package: a style or a script."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and what they are, escaped, as a list of two columns."""
    return "<dl>" + "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in rows) + "</dl>"


def write_page(out: Path, html: str) -> None:
    """Replaces `out` whole."""
    with atomic_write(out) as [temporary]:
        temporary.write_text(html, encoding="utf-8")
