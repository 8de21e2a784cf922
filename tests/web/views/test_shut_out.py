"""The views beside the results shut nobody out: nothing serious or critical by axe-core, in both widths and themes."""

import pytest
from playwright.sync_api import expect

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_duplicates_and_map_shut_nobody_out(browser, served, axe, scheme, size):
    page = browser.new_page()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.goto(f"{served.url}/duplicates")
    expect(page.get_by_role("heading").first).to_be_visible()
    assert not axe(page), "duplicates"
    page.goto(f"{served.url}/map")
    expect(page.locator("#map[data-ready]")).to_be_visible(timeout=60_000)
    assert not axe(page), "map"
    page.close()
