"""The map: made, moved, and used by keyboard alone, at both widths, in both themes."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(browser, served):
    page = browser.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{served.url}/map")
    expect(page.locator("#map[data-ready]")).to_be_visible(timeout=60_000)
    yield page
    page.close()
    assert not wrong


def wait_for(page, name, enough):
    """Until the map's count is enough; asked from here, since the page lets no string be evaluated in it."""
    for _ in range(300):
        if enough(int(page.locator("#map").get_attribute(f"data-{name}") or -1)):
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.locator("#map").get_attribute(f"data-{name}"))


def painted(page):
    """How many pixels of the points' canvas are painted."""
    return page.evaluate(
        """() => new Promise((done) => requestAnimationFrame(() => {
            const canvas = new OffscreenCanvas(200, 200);
            const pen = canvas.getContext("2d");
            pen.drawImage(document.querySelector("#thumbs"), 0, 0, 200, 200);
            const { data } = pen.getImageData(0, 0, 200, 200);
            let some = 0;
            for (let at = 3; at < data.length; at += 4) some += data[at] > 0;
            done(some);
        }))"""
    )


def test_by_keyboard_alone_one_goes_from_picture_to_picture_and_opens_it(page, served):
    expect(page.locator("#status")).to_have_text(re.compile("^37 pictures; those that look alike"))
    expect(page.locator("#map")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#status")).not_to_contain_text("pictures")
    first = page.locator("#status").inner_text()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#status")).not_to_have_text(first)
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile(r"at=.*on=\d+"))
    name = page.locator("#status").inner_text()
    here = page.url
    page.keyboard.press("Enter")
    expect(page.locator("#detail-name")).to_have_text(name, timeout=20_000)
    page.go_back()
    expect(page.locator("#map[data-ready]")).to_be_visible(timeout=20_000)
    expect(page.locator("#status")).to_have_text(name, timeout=20_000)
    assert page.url == here
    page.keyboard.press("0")
    expect(page).to_have_url(re.compile(r"/map\?on=\d+$"))


def test_a_click_opens_the_picture_under_it_and_a_drag_moves_the_map(page, served):
    box = page.locator("#map").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 120, middle[1] + 40, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("at=-0"))
    page.mouse.wheel(0, -600)
    expect(page).to_have_url(re.compile(r"at=[-\d.]+%2C[-\d.]+%2C[2-9]"))
    page.locator("#all").click()
    page.locator("#map").focus()
    page.keyboard.press("ArrowRight")
    where = page.evaluate(
        """async () => {
            const { MapData } = await import("/static/map/data.js");
            const data = new MapData(await (await fetch("/api/map/points")).arrayBuffer());
            const box = document.querySelector("#map").getBoundingClientRect();
            const scale = Math.min(box.width, box.height) / 2 - 32;
            const at = 5;
            const [x, y] = data.xy.subarray(2 * at, 2 * at + 2);
            return [box.left + box.width / 2 + x * scale, box.top + box.height / 2 - y * scale];
        }"""
    )
    page.keyboard.press("0")
    page.mouse.click(*where)
    expect(page.locator("#detail")).to_be_visible()


def test_thumbnails_come_where_there_is_room(page):
    wait_for(page, "thumbs", lambda count: count > 5)
    assert painted(page) > 500
    for _ in range(6):
        page.keyboard.press("+")
    wait_for(page, "visible", lambda count: 0 <= count < 37)


def test_it_is_whole_at_both_widths_and_in_both_themes(page, look, shot):
    name = look(page)
    page.keyboard.press("0")
    wait_for(page, "thumbs", lambda count: count > 3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in ("#in", "#out", "#all"):
        expect(page.locator(button)).to_be_in_viewport()
    page.wait_for_timeout(600)
    shot(page, f"map-{name}")
