"""Writes constraints.txt: every package a full development install would get today, pinned.

pip resolves without installing. Left out: this package itself, and what only one platform's torch pulls in and pins for
itself (CUDA libraries, triton), so that the same file serves Linux and macOS. Run by `make lock`.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLATFORM_ONLY = ("cuda-", "nvidia-", "triton")
HEADER = "# The versions that were tested; `make lock` writes this file anew.\n"


def main() -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    wanted = ["-e", ".[train,outline,ocr,match,detect,tensorboard]", "--group", "dev", *sys.argv[1:]]
    report = subprocess.run([*pip, *wanted], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = [entry["metadata"] for entry in json.loads(report)["install"]]
    pins = sorted(
        f"{package['name'].lower()}=={package['version'].partition('+')[0]}"  # no local label: 2.15.0+cpu is 2.15.0
        for package in found
        if package["name"] != "sightline" and not package["name"].lower().startswith(PLATFORM_ONLY)
    )
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
