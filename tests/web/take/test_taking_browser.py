"""The page in a real browser: selecting, taking along, drawings in other colours, sizes, and the token."""

import io
import os
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
DRAGGED = """(card) => {
    const carried = new DataTransfer();
    card.dispatchEvent(new DragEvent("dragstart", { dataTransfer: carried, bubbles: true }));
    return Object.fromEntries([...carried.types].map((type) => [type, carried.getData(type)]));
}"""
INK = """(image) => {
    const canvas = new OffscreenCanvas(64, 64).getContext("2d");
    canvas.drawImage(image, 0, 0, 64, 64);
    const pixels = canvas.getImageData(0, 0, 64, 64).data;
    const found = new Set();
    for (let at = 0; at < pixels.length; at += 4)
        if (pixels[at + 3] === 255) found.add([pixels[at], pixels[at + 1], pixels[at + 2]].join());
    return [...found];
}"""
DRAWN = {
    "lined": '<g fill="none" stroke="currentColor" stroke-width="2"><path d="M4 4h16v12"/></g>',
    "mixed": '<g fill="currentColor"><path d="M2 2h10v10H2z"/><path fill="#d22" d="M12 12h10v10H12z"/></g>',
    "black": '<path d="M12 2 22 11h-3v11H5V11H2z"/>',
    "card": '<path d="M1 5h22v14H1z"/><path d="M1 9h22" stroke="#fff" stroke-width="3"/>',
    "navy": '<path fill="#000080" d="M4 4h16v16H4z"/>',
    "heart": '<path fill="#d22" d="M12 21C4 15 2 11 2 8a5 5 0 0 1 10-2 5 5 0 0 1 10 2c0 3-2 7-10 13z"/>',
}


