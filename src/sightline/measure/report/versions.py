"""What a figure was measured with."""

import platform
from importlib.metadata import PackageNotFoundError, version

import sightline

LIBRARIES = ("numpy", "pillow", "resvg_py", "scikit-learn", "scipy", "torch")


def versions() -> dict[str, str]:
    """Sightline, Python and the libraries a figure depends on; the machine's kind."""
    found = {"sightline": sightline.__version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | {"machine": platform.machine()}
