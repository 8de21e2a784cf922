"""The run folder: what it holds, who may write it, and whether the same command may go on in it.

encoder.json  model.safetensors  tokenizer.json    what `sightline.load` reads (weights/run_folder/run.py)
config.json       recipe, overrides, every resolved value, versions, data
metrics.jsonl     one line a logged step
best/             the encoder with the best evaluation so far, and in best.json which that was
state/last.pt     the newest checkpoint
state/encoder/    the encoder of that step, until the run is finished
"""

import json
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sightline.moved import today
from sightline.train.checkpoint import write_whole

OWN = ("encoder.json", "model.safetensors", "tokenizer.json", "config.json", "metrics.jsonl", "summary.json")
OWN_FOLDERS = ("best", "state", "onnx", "tensorboard")
# Settings that change what is printed or where the work is done, never what is learnt; the last one came later, and
# configs from before do not have it.
FREE = ("evaluation.", "micro", "data.preprocess.halves")


class RunFolder:
    """Paths of one run, and its lock."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.metrics = self.path / "metrics.jsonl"
        self.tokenizer = self.path / "tokenizer.json"
        self.best = self.path / "best"
        self.last = self.path / "state" / "last.pt"
        self.unfinished = self.path / "state" / "encoder"

    def prepare(self, *, fresh: bool) -> None:
        """Creates the folder. Raises ValueError where it holds something that is not a run.

        `fresh` removes an earlier run's own files, and nothing else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"--out {self.path} is a file; name a folder")
        strangers = [
            p.name
            for p in (self.path.iterdir() if self.path.exists() else ())
            if p.name not in OWN + OWN_FOLDERS and not p.name.startswith(".")
        ]
        if strangers and not self.config.exists():
            raise ValueError(
                f"--out {self.path} is not a run and not empty (it holds {', '.join(sorted(strangers)[:3])}); "
                "name a new folder"
            )
        if fresh:
            for name in OWN:
                (self.path / name).unlink(missing_ok=True)
            for name in OWN_FOLDERS:
                shutil.rmtree(self.path / name, ignore_errors=True)
        (self.path / "state").mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process writes a run; raises ValueError for the second."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise ValueError(
                f"another process is writing {self.path}; wait for it, or name another folder with --out"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def check_same(self, config: dict[str, Any]) -> None:
        """Raises ValueError naming every value that differs from the run that is here.

        A run that stopped before anything was kept of it (a setting refused in its first step, say) may be changed.
        """
        if not self.config.exists() or not self.kept():
            return
        try:
            old = json.loads(self.config.read_text(encoding="utf-8"))
            recipe = upgraded(old["recipe"]) if old.get("format", 1) == 1 else old["recipe"]
            before = flatten({"recipe": recipe, "data": old["data"], "init": old.get("init", {})})
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.config} is cut or not a run's config ({error}); start over with --fresh"
            ) from error
        now = flatten({"recipe": config["recipe"], "data": config["data"], "init": config.get("init", {})})
        changed = [
            f"{key.removeprefix('recipe.')} was {before.get(key)!r} and is {now.get(key)!r}"
            for key in sorted(before.keys() | now.keys())
            if before.get(key) != now.get(key) and not _setting(key).startswith(FREE)
        ]
        if changed:
            raise ValueError(
                f"{self.path} was started with other settings: {'; '.join(changed)}. Give the same command to go on, "
                f"another --out for a second run (--init {self.path} starts it from what was learnt here), or --fresh "
                "to start over here"
            )

    def kept(self) -> bool:
        """Whether there is a checkpoint or an encoder."""
        encoders = (folder / "encoder.json" for folder in (self.path, self.best))
        return self.last.exists() or any(file.exists() for file in encoders)

    def metric(self) -> str | None:
        """The metric by which the run that is here chose its best weights."""
        try:
            return json.loads(self.config.read_text(encoding="utf-8"))["recipe"]["evaluation"]["metric"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_config(self, config: dict[str, Any]) -> None:
        write_json(self.config, config)


def write_json(path: Path, value: Any) -> None:
    """Indented JSON, written whole or not at all."""
    write_whole(path, lambda file: file.write((json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()))


def upgraded(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a config.json as this version writes it: format 1 had two towers where there are parts now, and
    functions by modules that have moved since."""
    given = dict(recipe)
    if "parts" not in given:
        given["parts"] = {name: given.pop(name) for name in ("image", "text") if given.get(name) is not None}
        given.pop("text", None)
    return {name: _moved(value) for name, value in given.items()}


def _moved(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _moved(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_moved(inner) for inner in value]
    return today(value) if isinstance(value, str) else value


def plain(value: Any) -> Any:
    """A recipe as JSON: dataclasses become objects with a `kind`, functions their dotted name."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"kind": type(value).__name__} | {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if callable(value):
        return f"{value.__module__}.{value.__qualname__}"
    return value


def _setting(key: str) -> str:
    """The setting of a recipe that a flattened key names, whichever phase it is of."""
    return re.sub(r"^phases\.\d+\.", "", key.removeprefix("recipe."))


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    """Nested objects as {dotted key: leaf}; lists of objects by index."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        value = {str(number): one for number, one in enumerate(value)}
    if not isinstance(value, dict):
        return {path: value}
    return {k: v for key, inner in value.items() for k, v in flatten(inner, f"{path}.{key}" if path else key).items()}


def versions() -> dict[str, str]:
    """What has to be known to repeat a run."""
    import numpy
    import torch

    from sightline import __version__

    return {
        "sightline": __version__,
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": str(torch.get_num_threads()),
        "world": os.environ.get("WORLD_SIZE", "1"),
    }
