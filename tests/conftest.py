"""For every test: fixed seeds, one thread, user data in a temporary folder, and no network but this machine's own."""

import importlib.util
import os
import random
import signal
import socket
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when torch is imported
os.environ["HF_HUB_OFFLINE"] = "1"  # read once too; without it a hub that cannot be reached is tried for a minute

import jaxtyping
import numpy as np
import pytest

# where the shell forbids compiled modules to be kept, each of the tests' processes would compile all of them anew
os.environ["PYTHONDONTWRITEBYTECODE"] = ""
sys.dont_write_bytecode = False

TESTS = Path(__file__).parent
WHOLE = tuple(
    """
    benchmarks/ cli/ golden/ runtime/ search/ shell/ train/ web/ weights/convert/ weights/onnx/ whole/
    recipes/test_contract.py::test_one_batch recipes/test_ranks.py recipes/test_self_distillation.py::test_a_student
    """.split()
)
"""whole trainings, exports and commands, which take up to twice as long where shapes are checked; how places begin"""

LONG = """
whole/test_toy train/test_resume train/test_alarms weights/convert/test_conversion shell/test_light_install
benchmarks/test_atlas train/test_parallel weights/onnx/test_export web/test_browser search/test_kill
recipes/test_ranks recipes/test_contract train/recipe/test_init weights/onnx/test_naflex
recipes/test_self_distillation data/feed/test_loader cli/test_convert
""".split()
"""files that take long for their number of tests: begun first, so that no process waits for another at the end"""


def pytest_collection_modifyitems(items):
    place = {f"{name}.py": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.relative_to(TESTS).as_posix(), len(place)))


def pytest_runtest_setup(item):
    """Shapes are checked in the tests of the parts; in those of the whole by `make test-all` alone."""
    plain = "not slow" in item.config.option.markexpr
    place = item.nodeid.removeprefix(f"{TESTS.name}/")
    jaxtyping.config.update("jaxtyping_disable", plain and place.startswith(WHOLE))


@pytest.fixture(scope="session", autouse=True)
def user_data(tmp_path_factory):
    """The cache and every other place a user's files would go, for this run of the tests only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NO_COLOR", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """A shell's background job ignores Ctrl-C, and so would every process that a test starts and interrupts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Connections may go to this machine only: a test that reaches further fails instead of depending on it."""
    connect = socket.socket.connect

    def local_only(self, address):
        if self.family != getattr(socket, "AF_UNIX", None) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to reach {address}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local_only)
        yield


@pytest.fixture(scope="session")
def ranks(tmp_path_factory):
    """Two gloo processes, see pool.py; they start with the first call."""
    spec = importlib.util.spec_from_file_location("pool", Path(__file__).with_name("pool.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pool = module.Pool(2, tmp_path_factory.mktemp("gloo"))
    yield pool
    pool.close()


@pytest.fixture(autouse=True)
def seed():
    """The global generators start from 0 in every test; a test that needs another seed sets it."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        import torch

        torch.manual_seed(0)
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    yield 0
