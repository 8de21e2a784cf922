import made_report
import pytest

from sightline.measure.report.json_form import as_json


@pytest.fixture(scope="session")
def told():
    """The JSON form of a report with everything in it; not to be changed."""
    return as_json(made_report.report(), created="2026-01-01", versions={"sightline": "0"})
