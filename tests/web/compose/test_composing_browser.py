"""The page in a real browser: several parts, filters, and near-identical pictures folded; all of it in the address."""

import os
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
DRAWN = {
    "lined": '<path d="M4 4h16v12H4zM8 8h8" fill="none" stroke="#000" stroke-width="1.5"/>',
    "house": '<path d="M12 2 22 11h-3v11H5V11H2z"/>',
    "red-heart": '<path fill="#d22" d="M12 21C4 15 2 11 2 8a5 5 0 0 1 10-2 5 5 0 0 1 10 2c0 3-2 7-10 13z"/>',
    "red-ball": '<circle fill="#d22" cx="12" cy="12" r="9"/>',
    "blue-ball": '<circle fill="#22d" cx="12" cy="12" r="9"/>',
}


@pytest.fixture(scope="module")
def drawings(serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("composed")
    for name, shape in DRAWN.items():
        (folder / f"{name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{shape}</svg>'
        )
    shutil.copy(folder / "house.svg", folder / "house-again.svg")
    return serve(folder)


@pytest.fixture
def page(browser, drawings):
    page = browser.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(drawings.url)
    expect(page.locator("#grid .card")).to_have_count(6)
    yield page
    page.close()
    assert not wrong


def asked(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def names(page):
    return sorted(page.locator("#grid .card-name").all_text_contents())


def test_filters_are_chosen_kept_in_the_address_and_taken_off(page):
    page.get_by_label("Colour", exact=True).select_option("Red")
    expect(page.locator("#grid .card")).to_have_count(2)
    assert names(page) == ["red-ball", "red-heart"] and asked(page) == {"where": "colour=red"}
    page.get_by_label("More filters").fill("width<=64 or type=png")
    page.get_by_label("More filters").press("Enter")
    page.wait_for_url(re.compile("where=.*or"))
    assert asked(page) == {"where": "colour=red and (width<=64 or type=png)"}
    page.reload()
    expect(page.get_by_label("Colour", exact=True)).to_have_value("colour=red")
    expect(page.get_by_label("More filters")).to_have_value("(width<=64 or type=png)")
    page.locator("#query").fill("heart")  # filters stay with other words
    expect(page.locator("#status")).to_contain_text("of 6")
    assert asked(page)["q"] == "heart" and "colour=red" in asked(page)["where"]
    page.get_by_role("button", name="No filters").click()
    assert asked(page) == {"q": "heart"}
    page.go_back()
    expect(page.get_by_label("Colour", exact=True)).to_have_value("colour=red")


def test_a_filter_that_does_not_parse_is_said_where(page):
    page.get_by_label("More filters").fill("width>>3")
    page.get_by_label("More filters").press("Enter")
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#notice-words")).to_contain_text(re.compile("column|width"))
    expect(page.locator("#grid .card")).to_have_count(6)


def test_a_picture_and_words_are_asked_for_together(page):
    page.locator(".card", has_text="red-ball").click()
    page.locator("#like").click()
    expect(page.locator("#chip-name")).to_have_text("Like red-ball")
    page.locator("#query").fill("blue")
    page.wait_for_url(re.compile("q=blue"))
    expect(page.locator("#chip")).to_be_visible()
    assert set(asked(page)) == {"q", "like"}
    page.reload()
    expect(page.locator("#chip")).to_be_visible()
    expect(page.locator("#query")).to_have_value("blue")
    page.locator("#chip-remove").click()
    assert asked(page) == {"q": "blue"}


def test_an_opened_picture_has_its_name_and_what_looks_like_it(page):
    page.locator(".card", has_text="red-ball").click()
    expect(page.locator("#detail-name")).to_have_text("red-ball")
    expect(page.locator("#strip .card").first).to_be_visible()
    expect(page.locator("#unavailable")).not_to_be_visible()


def test_parts_are_added_weighed_turned_and_left_out(page):
    page.locator("#query").fill("red")
    page.wait_for_url(re.compile("q=red"))
    page.locator(".card", has_text="red-heart").first.click()
    page.locator("#take-away").click()
    expect(page.locator("#parts .part")).to_have_count(2)
    assert re.fullmatch(r"red - id:\d+", asked(page)["q"])
    page.locator("#parts .part-weight").first.click()
    assert asked(page)["q"].startswith("2: red - id:")
    page.locator("#parts .part-sign").last.click()
    assert re.fullmatch(r"2: red \+ id:\d+", asked(page)["q"])
    page.locator("#parts .part-remove").last.click()
    assert asked(page)["q"] == "2: red"
    expect(page.locator("#parts")).not_to_be_visible()


def test_near_identical_pictures_are_folded_behind_the_best(page):
    page.locator("#query").fill("house")
    page.wait_for_url(re.compile("q=house"))
    expect(page.locator("#grid .card", has_text="house")).to_have_count(2)
    page.get_by_label("Fold duplicates").check()
    expect(page.locator("#grid .card", has_text="house")).to_have_count(1)
    expect(page.locator("#grid .folded").first).to_have_text("+1")
    assert asked(page) == {"q": "house", "fold": "1"}


def test_everything_is_reached_by_the_keyboard(page):
    page.locator("#query").focus()
    seen = set()
    for _ in range(24):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
        )
    assert {"Kind", "Style", "Colour", "Ground", "Width", "Changed"} <= seen
    page.get_by_label("Style").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#grid .card")).to_have_count(1)
    assert names(page) == ["lined"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_fits_the_screen_and_shuts_nobody_out(page, axe, scheme, size, tmp_path):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.get_by_label("Colour", exact=True).select_option("Red")
    page.locator("#query").fill("2: red ball - heart")
    expect(page.locator("#parts .part")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not axe(page)
    folder = Path(os.environ.get("SIGHTLINE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"composed-{scheme}-{size['width']}.png")
