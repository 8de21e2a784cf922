"""Explanations on the page: by key, by the switch, at both widths, in both themes."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(browser, served):
    page = browser.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(served.url)
    expect(page.locator("#grid .card")).to_have_count(37)
    yield page
    page.close()
    assert not wrong


def painted(page, at=0):
    """The share of a heat map's pixels that are painted."""
    return (
        page.locator("canvas.explain")
        .nth(at)
        .evaluate(
            """(canvas) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let some = 0;
            for (let at = 3; at < data.length; at += 4) some += data[at] > 20;
            return some / (data.length / 4);
        }"""
        )
    )


def ask(page, words="red dot"):
    page.locator("#query").fill(words)
    expect(page.locator("#grid .card-name").first).to_have_text("red-dot")


def test_by_keyboard_alone_a_result_is_explained_and_said(page):
    expect(page.locator("#explain")).not_to_be_visible()
    page.keyboard.type("red dot", delay=10)
    expect(page.locator("#grid .card-name").first).to_have_text("red-dot")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#grid .card").first).to_be_focused()
    page.keyboard.press("e")
    expect(page.locator("canvas.explain")).to_have_count(1)
    expect(page.locator("#views .unseen")).to_have_text(re.compile("^red-dot: the part that says most is "))
    assert 0.02 < painted(page) < 0.6
    page.keyboard.press("e")
    expect(page.locator("canvas.explain")).to_have_count(0)


def test_the_letter_e_in_the_box_stays_a_letter(page):
    ask(page)
    page.locator("#query").press("End")
    page.keyboard.type(" e")
    expect(page.locator("#query")).to_have_value("red dot e")
    expect(page.locator("canvas.explain")).to_have_count(0)


def test_another_question_takes_the_maps_away_and_the_switch_makes_new_ones(page):
    ask(page)
    page.locator("#explain").click()
    expect(page.locator("#explain")).to_have_attribute("aria-pressed", "true")
    cards = page.locator("#grid .card")
    expect(page.locator("canvas.explain")).to_have_count(cards.count(), timeout=20_000)
    page.locator("#query").fill("blue")
    expect(page.locator("#grid .card-name").first).to_have_text(re.compile("blue"))
    expect(page.locator("#grid .card").first.locator("canvas.explain")).to_have_count(1, timeout=20_000)
    page.locator("#explain").click()
    expect(page.locator("canvas.explain")).to_have_count(0)


def test_another_question_or_the_key_in_the_middle_of_an_explanation_does_not_end_the_others(page):
    held = []
    page.route("**/explain?*", lambda route: held.append(route) if not held else route.continue_())
    ask(page)
    page.locator("#explain").click()
    expect(page.locator("[data-explaining]")).to_have_count(1)
    page.locator("#query").fill("blue")
    expect(page.locator("#grid .card-name").first).to_have_text(re.compile("blue"))
    cards = page.locator("#grid .card")
    expect(page.locator("canvas.explain")).to_have_count(cards.count(), timeout=20_000)
    held.clear()
    page.locator("#query").fill("red dot")
    expect(page.locator("#grid .card-name").first).to_have_text("red-dot")
    page.locator("#query").press("ArrowDown")
    page.keyboard.press("e")
    expect(page.locator("canvas.explain")).to_have_count(cards.count(), timeout=20_000)
    expect(page.locator("[data-explaining]")).to_have_count(0)


def test_pictures_like_another_are_explained(page, served):
    page.goto(f"{served.url}/?like={served.id('red-evening')}")
    expect(page.locator("#chip-name")).to_have_text("Like red-evening")
    page.locator("#query").blur()
    page.locator("#grid .card").first.hover()
    page.keyboard.press("e")
    expect(page.locator("canvas.explain")).to_have_count(1)


def test_the_switch_is_there_at_both_widths_and_nothing_runs_over(page, look, shot):
    name = look(page)
    ask(page)
    page.locator("#explain").click()
    expect(page.locator("canvas.explain").first).to_be_visible(timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.wait_for_timeout(1000)
    shot(page, f"explain-{name}")
