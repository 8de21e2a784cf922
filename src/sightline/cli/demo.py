"""`sightline demo`: the main job on real input, offline, in minutes."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from sightline.runtime.builtin import ICONS

QUERIES = ("credit card", "shopping", "weather", "warning", "send a message", "play music", "medical", "turn left")
COLUMNS = 8
LIBRARY = "icons?set=solid&hide=term"
"""what is indexed: every icon, a term of each left out"""
MEASURED = ("scenes", "icons")
"""what the demo's encoder is measured on; it has seen icons, and no scene"""


def demo(
    *,
    out: Path = Path("runs/demo"),
    fold: int = 0,
    fresh: bool = False,
    no_serve: bool = False,
    port: int | None = None,
) -> None:
    """Search real icons within a minute, then train on them, measure on icons never seen, and serve the page.

    The first search is by builtin:icons, which needs no training. What follows trains an encoder of its own: it takes
    about five minutes on two cores that multiply in bfloat16 (AMX, AVX512-BF16), half an hour on two that do not,
    and no network; run again, it reuses what is there. Ctrl-C ends the page; with CI=true there is none.

    Examples:
      sightline demo
      sightline demo --fresh --no-serve
      sightline demo --fold 1 --out runs/demo-1

    Parameters
    ----------
    out
        The run folder.
    fold
        Which fifth of the icon names is kept out of training.
    fresh
        Start over.
    no_serve
        End when the figures are told.
    port
        Where the page listens. Left out: 8765, or another free one.
    """
    began = time.monotonic()
    if fresh and (out / "config.json").exists():
        shutil.rmtree(out)
    found_at_once(out)
    summary = run(out, fold=fold)
    _print_summary(out, summary, time.monotonic() - began)
    measured(out)
    if not no_serve and os.environ.get("CI", "").lower() not in ("true", "1"):
        _serve(out / "icons.db", port)


def found_at_once(out: Path) -> None:
    """Indexes every icon by the built-in encoder and says what the queries find, before anything is trained."""
    from sightline.search.encoder import open_encoder
    from sightline.search.index import Index

    began = time.monotonic()
    db, sheet = _first(out)
    with Index(db) as index:
        found = filled(index, open_encoder(ICONS), sheet)
        count = index.about().pictures
    for query, names in found.items():
        print(f"{query:>15}  {', '.join(names[:5])}")
    print(
        f"{count:,} icons indexed and searched in {time.monotonic() - began:.0f} s by {ICONS}, which has seen none of "
        f"them: {sheet}, and sightline serve {db}\n"
    )


def _first(out: Path) -> tuple[Path, Path]:
    """The index by the built-in encoder and the sheet of it: beside the run, whose folder is the run's alone."""
    return out.with_name(f"{out.name}-first.db"), out.with_name(f"{out.name}-first.png")


def run(out: Path, *, fold: int = 0) -> dict[str, Any]:
    """The demo without its talk: trains or finds the run, writes summary.json, index and sheet."""
    from sightline.data.sources.source import open_source
    from sightline.probes.icon_search import icon_retrieval
    from sightline.recipes.find import train
    from sightline.search.encoder import open_encoder
    from sightline.search.index import Index
    from sightline.train.folder import write_json
    from sightline.weights.load import load

    began = time.monotonic()
    file = out / "summary.json"
    if file.exists():
        found = json.loads(file.read_text(encoding="utf-8"))
        if "synonyms" not in found:
            raise ValueError(f"{out} was made by an earlier version; start over with --fresh")
        if found["fold"] != fold:
            raise ValueError(f"{out} holds fold {found['fold']}; name another --out, or start over with --fresh")
        return found
    data = f"icons:train?fold={fold}&hide=term"
    done = train("clip.icons", out=out, data=data, evaluation=f"icons:test?fold={fold}")
    if not done.finished:
        raise KeyboardInterrupt
    encoder = load(out)
    summary = icon_retrieval(encoder, fold=fold)
    summary["zero_shot"] = categories(encoder, fold)
    exported = open_encoder(out, device="cpu")
    with Index(out / "icons.db") as index:
        filled(index, exported, out / "queries.png")
        summary["synonyms"] = synonyms(index, exported, fold)
    with Index(_first(out)[0]) as index:
        at_once = open_encoder(ICONS)
        index.add(open_source(LIBRARY), at_once)  # nothing new where the demo has just filled it
        summary["builtin"] = synonyms(index, at_once, fold)
    summary["seconds"] = {"train": round(done.seconds, 1), "total": round(time.monotonic() - began, 1)}
    summary["images_per_second"] = round(done.images_per_second, 1)
    summary = {"version": 1, "fold": fold, **summary}
    write_json(file, summary)
    return summary


def measured(out: Path) -> None:
    """The five properties of the run beside raw pixels and a random tower, in a minute or two; measured once."""
    from sightline.cli.progress import progress
    from sightline.measure.written import written

    page = out / "measure.html"
    if page.exists():
        print(f"\nFive properties of it: {page}")
        return
    with progress("measuring") as tell:
        written([str(out)], out=page, json_file=out / "measure.json", data=MEASURED, quick=True, tell=tell)
    print(f"Five properties of it: {page}")


