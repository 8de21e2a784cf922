"""Which browser pages are opened in."""

import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str:
    """The first of BROWSERS that is there. Without one a test is passed over on a laptop, and fails where CI=true."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        reason = f"no browser among {', '.join(BROWSERS)}"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    return found
