"""The page in a real browser: what a person does with it, and that nothing in a library runs or reaches out."""

import base64
import http.client
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PUT = """([data, kind, name, event]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name, { type: kind }));
    if (event === "paste") {
        const pasted = new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true });
        document.activeElement.dispatchEvent(pasted);
        return;
    }
    for (const step of ["dragenter", "dragover", event]) {
        document.body.dispatchEvent(new DragEvent(step, { dataTransfer: carried, bubbles: true, cancelable: true }));
    }
}"""


@pytest.fixture
def page(browser, served):
    """An open page; afterwards nothing may have gone wrong in it, and nothing may have been asked of another host."""
    page = browser.new_page()
    wrong, asked = [], []
    page.on("console", lambda message: wrong.append(said(message)) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.url)
    expect(page.locator("#grid .card")).to_have_count(37)
    yield page
    page.close()
    foreign = [url for url in asked if not url.startswith((served.url + "/", "blob:", "data:"))]
    assert not wrong and not foreign
    assert not [url for url in asked if "ran=" in url]


def said(message):
    return f"{message.text} ({message.location['url']})"


def names(page):
    return page.locator("#grid .card-name").all_text_contents()


def search(page, words, first):
    page.locator("#query").fill(words)
    expect(page.locator("#grid .card-name").first).to_have_text(first)


def put(page, file, event):
    kind = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}.get(file.suffix, "text/plain")
    page.evaluate(PUT, [base64.b64encode(file.read_bytes()).decode(), kind, file.name, event])


def test_the_library_is_shown_and_the_box_is_ready(page):
    expect(page.locator("#query")).to_be_focused()
    expect(page.locator("#status")).to_have_text("37 pictures")
    assert page.title() == "library · Sightline"


def test_typing_finds_and_the_address_says_what_was_asked(page, served):
    page.keyboard.type("credit card", delay=15)
    expect(page.locator("#grid .card-name").first).to_have_text("credit-card")
    expect(page.locator("#grid .card-why").first).to_have_text("by name")
    expect(page.locator("#status")).to_have_text(re.compile(r"^\d+ relevant of 37$"))
    expect(page.locator("#took")).to_contain_text("ms")
    assert page.url == f"{served.url}/?q=credit+card"
    search(page, "red heart", "red-heart")
    page.locator("#clear").click()
    expect(page.locator("#status")).to_have_text("37 pictures")
    page.go_back()
    expect(page.locator("#query")).to_have_value("red heart")
    expect(page.locator("#grid .card-name").first).to_have_text("red-heart")
    page.go_forward()
    expect(page.locator("#query")).to_have_value("")


def test_an_address_can_be_shared(page, served):
    page.goto(f"{served.url}/?q=house")
    expect(page.locator("#grid .card-name").first).to_have_text("house")
    page.goto(f"{served.url}/?like={served.id('red-evening')}")
    expect(page.locator("#chip-name")).to_have_text("Like red-evening")
    page.goto(f"{served.url}/?q=ring&picture={served.id('ring')}")
    expect(page.locator("#detail-name")).to_have_text("ring")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).not_to_be_visible()
    assert page.url == f"{served.url}/?q=ring"


@pytest.mark.parametrize("event", ["drop", "paste"])
@pytest.mark.parametrize("name", ["teal-dot.png", "house.svg"])
def test_a_picture_dropped_or_pasted_finds_itself(page, served, event, name):
    put(page, served.folder / name, event)
    expect(page.locator("#chip-name")).to_have_text(name)
    expect(page).to_have_title(f"{name} · library · Sightline")
    expect(page.locator("#grid .card-name").first).to_have_text(Path(name).stem)
    expect(page.locator("#drop")).not_to_be_visible()
    page.locator("#chip-remove").click()
    expect(page.locator("#status")).to_have_text("37 pictures")


def test_a_picture_can_be_picked_and_svg_source_pasted(page, served):
    page.locator("#file").set_input_files(served.folder / "blue-evening.jpg")
    expect(page.locator("#grid .card-name").first).to_have_text("blue-evening")
    page.evaluate(
        """(text) => {
            const carried = new DataTransfer();
            carried.setData("text/plain", text);
            const pasted = new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true });
            document.body.dispatchEvent(pasted);
        }""",
        (served.folder / "arrow-up.svg").read_text(),
    )
    expect(page.locator("#grid .card-name").first).to_have_text("arrow-up")