def categories(encoder: Any, fold: int) -> dict[str, float]:
    """Zero-shot: a held-out icon is right when its first guess is one of its categories. `n` icons that have one."""
    import numpy as np

    from sightline.probes.icon_search import solid
    from sightline.probes.zero_shot import classifier

    samples = [s for s in solid("test", fold) if s.extra["categories"]]
    names = sorted({c for s in samples for c in s.extra["categories"]})
    pictures = encoder.encode_image([s.image for s in samples], normalize=True).cpu().numpy()
    guesses = (pictures @ classifier(encoder, names).T).argsort(axis=1)[:, ::-1]
    right = np.array(
        [[names[g] in s.extra["categories"] for g in row] for s, row in zip(samples, guesses, strict=True)]
    )
    chance = float(np.mean([len(s.extra["categories"]) / len(names) for s in samples]))
    return {
        "top1": float(right[:, 0].mean()),
        "top5": float(right[:, :5].any(axis=1).mean()),
        "chance": chance,
        "classes": len(names),
        "n": len(samples),
    }


def synonyms(index: Any, encoder: Any, fold: int) -> dict[str, Any]:
    """How synonyms find their icon in the index of every icon.

    A synonym is the term of an icon that neither its training nor the index was told (`icons?hide=term`).
    """
    from sightline.data.sources.icons import hidden_term, icon_entries, names_of_split
    from sightline.search.rank.judge import judge

    ids = {hit.name: hit.id for hit in index.browse(len(icon_entries()))}
    trained = names_of_split([entry.name for entry in icon_entries()], "train", fold)
    hidden = {entry.name: hidden_term(entry) for entry in icon_entries("solid") if entry.name in trained}
    return judge(index, encoder, [(term, ids[name]) for name, term in hidden.items() if term])


def filled(index: Any, encoder: Any, out: Path) -> dict[str, list[str]]:
    """Brings an index of every icon up to date, draws what the eight queries find in it, and gives its names."""
    import io

    import numpy as np
    from PIL import Image

    from sightline.data.atomic import atomic_write
    from sightline.data.show.sheet import rows_sheet
    from sightline.data.sources.source import open_source

    index.add(open_source(LIBRARY), encoder)
    rows = []
    for query in QUERIES:
        hits = index.search_text(query, encoder, COLUMNS)
        pictures = [np.asarray(Image.open(io.BytesIO(thumb))) for thumb in index.thumbs(hits)]
        rows.append((query, pictures, [hit.name for hit in hits]))
    with atomic_write(out) as [temporary]:
        rows_sheet(rows).save(temporary, format="PNG")
    return {query: names for query, _, names in rows}


def _serve(db: Path, port: int | None) -> None:
    """Serves the index until Ctrl-C."""
    from sightline.search.encoder import open_encoder
    from sightline.search.index import Index
    from sightline.web.server import serve

    with Index(db) as index:
        encoder = open_encoder(index.about().encoder)
        try:
            serve(index, encoder, port=8765 if port is None else port)
        except OSError:
            if port is not None:
                raise
            serve(index, encoder, port=0)  # nobody asked for that port, so another one will do


def _print_summary(out: Path, summary: dict[str, Any], seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Words find icons (text to image)", title_justify="left")
    for name in ("", "R@1", "R@5", "R@10", "names only (BM25) R@10", "chance R@10"):
        table.add_column(name, justify="left" if not name else "right")
    for part, label in (("heldout", "never seen in training"), ("library", "the library itself")):
        found = summary[part]
        row = [found["text_to_image"][k] for k in ("r1", "r5", "r10")]
        row += [found["bm25"]["text_to_image"]["r10"], found["chance_r10"]]
        table.add_row(f"{label} ({found['n']})", *(f"{value:.3f}" for value in row))
    zero, said = summary["zero_shot"], summary["synonyms"]
    row = [said["fused"][k] for k in ("r1", "r5", "r10")] + [said["bm25"]["r10"], said["chance_r10"]]
    table.add_row(f"synonyms nobody told it ({said['n']})", *(f"{value:.3f}" for value in row))
    console = Console(width=None if os.isatty(1) else 110, color_system=None)  # codes would be shown as such
    console.print(table)
    console.print(
        f"Zero-shot, {zero['classes']} categories, {zero['n']} unseen icons: first guess right {zero['top1']:.2f}, "
        f"one of five {zero['top5']:.2f} (chance {zero['chance']:.2f})"
    )
    console.print(
        f"Synonyms among {said['candidates']:,} icons, R@10: words alone {said['bm25']['r10']:.3f}, vectors alone "
        f"{said['vectors']['r10']:.3f}, both {said['fused']['r10']:.3f}"
    )
    if "builtin" in summary:
        at_once = summary["builtin"]["fused"]["r10"]
        console.print(f"The same by {ICONS}, which was trained on other icons: {at_once:.3f}", highlight=False)
    console.print(
        f"Trained in {summary['seconds']['train']:.0f} s at {summary['images_per_second']:.0f} images/s; "
        f"this call took {seconds:.0f} s\n"
    )
    console.print(f"Results of {len(QUERIES)} queries: {out / 'queries.png'}")
    console.print(f"All figures:          {out / 'summary.json'}\n\nGo on with", markup=False)
    for command in (
        f"sightline serve {out / 'icons.db'}",
        f'sightline search {out / "icons.db"} "shopping cart"',
        "sightline index my.db my-icons/",
        'sightline search my.db "credit card" --sheet found.png',
        "sightline train clip --data my-icons/ --out runs/mine",
    ):
        console.print(f"  {command}", markup=False, highlight=False)
