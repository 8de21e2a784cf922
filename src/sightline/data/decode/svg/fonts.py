"""Which installed families stand for serif, sans-serif and monospace where the renderer's own are not installed."""

import sys
from functools import lru_cache
from pathlib import Path

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
KNOWN = {
    "serif_family": ("Times_New_Roman", "LiberationSerif-Regular", "DejaVuSerif", "NotoSerif-Regular", "FreeSerif"),
    "sans_serif_family": ("Arial", "LiberationSans-Regular", "DejaVuSans", "NotoSans-Regular", "FreeSans"),
    "monospace_family": ("Courier_New", "LiberationMono-Regular", "DejaVuSansMono", "NotoSansMono-Regular", "FreeMono"),
}
"""file names in order of preference"""
FAMILIES = {
    "Times_New_Roman": "Times New Roman", "LiberationSerif-Regular": "Liberation Serif", "DejaVuSerif": "DejaVu Serif",
    "NotoSerif-Regular": "Noto Serif", "FreeSerif": "FreeSerif", "Arial": "Arial",
    "LiberationSans-Regular": "Liberation Sans", "DejaVuSans": "DejaVu Sans", "NotoSans-Regular": "Noto Sans",
    "FreeSans": "FreeSans", "Courier_New": "Courier New", "LiberationMono-Regular": "Liberation Mono",
    "DejaVuSansMono": "DejaVu Sans Mono", "NotoSansMono-Regular": "Noto Sans Mono", "FreeMono": "FreeMono",
}  # fmt: skip


@lru_cache(maxsize=1)
def generic_families() -> dict[str, str]:
    """Keyword arguments for the renderer: it draws no text at all in a family that is not installed.

    Empty on macOS and Windows, whose systems bring the renderer's defaults (Times New Roman, Arial, Courier New).
    """
    if sys.platform in {"darwin", "win32"}:
        return {}
    found = {file.stem for folder in FOLDERS for file in Path(folder).expanduser().rglob("*.[to]tf")}
    chosen = {kind: next((stem for stem in stems if stem in found), None) for kind, stems in KNOWN.items()}
    return {kind: FAMILIES[stem] for kind, stem in chosen.items() if stem}
