"""A table of pictures of which each has the labels of some tasks: classes, depth, two columns of numbers."""

import atexit
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 50, 220)}


def save_table(folder: Path, count: int, seed: int = 0) -> str:
    """The SRC. The brighter a picture, the farther and the dearer; a third of each task's labels is missing."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["image,label,depth,price,weight"]
    for number in range(count):
        name, colour = list(COLOURS.items())[number % 3]
        light = float(rng.uniform(0.3, 1.0))
        noise = rng.normal(0, 20, (32, 32, 3))
        picture = np.clip(np.array(colour) * light + noise, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{number}.png")
        depth = np.full((32, 32), int(1000 * light), np.uint16)
        depth[:, :8] = 0
        Image.fromarray(depth).save(folder / f"d{number}.png")
        values = [name, f"d{number}.png", f"{1000 * light:.1f}", f"{number % 3}"]
        told = [value if rng.uniform() < 0.67 else "" for value in values]
        rows.append(",".join([f"{number}.png", *told]))
    (folder / "some.csv").write_text("\n".join(rows) + "\n")
    return f"{folder / 'some.csv'}?values=price,weight"


def lasting_table(count: int = 48) -> str:
    """The SRC of one that stays until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="sightline-tasks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return save_table(folder, count)