@pytest.fixture(scope="module")
def drawings(serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawings")
    for name, shape in DRAWN.items():
        own = 'width="48" height="24" ' if name == "card" else ""
        (folder / f"{name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" {own}viewBox="0 0 24 24">{shape}</svg>'
        )
    return serve(folder)


def opening(browser, served, count):
    page = browser.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(served.url)
    expect(page.locator("#grid .card")).to_have_count(count)
    yield page
    page.evaluate("localStorage.clear()")
    page.close()
    assert not wrong


@pytest.fixture
def page(browser, served):
    yield from opening(browser, served, 37)


@pytest.fixture
def drawn(browser, drawings):
    yield from opening(browser, drawings, 6)


def card(page, name):
    return page.locator(f'#grid .card[aria-label^="{name}"]')


def selected(page):
    return [name.removesuffix(", selected") for name in page.locator("#grid [data-selected] .card").evaluate_all(
        "(cards) => cards.map((card) => card.getAttribute('aria-label'))")]  # fmt: skip


def test_clicks_with_ctrl_and_shift_and_a_button_of_its_own_select(page):
    card(page, "arrow-up").click(modifiers=["Control"])
    card(page, "bar-chart").click(modifiers=["Shift"])
    assert selected(page) == ["arrow-up", "ball", "bar-chart"]
    expect(page.locator("#bar-count")).to_have_text("3 selected")
    expect(page.locator("#picked")).to_have_text("3 selected")
    expect(page.locator("#bar")).to_have_css("padding", "8px 8px 8px 20px")  # of its own, not of another page's bar
    card(page, "ball").click(modifiers=["Control"])
    assert selected(page) == ["arrow-up", "bar-chart"]
    cross = page.get_by_role("button", name="Select cross")
    cross.click()
    expect(cross).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#detail")).not_to_be_visible()
    # it stays while something else is searched for
    page.locator("#query").fill("cross")
    expect(page.locator("#grid .card").first).to_have_attribute("aria-label", "cross, by name, selected")
    expect(page.locator("#bar-count")).to_have_text("3 selected")
    page.locator("#bar-clear").click()
    expect(page.locator("#bar")).not_to_be_visible()
    assert not selected(page)


def test_the_keyboard_selects(page):
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert selected(page) == ["arrow-down"]
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    assert selected(page) == ["arrow-down", "arrow-up", "ball", "bar-chart"]
    expect(page.locator("#grid .card").nth(3)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#bar-count")).to_have_text("3 selected")
    page.keyboard.press("Control+a")
    expect(page.locator("#bar-count")).to_have_text("37 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#bar")).not_to_be_visible()
    expect(page.locator("#picked")).to_have_text("Nothing selected")
    # in the box the same keys are for its words
    page.keyboard.press("/")
    page.keyboard.type("a b")
    page.keyboard.press("Control+a")
    expect(page.locator("#bar")).not_to_be_visible()
    expect(page.locator("#query")).to_have_value("a b")


def test_by_keyboard_alone_a_selection_is_taken_along_and_let_go(page):
    for key in ("ArrowDown", "Shift+ArrowRight", "Tab"):
        page.keyboard.press(key)
    expect(page.locator("#bar-zip")).to_be_focused()
    with page.expect_download() as begun:
        page.keyboard.press("Enter")
    assert len(zipfile.ZipFile(begun.value.path()).namelist()) == 2
    for name in ("sprite", "clear"):
        page.keyboard.press("Tab")
        expect(page.locator(f"#bar-{name}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#bar")).not_to_be_visible()
    expect(page.locator("#grid .card").first).to_be_focused()


def test_a_selection_is_downloaded_as_a_zip_and_as_a_sprite(page, served):
    for name in ("ball", "red-dot", "scripted"):
        card(page, name).click(modifiers=["Control"])
    with page.expect_download() as begun:
        page.locator("#bar-zip").click()
    archive = zipfile.ZipFile(begun.value.path())
    assert sorted(archive.namelist()) == ["ball.svg", "red-dot.png", "scripted.svg"]
    assert begun.value.suggested_filename == "library.zip"
    assert archive.read("ball.svg") == (served.folder / "ball.svg").read_bytes()
    with page.expect_download() as begun:
        page.locator("#bar-sprite").click()
    text = Path(begun.value.path()).read_text()
    assert [one.get("id") for one in ET.fromstring(text)] == ["ball", "scripted"] and "onload" not in text


def test_where_no_address_so_long_is_taken_the_numbers_are_sent_in_a_body(browser, served):
    page = browser.new_page()
    page.goto(served.url)
    page.route("**/api/zip?*", lambda route: route.fulfill(status=414))
    card(page, "ball").click(modifiers=["Control"])
    with page.expect_download() as begun:
        page.locator("#bar-zip").click()
    assert zipfile.ZipFile(begun.value.path()).namelist() == ["ball.svg"]
    assert begun.value.suggested_filename == "pictures.zip"
    page.close()


def test_several_are_dragged_out_together(page, served):
    names = ("arrow-up", "ball", "bar-chart")
    for name in names:
        card(page, name).click(modifiers=["Control"])
    carried = card(page, "ball").evaluate(DRAGGED)
    ids = [served.id(name) for name in names]
    assert carried["text/uri-list"].split("\r\n") == [f"{served.url}/api/pictures/{id}/file" for id in ids]
    assert carried["text/plain"].split("\n") == [str(served.folder / f"{name}.svg") for name in names]
    address = carried["downloadurl"].removeprefix("application/zip:pictures.zip:")
    assert zipfile.ZipFile(io.BytesIO(served.get(address.removeprefix(served.url)).body)).testzip() is None
    # one that is not selected goes alone
    assert "\r\n" not in card(page, "cross").evaluate(DRAGGED)["text/uri-list"]


def test_black_drawings_are_tinted_in_the_dark_and_colours_are_not(drawn):
    drawn.emulate_media(color_scheme="dark")
    tinted = {"lined", "black"}
    for name in DRAWN:
        tile = card(drawn, name).locator(".tile")
        expect(tile.locator("img")).to_have_attribute("data-ready", "")
        assert (tile.get_attribute("data-tint") is not None) == (name in tinted), name
        assert (tile.get_attribute("data-vanishes") is not None) == (name in {"card", "mixed", "navy"}), name
    expect(card(drawn, "black").locator("img")).to_have_css("filter", "invert(0.93)")
    card(drawn, "black").click()
    stage, own = drawn.locator("#stage"), drawn.locator("#own-colours")
    expect(stage).to_have_attribute("data-tint", "")
    expect(own).to_have_attribute("aria-pressed", "false")
    own.click()
    expect(stage).to_have_attribute("data-vanishes", "")
    expect(own).to_have_attribute("aria-pressed", "true")
    own.click()
    expect(stage).to_have_attribute("data-tint", "")
    drawn.keyboard.press("Escape")
    drawn.emulate_media(color_scheme="light")
    expect(card(drawn, "black").locator("img")).to_have_css("filter", "none")


def test_a_drawing_that_follows_the_text_in_part_is_drawn_so_in_the_dark(drawn):
    drawn.emulate_media(color_scheme="dark")
    card(drawn, "mixed").click()
    picture = drawn.locator("#stage-picture")
    expect(picture).to_have_attribute("src", re.compile("as=svg&color=%23ededf1$"))
    expect(picture).to_have_attribute("data-ready", "")
    assert set(picture.evaluate(INK)) == {"237,237,241", "221,34,34"}
    # what is taken along has its own colours
    assert drawn.locator("#save").get_attribute("href").endswith("/file")
    drawn.locator("#own-colours").click()
    expect(picture).to_have_attribute("src", re.compile("/file$"))
    expect(drawn.locator("#own-colours")).to_have_attribute("aria-pressed", "true")
    drawn.locator("#own-colours").click()
    expect(picture).to_have_attribute("src", re.compile("color=%23ededf1$"))


def test_a_drawing_is_shown_at_its_own_size_and_that_is_remembered(drawn):
    card(drawn, "black").click()
    own = drawn.locator("#own-size")
    expect(own).to_have_text("24 × 24")
    expect(drawn.locator("#meta")).to_contain_text("SVG · 24 × 24 ·")
    expect(drawn.locator("#stage-picture")).to_have_attribute("src", re.compile("/file$"))
    wide = drawn.locator("#stage-picture").bounding_box()["width"]
    own.click()
    expect(own).to_have_attribute("aria-pressed", "true")
    box = drawn.locator("#stage-picture").bounding_box()
    assert (box["width"], box["height"]) == (24, 24) and wide > 200
    drawn.reload()
    expect(own).to_have_attribute("aria-pressed", "true")
    drawn.keyboard.press("Escape")
    card(drawn, "card").click()
    expect(own).to_have_text("48 × 24")
    expect(drawn.locator("#stage-picture")).to_have_css("max-width", "48px")


def test_a_drawing_is_recoloured_and_copied_in_every_form(drawn, drawings, browser):
    browser.grant_permissions(["clipboard-read", "clipboard-write"], origin=drawings.url)
    card(drawn, "lined").click()
    expect(drawn.locator("#copy-jsx")).to_be_visible()
    drawn.locator("#recolour").fill("#cc0033")
    picture = drawn.locator("#stage-picture")
    expect(picture).to_have_attribute("src", re.compile("color=%23cc0033$"))
    expect(picture).to_have_attribute("data-ready", "")
    assert picture.evaluate(INK) == ["204,0,51"]
    expect(drawn.locator("#save")).to_have_attribute("href", re.compile("color=%23cc0033$"))
    begins = {"svg": "<svg xmlns", "symbol": '<symbol id="lined" viewBox="0 0 24 24"', "jsx": "<svg xmlns"}
    for form, start in begins.items():
        drawn.locator(f"#copy-{form}").click()
        expect(drawn.locator(f"#copy-{form}")).to_have_text("Copied")
        text = drawn.evaluate("navigator.clipboard.readText()")
        assert text.startswith(start) and "#cc0033" in text and ("strokeWidth" in text) == (form == "jsx")
    drawn.locator("#own-colours").click()
    expect(picture).to_have_attribute("src", re.compile("/file$"))
    expect(drawn.locator("#copy-symbol")).to_have_text("Copy symbol")  # what was said of the copy before is gone
    drawn.locator("#copy-symbol").click()
    expect(drawn.locator("#copy-symbol")).to_have_text("Copied")
    assert "currentColor" in drawn.evaluate("navigator.clipboard.readText()")
    # of two colours of its own there is none to exchange, and another picture begins anew
    drawn.keyboard.press("Escape")
    card(drawn, "card").click()
    expect(drawn.locator("#copy-jsx")).to_be_visible()
    expect(drawn.locator("#paint")).not_to_be_visible()


def test_the_size_of_the_pictures_is_chosen_by_keyboard_and_remembered(drawn):
    slider = drawn.get_by_role("slider", name="Size of the pictures")
    width = lambda: drawn.locator("#grid .tile").first.bounding_box()["width"]  # noqa: E731
    before = width()
    slider.focus()
    for _ in range(2):
        drawn.keyboard.press("ArrowRight")
    assert width() > before and "pixels wide" in slider.get_attribute("aria-valuetext")
    larger = width()
    drawn.reload()
    expect(drawn.locator("#grid .card")).to_have_count(6)
    assert width() == larger
    slider.focus()
    drawn.keyboard.press("Home")
    drawn.set_viewport_size(PHONE)
    assert width() < 90 and drawn.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_library_with_a_token_is_opened_by_its_address_and_by_hand(browser, serve_few):
    served = serve_few("in the browser", token="open-sesame_1")
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append((request.url, request.headers)))
    page.goto(f"{served.url}/?q=ball")
    expect(page.get_by_role("heading")).to_have_text("This library asks for its token")
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.type("not-the-token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the token of this library.")
    page.goto(f"{served.url}/?q=ball#token=open-sesame_1")
    expect(page.locator("#grid .card-name").first).to_have_text("ball")
    assert page.url == f"{served.url}/?q=ball"
    page.goto(f"{served.url}/#token=open-sesame_1")
    expect(page.locator("#grid .card")).to_have_count(3)
    assert page.url == f"{served.url}/"
    assert not [url for url, headers in asked if "sesame" in url.partition("#")[0] or "sesame" in str(headers)]
    page.close()
    browser.clear_cookies()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nobody_is_shut_out_and_it_looks_like_this(drawn, page, serve_few, tmp_path, browser, axe, scheme, size):
    """No serious violation by axe-core in any state; pictures, for people, in the folder of SIGHTLINE_SCREENSHOTS."""
    folder = Path(os.environ.get("SIGHTLINE_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def look(shown, state):
        # nothing is still fading in: half seen, it would have too little contrast
        shown.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))")
        shown.screenshot(path=folder / f"{state}-{scheme}-{size['width']}.png")
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not axe(shown), state

    for one in (drawn, page):
        one.set_viewport_size(size)
        one.emulate_media(color_scheme=scheme)
        one.reload()
    expect(page.locator("#grid .card img[data-ready]").first).to_be_visible()
    look(page, "library")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    look(page, "selected")
    page.locator("#query").fill("red")
    expect(page.locator("#grid .heading, #less").first).to_be_visible()
    look(page, "searched")
    page.locator("#query").fill("xqzv")
    expect(page.locator("#nothing")).to_be_visible()
    look(page, "nothing")
    for name in ("mixed", "lined"):
        card(drawn, name).click()
        expect(drawn.locator("#strip .card img[data-ready]").first).to_be_visible()
        expect(drawn.locator("#copy-jsx")).to_be_visible()
        expect(drawn.locator("#strip .card img:not([data-ready])")).to_have_count(0)
        look(drawn, name)
        drawn.keyboard.press("Escape")
    door = browser.new_page()
    door.set_viewport_size(size)
    door.emulate_media(color_scheme=scheme)
    door.goto(serve_few("in the browser", token="open-sesame_1").url)
    expect(door.locator("#token")).to_be_focused()
    look(door, "token")
    door.close()
