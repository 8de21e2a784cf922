"""`sightline enrol`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.data.terminal import printable_line


def enrol(
    encoder: str,
    src: str,
    *,
    into: Annotated[Path, Parameter(name="--into")],
    device: str = "auto",
) -> None:
    """Make identities (or classes) of a few pictures each, without training, for `sightline recognise`.

    A gallery is an ordinary index that also knows what its pictures show. Enrolling again adds to it; equal names are
    one identity.

    Examples:
      sightline enrol runs/faces team/ --into team.db
      sightline enrol builtin:icons my-icons/ --into icons.db

    Parameters
    ----------
    encoder
        ENCODER: a run folder, a published encoder; of a gallery that is there, the same one.
    src
        SRC with classes: a folder with a folder for each identity, a table with a column label.
    into
        The gallery, one file; made where there is none.
    device
        auto, cpu, cuda or mps. auto runs an exported encoder on the CPU, without torch.
    """
    from sightline.cli.notes import print_notes, print_source_notes
    from sightline.cli.progress import print_bad, progress
    from sightline.data.sample import Source
    from sightline.data.sources.source import open_source
    from sightline.search.encoder import open_encoder
    from sightline.search.fill.place import absolute
    from sightline.search.gallery.enrol import empty_folders
    from sightline.search.gallery.enrol import enrol as enrolled
    from sightline.search.gallery.gallery import read_gallery
    from sightline.search.index import Index

    source = open_source(absolute(src))
    print_source_notes(source)
    if not isinstance(source, Source):
        raise ValueError(f"{src} is streamed, and enrolling needs random access; download its shards first")
    model = open_encoder(encoder, device=device)
    with Index(into) as index:
        with progress("enrolling") as tell:
            done = enrolled(index, source, model, tell)
    print_bad(done.report.bad)
    notes = list(done.report.notes)
    if empty := (*empty_folders(source), *done.without):
        notes.append(f"{len(empty):,} classes without a usable picture were skipped: {', '.join(empty)}")
    if done.unlabelled:
        notes.append(f"{done.unlabelled:,} pictures without a class are in the index and are nobody's")
    gallery = read_gallery(into)
    has = dict(zip(gallery.names, gallery.sizes.tolist(), strict=True))
    if lone := list(has.values()).count(1):
        notes.append(f"{lone:,} identities have one picture: nothing says how often they are accepted")
    if gallery.twice:
        notes.append(f"{gallery.twice:,} pictures stand under several names; the threshold of recognise suffers")
    print_notes(notes)
    for name in done.names:
        print(f"{has.get(name, 0):6,}  {printable_line(name)}")
    print(f"{printable_line(into)}: {len(gallery.names):,} identities, {len(gallery.label):,} pictures")
