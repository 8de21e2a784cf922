"""`python -m sightline`: the command line where the `sightline` script is not on the path, and under torchrun."""

import sys

from sightline.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
