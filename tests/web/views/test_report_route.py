"""The encoder's report beside the library."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from sightline.web.views.report import report_of

PAGE = "<!doctype html><title>Five properties</title><h1>report</h1><script>document.title += ' ran'</script>"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("measured") / "report.html"
    file.write_text(PAGE)
    return file


def test_a_report_is_linked_and_shown_in_a_sandbox(serve_few, page_file, browser):
    served = serve_few("reported", report=page_file)
    assert served.get("/api/about").json["report"] is True
    answer = served.get("/report")
    assert answer.body.decode() == PAGE and answer.headers["content-security-policy"].startswith(
        "sandbox allow-scripts "
    )
    page = browser.new_page()
    page.goto(served.url)
    page.locator("#report").click(timeout=20_000)
    expect(page.locator("h1")).to_have_text("report")
    assert page.evaluate("self.origin") == "null"
    page.close()


def test_without_one_there_is_no_link(served):
    assert served.get("/api/about").json["report"] is False and served.get("/report").status == 404


def test_one_beside_the_index_is_found_and_what_is_none_is_refused(tmp_path):
    assert report_of(tmp_path / "a.db", None) is None
    beside = tmp_path / "a.db-report.html"
    beside.write_text(PAGE)
    assert report_of(tmp_path / "a.db", None) == beside
    for wrong in (tmp_path / "none.html", tmp_path / "a.db", Path("/")):
        with pytest.raises(ValueError, match="sightline measure ENCODER --out"):
            report_of(tmp_path / "a.db", wrong)
