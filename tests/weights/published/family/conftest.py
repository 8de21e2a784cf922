"""The peers beside this file are imported by name: tests and tools/parity.py use the same functions."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
