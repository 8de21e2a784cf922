"""What `search`, `export` and `explain` share: words that may begin with -, a picture or a part of it, the answer."""

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.data.terminal import printable_line

if TYPE_CHECKING:
    from sightline.search.index import Index
    from sightline.search.read import Answer


def check_asked(verb: str, query: str | None, image: Path | None, region: str | None = None) -> None:
    """ValueError for words that are a misspelt option of the verb, or none, and for a picture that is not there."""
    if region is not None and image is None:
        raise ValueError("--region is a part of --image; in a query it stands behind the path: ./one.png[10,20,100,80]")
    if query is not None and (meant := misspelt(verb, query)):
        raise ValueError(meant)
    if query is not None and not query.strip():
        raise ValueError('the query is empty; type what the picture shows, such as "credit card"')
    if image is not None and not image.is_file():
        raise ValueError(f"there is no picture at {image}")


def misspelt(verb: str, word: str) -> str:
    """What to say of an option with a slip of the pen, which would else be searched for; "" for any other word. One
    that is spelt right came after `--`."""
    if not word.startswith("--"):
        return ""
    name, options = word.partition("=")[0], options_of(verb)
    near = get_close_matches(name, options, n=1, cutoff=0.75)
    return f"{verb} has no option {name} (did you mean {near[0]}?)" if near and name not in options else ""


def options_of(verb: str) -> list[str]:
    """The options of a verb, in full."""
    from sightline.cli.main import MANNERS, app

    arguments = app[verb].assemble_argument_collection(default_parameter=MANNERS["default_parameter"])
    options = [one for one in arguments if one.field_info.kind is one.field_info.KEYWORD_ONLY]
    return [*(name for one in options for name in one.names if name.startswith("--")), "--help"]


def answered(
    index: "Index",
    query: str,
    model: Any,
    k: int,
    image: Path | None,
    region: str | None,
    where: str,
    fold: bool,
) -> "Answer":
    """The answer; a query or a filter that cannot be read is shown with a mark where, and raised."""
    from sightline.search.rank.fold import ALIKE
    from sightline.search.typed.compose import region_of
    from sightline.search.typed.unparsed import Unparsed

    box, alike = region_of(region) if region else None, ALIKE if fold else None
    try:
        return index.answer(query, model, k, image=image, region=box, where=where, fold=alike)
    except Unparsed as error:
        for line in error.pointed():
            print(f"  {printable_line(line)}", file=sys.stderr)
        raise
