"""The page in a real browser: what is named, what is related, what is less likely, and where it lies."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def page(browser, sets):
    page = browser.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(sets.url)
    expect(page.locator("#grid .card")).to_have_count(15)
    yield page
    page.close()
    assert not wrong


def ask(page, words, relevant):
    page.locator("#query").fill(words)
    expect(page.locator("#status")).to_have_text(f"{relevant} relevant of 15")


def outline(page):
    """The cards and the headings between them, in order."""
    return page.locator("#grid > li").evaluate_all(
        "(items) => items.map((item) => item.querySelector('h2, .card-name').textContent)"
    )


def test_what_is_named_stands_before_what_is_related_and_the_rest_is_asked_for(page):
    ask(page, "red heart", 3)
    expect(page.locator("#grid .card")).to_have_count(3)
    assert outline(page) == ["red-heart", "red-heart", "red-heart_outline"]
    ask(page, "house", 2)
    expect(page.locator("#grid .card")).to_have_count(2)
    ask(page, "outline", 3)
    assert outline(page) == ["red-heart_outline", "Related", "red-heart", "red-heart"]
    expect(page.locator("#nothing")).not_to_be_visible()
    page.locator("#less-show").click()
    shown = outline(page)
    assert shown[4] == "Less likely" and len(shown) == 17
    expect(page.locator("#grid .card").nth(3)).to_be_focused()
    expect(page.locator("#less")).not_to_be_visible()
    # other words begin anew
    ask(page, "bar chart", 1)
    expect(page.locator("#grid .card")).to_have_count(1)


def test_nothing_relevant_is_said_kindly_and_the_rest_can_still_be_seen(page):
    ask(page, "xqzv blorp", 0)
    expect(page.locator("#nothing")).to_have_text("Nothing here seems to be “xqzv blorp”.")
    expect(page.locator("#grid .card")).to_have_count(0)
    page.locator("#less-show").press("Enter")
    expect(page.locator("#grid .card")).to_have_count(15)
    expect(page.locator("#nothing")).not_to_be_visible()
    page.locator("#query").fill("red haert")
    expect(page.locator("#meant-query")).to_have_text("red heart")


def test_a_synonym_is_related_and_says_by_what(page):
    ask(page, "love", 3)
    assert set(outline(page)) == {"red-heart", "red-heart_outline"}
    expect(page.locator("#grid .why").first).to_have_text(re.compile("like “red heart”|by look"))


def test_a_chip_looks_in_its_folder_and_lets_go_of_it(page, sets):
    ask(page, "red heart", 3)
    chips = page.locator("#folders button")
    assert chips.all_text_contents() == ["tabler", "lucide"]
    assert page.locator("#grid .where").all_text_contents() in (
        ["lucide", "tabler", "tabler"],
        ["tabler", "lucide", "tabler"],
    )
    chips.first.click()
    expect(page.locator("#query")).to_have_value("red heart in:tabler")
    expect(page.locator("#status")).to_have_text("2 relevant of 15")
    expect(chips.first).to_have_attribute("aria-pressed", "true")
    assert chips.all_text_contents() == ["tabler"]
    # one folder alone needs no name on every tile
    assert set(page.locator("#grid .where").all_text_contents()) == {""}
    chips.first.click()
    expect(page.locator("#query")).to_have_value("red heart")
    expect(page.locator("#status")).to_have_text("3 relevant of 15")
    ask(page, "arrow up", 2)
    assert outline(page) == ["arrow-up", "arrow-up"]
    page.locator("#folders button", has_text="nav arrows").click()
    expect(page.locator("#query")).to_have_value('arrow up in:"nav arrows"')
    expect(page.locator("#grid .card").first).to_have_attribute("title", re.compile("nav arrows/arrow-up.svg$"))
    page.go_back()
    expect(page.locator("#query")).to_have_value("arrow up")


def test_the_arrows_go_over_a_heading_to_the_nearest_card(page):
    ask(page, "outline", 3)
    page.locator("#less-show").click()
    cards = page.locator("#grid .card")
    page.keyboard.press("Home")
    expect(cards.nth(0)).to_be_focused()
    for number in (1, 3):
        page.keyboard.press("ArrowDown")
        expect(cards.nth(number)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(cards.nth(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#query")).to_be_focused()


def test_an_open_picture_leads_through_what_is_shown_and_no_further(page):
    ask(page, "house", 2)
    page.locator("#grid .card").first.click()
    expect(page.locator("#previous")).to_be_disabled()
    page.locator("#next").click()
    expect(page.locator("#next")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.locator("#grid .card")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_and_looks_like_this(page, tmp_path, scheme, width):
    """Pictures of the page, for people: in the folder named by SIGHTLINE_SCREENSHOTS."""
    folder = Path(os.environ.get("SIGHTLINE_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    for name, words, relevant in (("related", "outline", 3), ("nothing", "xqzv blorp", 0), ("sets", "arrow up", 2)):
        ask(page, words, relevant)
        page.wait_for_timeout(250)
        page.screenshot(path=folder / f"{name}-{scheme}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#less-show").click()
    page.wait_for_timeout(250)
    page.screenshot(path=folder / f"less-{scheme}-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
