"""One exported tower: a file that onnxruntime opens when it is first used."""

import importlib
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from sightline.runtime.builtin import is_inside, reinstall
from sightline.runtime.description import recovery_advice, require_file

MARK = "sightline.weights"
"""the entry of a graph's metadata that names the weights it was exported from"""


class Graph:
    """Arrays, one an input -> vectors (b, e), float32. Safe to call from several threads.

    Opening costs onnxruntime's import and the reading of the weights, so it waits for the first call: a search by words
    never opens the image tower.
    """

    def __init__(self, path: Path, weights: str, threads: int = 0) -> None:
        """`weights` is the digest the file must have been exported from; a call uses `threads` (0: every core)."""
        self.path, self.weights, self.threads = path, weights, threads
        self._session: Any = None
        self._lock = threading.Lock()

    def in_one_thread(self) -> "Graph":
        """The same tower in a session of its own that uses one thread a call."""
        return Graph(self.path, self.weights, threads=1)

    def __call__(self, *batch: np.ndarray) -> np.ndarray:
        """ValueError where the batch does not fit the graph, or the file is cut, foreign or of other weights."""
        return self.outputs(*batch)[0]

    def outputs(self, *batch: np.ndarray) -> list[np.ndarray]:
        """All that the graph gives; the first are the vectors."""
        with self._lock:
            if self._session is None:
                self._session = self._open()
        inputs = self._session.get_inputs()
        if len(inputs) != len(batch):
            names = ", ".join(wanted.name for wanted in inputs)
            raise ValueError(f"{self.path} takes {names}; got {len(batch)} arrays. {self._advice()}")
        for wanted, given in zip(inputs, batch, strict=True):
            _fits(self.path, wanted, given)
        try:
            return self._session.run(None, {wanted.name: given for wanted, given in zip(inputs, batch, strict=True)})
        except refusals() as error:
            told = ", ".join(f"{wanted.name} {given.shape}" for wanted, given in zip(inputs, batch, strict=True))
            raise ValueError(f"{self.path} cannot embed {told}: {_brief(error)}") from error

    def _advice(self) -> str:
        return export_advice(self.path.parents[1])

    def _open(self) -> Any:
        import onnxruntime

        require_file(self.path)
        options = onnxruntime.SessionOptions()
        # Its own choice pins threads to cores, which a container refuses with a line of noise for each.
        options.intra_op_num_threads = self.threads or cores()
        options.log_severity_level = 4  # what goes wrong is raised; nothing else is worth a line
        # Threads that spin between two queries would keep an idle page at full load.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                str(self.path), options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
        except refusals() as error:
            raise ValueError(
                f"{self.path} is cut or no graph that this onnxruntime reads ({_brief(error)}); {self._advice()}"
            ) from error
        exported_from = session.get_modelmeta().custom_metadata_map.get(MARK)
        if exported_from != self.weights:
            raise ValueError(f"{self.path} was not exported from the weights of this run; {self._advice()}")
        return session


def _fits(path: Path, wanted: Any, given: np.ndarray) -> None:
    # a side with a name is free
    sides = [got if isinstance(want, str) else want for want, got in zip(wanted.shape, given.shape, strict=False)]
    if len(wanted.shape) != given.ndim or sides != list(given.shape):
        shape = ", ".join(str(side) for side in wanted.shape)
        raise ValueError(f"{path} takes {wanted.name} of shape ({shape}); got {given.shape}")


def export_advice(folder: str | Path = "RUN") -> str:
    """A sentence with the command that makes a missing or useless export anew, or brings a built-in encoder again."""
    if is_inside(folder):
        return reinstall()
    return f"export it where torch is installed: sightline convert {folder} {folder} --to onnx"


def copy_or_export(folder: str | Path) -> str:
    """A sentence with both ways to mend a file of an export: the whole run again, or the export."""
    return reinstall() if is_inside(folder) else f"{recovery_advice()}, or {export_advice(folder)}"


def refusals() -> tuple[type[BaseException], ...]:
    """Everything onnxruntime raises; its errors share no class of their own."""
    state = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    return tuple(kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
