"""The duplicates view: by keyboard alone, at both widths, in both themes."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(browser, twins):
    page = browser.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{twins.url}/duplicates")
    expect(page.locator("#status")).to_have_text(re.compile("groups of true duplicates"))
    yield page
    page.close()
    assert not wrong


def groups(page):
    return page.locator(".double").evaluate_all(
        "(all) => all.map((one) => [...one.querySelectorAll('.card-name')].map((name) => name.textContent))"
    )


def test_true_duplicates_stand_apart_from_look_alikes(page, twins):
    assert sorted(map(sorted, groups(page))) == [["fog", "fog-png"], ["house", "house-copy"]]
    expect(page.locator("h2").first).to_have_text(re.compile("2 of the same (file|pixels)"))
    assert page.title() == "Duplicates · twins · Sightline"
    page.locator("[name=kind][value=alike]").check()
    expect(page.locator("#status")).to_have_text(re.compile("only look alike"))
    assert page.url == f"{twins.url}/duplicates?kind=alike&look=0.97"
    assert ["wide-sea", "wide-sea-light"] in [sorted(group) for group in groups(page)]
    assert not any({"fog", "fog-png"} <= set(group) for group in groups(page))
    page.go_back()
    expect(page.locator(".double")).to_have_count(2)


def test_the_keyboard_reaches_everything(page, twins):
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "kind":
            break
    page.keyboard.press("ArrowRight")
    expect(page.locator("#look-row")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#look")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#look-said")).to_have_text("0.95")
    expect(page).to_have_url(re.compile("look=0.95$"))
    page.locator(".double a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_be_visible()
    page.go_back()
    expect(page.locator("#look-said")).to_have_text("0.95")


def test_the_views_lead_to_each_other(page, twins):
    page.locator(".views a", has_text="Pictures").click()
    expect(page.locator("#grid .card").first).to_be_visible()
    page.locator(".views a", has_text="Duplicates").click()
    expect(page.locator(".double")).to_have_count(2)


def test_it_is_readable_at_both_widths_and_in_both_themes(page, look, shot):
    name = look(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[name=kind][value=alike]").check()
    expect(page.locator("#status")).to_have_text(re.compile("only look alike"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.wait_for_timeout(300)
    shot(page, f"duplicates-{name}")