def test_a_picture_that_is_too_large_is_not_sent(page):
    page.evaluate(PUT.replace("[bytes]", "[new Uint8Array(33 * 2 ** 20)]"), ["", "image/png", "huge.png", "drop"])
    expect(page.locator("#notice-words")).to_have_text(
        "“huge.png” is larger than 32 MB. Make it smaller and try again."
    )
    page.locator("#notice-close").click()
    expect(page.locator("#notice")).not_to_be_visible()


def test_the_keyboard_does_everything(page):
    search(page, "house", "house")
    page.locator("#less-show").press("Enter")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    cards = page.locator("#grid .card")
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_be_visible()
    expect(page.locator("#detail-name")).to_have_text("house")
    second = cards.nth(1).locator(".card-name").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#detail-name")).to_have_text(second)
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).not_to_be_visible()
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#query")).to_have_value("")
    expect(page.locator("#status")).to_have_text("37 pictures")


def test_a_panel_shows_a_picture_and_leads_to_its_neighbours(page, served, browser):
    browser.grant_permissions(["clipboard-read", "clipboard-write"], origin=served.url)
    search(page, "red evening", "red-evening")
    page.locator("#grid .card").first.click()
    expect(page.locator("#meta")).to_contain_text("320 × 240")
    expect(page.locator("#place")).to_have_text(str(served.folder / "red-evening.jpg"))
    expect(page.locator("#copy-svg")).not_to_be_visible()
    expect(page.locator("#strip .card")).to_have_count(10)
    page.locator("#copy-path").click()
    expect(page.locator("#copy-path")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == str(served.folder / "red-evening.jpg")
    page.locator("#like").click()
    expect(page.locator("#detail")).not_to_be_visible()
    expect(page.locator("#chip-name")).to_have_text("Like red-evening")
    expect(page.locator("#status")).to_have_text("36 of 37")
    assert "orange-evening" in names(page)[:6]
    page.go_back()
    expect(page.locator("#detail-name")).to_have_text("red-evening")
    page.go_back()
    expect(page.locator("#detail")).not_to_be_visible()


def test_svg_source_and_pictures_are_copied(page, served, browser):
    browser.grant_permissions(["clipboard-read", "clipboard-write"], origin=served.url)
    search(page, "ball", "ball")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.locator("#copy-svg").click()
    expect(page.locator("#copy-svg")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == (served.folder / "ball.svg").read_text()
    page.locator("#copy-picture").click()
    expect(page.locator("#copy-picture")).to_have_text("Copied")
    kinds = page.evaluate("navigator.clipboard.read().then((items) => items[0].types)")
    assert kinds == ["image/png"]


def test_a_result_is_dragged_out_as_itself(page, served):
    search(page, "ball", "ball")
    card = page.locator("#grid .card").first
    id = served.id("ball")
    with page.expect_response(f"**/api/pictures/{id}/file"):
        card.hover()
    page.mouse.down()
    expect(card.locator("img")).to_have_attribute("src", f"/api/pictures/{id}/file")
    page.mouse.up()
    page.keyboard.press("Escape")
    carried = card.evaluate(
        """(card) => {
            const carried = new DataTransfer();
            card.dispatchEvent(new DragEvent("dragstart", { dataTransfer: carried, bubbles: true }));
            return Object.fromEntries([...carried.types].map((type) => [type, carried.getData(type)]));
        }"""
    )
    address = f"{served.url}/api/pictures/{id}/file"
    assert carried["text/uri-list"] == address
    assert carried["downloadurl"] == f"image/svg+xml:ball.svg:{address}"
    assert carried["text/plain"] == carried["image/svg+xml"] == (served.folder / "ball.svg").read_text()


def test_black_and_white_pictures_are_seen_in_both_themes(page):
    tiles = {name: page.locator(f'.card[aria-label^="{name}"] .tile') for name in ("ball", "white-moon", "red-dot")}
    for scheme, changed in {"light": ("white-moon", "data-vanishes"), "dark": ("ball", "data-tint")}.items():
        page.emulate_media(color_scheme=scheme)
        for name, tile in tiles.items():
            tile.scroll_into_view_if_needed()
            expect(tile.locator("img")).to_have_attribute("data-ready", "")
            found = [kind for kind in ("data-vanishes", "data-tint") if tile.get_attribute(kind) is not None]
            assert found == ([changed[1]] if name == changed[0] else []), (scheme, name)


def test_the_background_is_chosen_and_remembered(page, served):
    page.locator(".swatch").nth(2).click()
    page.reload()
    tile = page.locator('.card[aria-label^="ball"] .tile')
    expect(tile).to_have_css("background-color", "rgb(0, 0, 0)")
    page.locator("#colour").fill("#336699")
    expect(tile).to_have_css("background-color", "rgb(51, 102, 153)")
    page.locator(".swatch").nth(0).click()


def test_a_script_in_an_svg_never_runs(page, served, browser):
    search(page, "scripted", "scripted")
    page.locator("#grid .card").first.click()
    expect(page.locator("#stage-picture")).to_have_attribute("src", f"/api/pictures/{served.id('scripted')}/file")
    assert page.title() == "scripted · library · Sightline"
    alone = browser.new_page()
    asked, refused = [], []
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    alone.goto(f"{served.url}/api/pictures/{served.id('scripted')}/file")
    alone.wait_for_timeout(300)
    assert alone.title() != "ran" and not [url for url in asked if "ran=" in url]
    # the browser itself stops what the drawing asks for outside: nothing leaves the machine
    assert refused == [("http://elsewhere.example/spy.png", "csp")] and len(asked) == 2
    alone.close()


def test_a_server_that_went_away_is_said_and_its_return_noticed(browser, served):
    page = browser.new_page()
    page.goto(served.url)
    expect(page.locator("#grid .card")).to_have_count(37)
    page.route("**/api/**", lambda route: route.abort())
    page.locator("#query").fill("house")
    expect(page.locator("#notice-words")).to_contain_text("The server does not answer")
    page.unroute("**/api/**")
    expect(page.locator("#grid .card-name").first).to_have_text("house", timeout=20_000)
    expect(page.locator("#notice")).not_to_be_visible()
    page.close()


def test_a_refused_picture_is_said_in_the_servers_words(browser, served, tmp_path):
    (tmp_path / "notes.png").write_text("no picture at all")
    page = browser.new_page()  # the browser itself notes the refusal as an error of the console
    page.goto(f"{served.url}/?q=house")
    expect(page.locator("#grid .card-name").first).to_have_text("house")
    put(page, tmp_path / "notes.png", "drop")
    expect(page.locator("#notice-words")).to_contain_text("“notes.png”: This is not a picture")
    # what was asked before is asked again, and the reason is still there
    expect(page.locator("#query")).to_have_value("house")
    expect(page.locator("#chip")).not_to_be_visible()
    page.locator("#query").fill("ball")
    expect(page.locator("#grid .card-name").first).to_have_text("ball")
    expect(page.locator("#notice")).not_to_be_visible()
    page.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    search(page, "house", "house")
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("#grid .card").first.click()
        expect(page.locator("#strip .card").first).to_be_visible()
        box = page.locator("#detail").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        page.keyboard.press("Escape")
        expect(page.locator("#detail")).not_to_be_visible()


def test_targets_are_large_enough_for_a_finger(page):
    page.set_viewport_size(PHONE)
    page.locator("#query").fill("house")
    small = page.evaluate(
        """() => [...document.querySelectorAll("header button, header a, .swatch")]
            .filter((element) => element.offsetParent)
            .filter((element) => Math.min(element.offsetWidth, element.offsetHeight) < 44)
            .map((element) => element.outerHTML.slice(0, 80))"""
    )
    assert not small


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_looks_like_this(page, served, tmp_path, scheme, size):
    """Pictures of the page, for people: in the folder named by SIGHTLINE_SCREENSHOTS."""
    folder = Path(os.environ.get("SIGHTLINE_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    kind = f"{scheme}-{size['width']}x{size['height']}"
    search(page, "house", "house")
    expect(page.locator("#grid .card img[data-ready]").first).to_be_visible()
    page.wait_for_timeout(150)
    page.screenshot(path=folder / f"search-{kind}.png")
    page.locator("#grid .card").first.click()
    expect(page.locator("#strip .card img[data-ready]").first).to_be_visible()
    page.wait_for_timeout(250)
    page.screenshot(path=folder / f"picture-{kind}.png")
    assert (folder / f"picture-{kind}.png").stat().st_size > 10_000


class Proxy(BaseHTTPRequestHandler):
    """A proxy that has the page below /gallery/photos, takes that off or not, and names itself or the server."""

    protocol_version = "HTTP/1.1"
    port, taken_off, keeps_host = 0, True, True

    def do_GET(self):
        if not self.path.startswith("/gallery/photos"):
            return self.send_error(404)
        path = self.path.removeprefix("/gallery/photos") if self.taken_off else self.path
        headers = {name: value for name, value in self.headers.items() if self.keeps_host or name.lower() != "host"}
        server = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        server.request(self.command, path or "/", body, headers)
        answer = server.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("date", "server", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        server.close()

    do_POST = do_GET

    def log_message(self, *words):
        pass


@pytest.fixture(params=["taken off", "left on"])
def behind(request, serve_few):
    """The address of the page behind a proxy, and the server."""
    off = request.param == "taken off"
    options = {"allow": ["127.0.0.1"]} if off else {"root_path": "/gallery/photos/"}
    served = serve_few(f"behind {request.param}", **options)
    handler = type("Behind", (Proxy,), {"port": served.port, "taken_off": off, "keeps_host": not off})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{proxy.server_port}/gallery/photos", served
    proxy.shutdown()
    proxy.server_close()
    thread.join()


def test_everything_works_below_a_prefix(browser, behind):
    place, served = behind
    page = browser.new_page()
    wrong, asked = [], []
    page.on("console", lambda message: wrong.append(said(message)) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: asked.append(request.url))
    # without the slash it leads to the page where the prefix is known
    page.goto(f"{place}?q=drawing" if served.get("/gallery/photos/").status == 200 else f"{place}/")
    expect(page.locator("#grid .card img[data-ready]")).to_have_count(3)
    search(page, "ball", "ball")
    expect(page).to_have_url(f"{place}/?q=ball")
    expect(page.locator("#grid .card-why").first).to_have_text("by name")
    id = served.id("ball")
    card = page.locator("#grid .card").first
    assert card.get_attribute("href") == f"/gallery/photos/?q=ball&picture={id}"
    card.click()
    expect(page.locator("#stage-picture")).to_have_attribute("src", f"/gallery/photos/api/pictures/{id}/file")
    expect(page.locator("#strip .card")).to_have_count(2)
    expect(page).to_have_url(f"{place}/?q=ball&picture={id}")
    assert page.locator("#save").evaluate("(link) => link.href") == f"{place}/api/pictures/{id}/file"
    page.reload()
    expect(page.locator("#detail-name")).to_have_text("ball")
    page.keyboard.press("Escape")
    put(page, served.folder / "house.svg", "drop")
    expect(page.locator("#chip-name")).to_have_text("house.svg")
    expect(page.locator("#grid .card-name").first).to_have_text("house")
    page.go_back()
    expect(page.locator("#grid .card-name").first).to_have_text("ball")
    carried = page.locator("#grid .card").first.evaluate(
        """(card) => {
            const carried = new DataTransfer();
            card.dispatchEvent(new DragEvent("dragstart", { dataTransfer: carried, bubbles: true }));
            return carried.getData("text/uri-list");
        }"""
    )
    assert carried == f"{place}/api/pictures/{id}/file"
    page.locator("#home").click()
    expect(page).to_have_url(f"{place}/")
    assert page.locator("#home").evaluate("(link) => link.href") == f"{place}/"
    page.close()
    assert not wrong and not [url for url in asked if not url.startswith((f"{place}/", f"{place}?", "blob:", "data:"))]
