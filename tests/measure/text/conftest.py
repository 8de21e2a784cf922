import pytest

from sightline.measure.suite.opened import open_suite
from sightline.measure.suite.suite import Suite


@pytest.fixture(scope="package")
def scenes() -> Suite:
    """At their quick size."""
    return open_suite("scenes", quick=True)
