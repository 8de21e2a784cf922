"""Every verb that opens a source says what the source passed over, on stderr."""

import ast
from pathlib import Path

from sightline import cli
from sightline.cli.notes import print_source_notes
from sightline.data.sources.folder import open_folder
from sightline.data.sources.mixture import Mixture


def test_notes_go_to_stderr_each_with_its_source(tmp_path, capsys):
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "b.pdf").touch()
    folder = open_folder(tmp_path, "pictures")
    print_source_notes(folder)
    print_source_notes(Mixture([folder, folder]))
    said = capsys.readouterr()
    line = "1 file was passed over as no pictures: 1 .pdf (b.pdf)"
    assert said.out == "" and said.err.splitlines() == [f"note: {line}", *[f"note: pictures: {line}"] * 2]


def test_every_verb_that_opens_a_source_says_its_notes():
    for file in Path(cli.__file__).parent.glob("*.py"):
        names = {node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)}
        # `data` prints them in its report, `demo` opens the built-in icons
        if "open_source" in names and file.stem not in {"data", "demo"}:
            assert "print_source_notes" in names, file.name
