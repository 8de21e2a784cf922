"""The folder that `detect` and `segment` write: COCO's JSON, label pictures, and pictures to look at."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sightline.cli.dense.drawn import outlined, palette
from sightline.cli.dense.pictures import Picture
from sightline.data.atomic import atomic_folder
from sightline.data.terminal import printable_line

VOID = 255


class Written:
    """What is written of a source, picture by picture, in `folder()`; ValueError where something else is at `out`."""

    def __init__(self, out: Path, name: str, *, labels: bool) -> None:
        """`name` is that of the JSON; `labels` says whether there are label pictures."""
        if out.exists() and not (out.is_dir() and ((out / name).is_file() or not any(out.iterdir()))):
            raise ValueError(
                f"{printable_line(out)} is there, and holds no {name} of an earlier run of this command: give --out "
                "another folder"
            )
        self.out, self.name, self.labels = out, name, labels
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self._at = out

    @property
    def pictures(self) -> int:
        return len(self.images)

    @property
    def count(self) -> int:
        return len(self.annotations)

    @contextmanager
    def folder(self) -> Iterator[None]:
        """Writes beside `out`, and puts it there when all is done."""
        with atomic_folder(self.out) as self._at:
            (self._at / "drawn").mkdir()
            if self.labels:
                (self._at / "labels").mkdir()
            yield

    def things(self, picture: Picture, things: Any) -> None:
        """Boxes of a picture, and outlines where there are any; label k is thing k, from 1, the surest on top."""
        name = self._image(picture)
        rows = zip(things.boxes.tolist(), things.scores.tolist(), things.labels.tolist(), strict=True)
        for number, (box, score, label) in enumerate(rows):
            row = self._row(label, box, box[2] * box[3]) | {"score": round(score, 5)}
            if things.masks is not None:
                mask = things.masks[number]
                row |= {"segmentation": runs(mask), "area": int(mask.sum())}
            self.annotations.append(row)
        if self.labels and things.masks is not None:
            plane = np.zeros(things.size, np.uint8)
            for number in range(len(things.masks) - 1, -1, -1):
                plane[things.masks[number]] = number + 1
            self._label(name, plane)
        outlined(picture.image, things).save(self._at / "drawn" / f"{name}.png")

    def pixels(self, picture: Picture, pixels: Any) -> None:
        """The class of every pixel; one annotation for each class that a picture has."""
        name = self._image(picture)
        for label in np.unique(pixels.labels[pixels.labels != VOID]).tolist():
            mask = pixels.labels == label
            down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            box = [across[0], down[0], across[-1] + 1 - across[0], down[-1] + 1 - down[0]]
            row = self._row(label, [float(edge) for edge in box], int(mask.sum()))
            self.annotations.append(row | {"segmentation": runs(mask)})
        coloured = self._label(name, pixels.labels).convert("RGB")
        Image.blend(picture.image, coloured, 0.5).save(self._at / "drawn" / f"{name}.png")

    def finish(self, encoder: str, names: Sequence[str]) -> None:
        """The JSON: COCO's categories count from 1, class i of the run is i + 1."""
        categories = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
        info = {"description": f"sightline {self.name.partition('.')[0]}", "encoder": encoder}
        whole = {"info": info, "images": self.images, "categories": categories, "annotations": self.annotations}
        text = json.dumps(whole, ensure_ascii=False) + "\n"
        (self._at / self.name).write_text(text, encoding="utf-8")

    def _image(self, picture: Picture) -> str:
        """Enters a picture; returns the name of its files: its number, and what of its key a file may be called."""
        number = len(self.images) + 1
        plain = re.sub(r"[^\w.-]+", "-", picture.key, flags=re.ASCII).strip("-.")[-60:]
        name = f"{number:06d}-{plain}" if plain else f"{number:06d}"
        width, height = picture.image.size
        self.images.append({"id": number, "file_name": picture.key, "width": width, "height": height, "written": name})
        return name

    def _row(self, label: int, box: list[float], area: float) -> dict[str, Any]:
        return {
            "id": len(self.annotations) + 1,
            "image_id": len(self.images),
            "category_id": label + 1,
            "bbox": [round(edge, 2) for edge in box],
            "area": round(area, 2),
            "iscrowd": 0,
        }

    def _label(self, name: str, plane: np.ndarray) -> Image.Image:
        picture = Image.fromarray(plane, "P")
        picture.putpalette(palette())
        picture.save(self._at / "labels" / f"{name}.png")
        return picture


def runs(mask: np.ndarray) -> dict[str, Any]:
    """A mask as COCO's run lengths, column by column, not compressed: of nothing first."""
    flat = mask.flatten(order="F")
    borders = np.flatnonzero(np.diff(flat)) + 1
    edges = np.concatenate([[0], borders, [len(flat)]])
    counts = np.diff(edges).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if len(flat) and flat[0] else counts}
