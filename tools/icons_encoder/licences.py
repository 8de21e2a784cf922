"""Whose icons an encoder was trained on: a table of sets, makers, licences and counts, which is shipped beside it.

    python tools/icons_encoder/licences.py "iconify:raw/iconify?licence=permissive&..." raw/iconify OUT.md

The source is that of the training; the folder of the package says who made a set.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from sightline.data.atomic import atomic_write
from sightline.data.sources.source import open_source

HEAD = """# Whose icons taught `builtin:icons`

The encoder holds no icon. It learnt from {icons:,} icons of {sets} open sets, as the npm package `@iconify/json`
{version} has them, and their names; each set stays under the licence of its makers. Further words for names are the
tags of Lucide (ISC), Tabler Icons (MIT) and Material Design Icons (Apache-2.0). Its text tower learnt before that from
the vectors of all-MiniLM-L6-v2 (Apache-2.0, sentence-transformers), whose word pieces it reads, over those words and
the lemmas and glosses of WordNet 3.1 (copyright Princeton University, WordNet licence).

| set | icons | made by | licence |
| --- | ---: | --- | --- |
"""


def main(arguments: list[str]) -> None:
    if len(arguments) != 3 or arguments[0].startswith("-"):
        sys.exit(__doc__)
    source, package, out = arguments[0], Path(arguments[1]), Path(arguments[2])
    opened: Any = open_source(source)
    counts = Counter(opened.sets[number].about.prefix for number in opened.place[:, 0].tolist())
    told = json.loads((package / "collections.json").read_text(encoding="utf-8"))
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    rows = [row(prefix, counts[prefix], told[prefix]) for prefix in sorted(counts)]
    head = HEAD.format(icons=sum(counts.values()), sets=len(counts), version=version)
    with atomic_write(out) as [temporary]:
        temporary.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    licences: Counter[str] = Counter()
    for prefix, count in counts.items():
        licences[told[prefix]["license"].get("spdx") or told[prefix]["license"]["title"]] += count
    print(", ".join(f"{count:,} {licence}" for licence, count in licences.most_common()))


def row(prefix: str, count: int, about: dict[str, Any]) -> str:
    """A line of the table."""
    author, licence = about["author"], about["license"]
    name, url = cell(author["name"]), author.get("url")
    maker = f"[{name}]({url})" if url else name
    under = cell(licence.get("spdx") or licence["title"])
    under = f"[{under}]({licence['url']})" if licence.get("url") else under
    return f"| {cell(about['name'])} (`{prefix}`) | {count:,} | {maker} | {under} |"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("[", "(").replace("]", ")")


if __name__ == "__main__":
    main(sys.argv[1:])
