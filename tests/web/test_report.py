"""The page of `sightline measure` in a real browser: whole, quiet, as wide as the window, and its arithmetic right."""

import json

import made_report
import pytest
from browsers import executable
from playwright.sync_api import expect, sync_playwright
from scipy.stats import binomtest

from sightline.measure.report.json_form import as_json
from sightline.measure.report.page import page, write_page

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SECTIONS = (
    "summary scores cost graphics beyond domains blind neighbours pairs words tokens clusters gallery failures metrics "
    "differences absent protocol"
).split()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=executable(), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield made
        made.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The whole page, with everything that can stand on it."""
    report = made_report.report()
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_page(path, page(report, as_json(report, versions={"sightline": "0"}), made_report.exhibits()))
    return path


@pytest.fixture(scope="module", params=[(DESKTOP, "light"), (PHONE, "light"), (DESKTOP, "dark"), (PHONE, "dark")])
def opened(request, browser, written):
    """The page; afterwards nothing may have gone wrong in it, and nothing may have been asked of anybody."""
    size, scheme = request.param
    yield from opening(browser, written, size, scheme)


@pytest.fixture(scope="module")
def desk(browser, written):
    yield from opening(browser, written, DESKTOP, "light")


def opening(browser, path, size, scheme):
    context = browser.new_context(viewport=size, color_scheme=scheme)
    context.set_default_timeout(60_000)
    shown = context.new_page()
    wrong, asked = [], []
    shown.on("console", lambda message: wrong.append(message.text))
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(path.as_uri())
    yield shown
    context.close()
    assert not wrong
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]


def test_every_section_is_there_and_nothing_is_wider_than_the_window(opened):
    for anchor in SECTIONS:
        section = opened.locator(f"section#{anchor}")
        expect(section).to_be_visible()
        assert section.locator("h2").text_content()
        assert opened.locator(f'nav a[href="#{anchor}"]').count() == 1
    assert opened.locator("section").count() == len(SECTIONS)
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # what sticks out of its section is in a frame that scrolls
    outside = opened.evaluate(
        """() => [...document.querySelectorAll("main *")]
            .filter((one) => !one.closest(".frame, svg, details:not([open])"))
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
            .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert outside == []


def test_dark_and_light_are_told_apart_and_text_stands_out_from_both(opened):
    ground, text = opened.evaluate(
        "() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    dark = opened.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    bright = [sum(int(v) for v in colour[4:-1].split(",")) / 765 for colour in (ground, text)]
    assert (bright[0] < 0.2 and bright[1] > 0.8) if dark else (bright[0] > 0.8 and bright[1] < 0.2)


def test_names_from_outside_are_text(desk):
    assert made_report.HOSTILE in desk.locator("h1").text_content()
    assert desk.locator("main img").count() == 0 and desk.locator("script").count() == 1


def test_every_picture_is_in_the_file_once_and_shown(desk, written):
    text = written.read_text(encoding="utf-8")
    addresses = [line for line in text.splitlines() if line.startswith(".p") and "url(data:" in line]
    assert len(set(addresses)) == len(addresses) > 100 and len(text) < 8e6
    used = desk.evaluate("new Set([...document.querySelectorAll('[class]')].flatMap(e => [...e.classList])).size")
    assert used > 100


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (20, 0), (0, 20), (14, 6), (15, 5), (10, 10), (3, 1), (1, 0)])
def test_the_verdict_agrees_with_scipy(desk, wins, losses):
    low, high = desk.evaluate("([w, l]) => clopperPearson(w, l)", [wins, losses])
    chance = desk.evaluate("([w, l]) => signTest(w, l)", [wins, losses])
    said = desk.evaluate("([w, l]) => verdict(['one', 'other'], w, l, 0)", [wins, losses])
    if not wins + losses:
        assert (low, high, chance) == (0, 1, 1) and "no difference" in said
        return
    expected = binomtest(wins, wins + losses, 0.5)
    interval = expected.proportion_ci(0.95, method="exact")
    assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert chance == pytest.approx(expected.pvalue, rel=1e-9)
    real = not interval.low <= 0.5 <= interval.high
    assert real == (expected.pvalue < 0.05) == ("really better" in said)


def test_twenty_clicks_and_keys_give_a_verdict_of_the_encoder_behind_the_side(desk):
    blind = desk.locator(".blind")
    said = json.loads(blind.get_attribute("data-questions"))
    assert not any(name in blind.inner_text() for name in said["names"])
    assert len(said["rounds"]) == 20
    # the first encoder's side for 15 queries, the other's for 3, no difference for 2; by click and key in turn
    for turn, (_, left, right, first) in enumerate(said["rounds"]):
        expect(blind.locator(".at")).to_have_text(f"{turn + 1} of 20")
        for side, numbers in enumerate((left, right)):
            shown = blind.locator(".side").nth(side).locator(".cell")
            assert [shown.nth(i).get_attribute("class").split()[-1] for i in range(6)] == [f"p{n}" for n in numbers]
        chosen = first if turn < 15 else 1 - first
        if turn >= 18:
            blind.locator(".none").click()
        elif turn % 2:
            blind.locator(".side").nth(chosen).click()
        else:
            blind.locator(".side").nth(chosen).scroll_into_view_if_needed()
            desk.keyboard.press("12"[chosen])
    verdict = blind.locator(".verdict")
    one, other = said["names"]
    expect(verdict).to_contain_text(f"{one} is really better than {other}: {one} was better in 15 of 18 decided")
    expect(verdict).to_contain_text("2 without a difference")
    blind.locator(".again").click()
    expect(blind.locator(".at")).to_have_text("1 of 20")


def test_it_prints(desk):
    desk.emulate_media(media="print")
    try:
        assert desk.locator("nav").is_hidden()
        assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        desk.emulate_media(media="screen")


def test_without_anything_to_show_there_is_no_script(browser, tmp_path):
    path = tmp_path / "bare.html"
    text = page(made_report.report(("clip", "pixels", "random")))
    write_page(path, text)
    assert "<script" not in text and "script-src" not in text
    for shown in opening(browser, path, PHONE, "light"):
        assert shown.locator("section#neighbours").count() == 0
        expect(shown.locator("section#summary")).to_be_visible()
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
