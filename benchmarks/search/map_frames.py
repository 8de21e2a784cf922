"""How smooth the map of a library is: the times between frames while it is moved and zoomed, in headless Chromium.

    python benchmarks/search/map_frames.py --points 10000 100000 --seconds 6

The page is served as `sightline serve` serves it, over a library of three pictures; what it asks of the map is answered
with points of clusters drawn at random, and every thumbnail with one small picture. There is no graphics card, so the
page writes pixels; with --webgl it is made to draw by WebGL all the same, which SwiftShader does on the CPU. Every
frame the map is moved by a few pixels, and zoomed in and out once over the whole range; p50 and p95 are of the
milliseconds between two frames, `late` is the share of frames that took more than 33.4 ms (30 a second), `cpu` the
milliseconds of all cores that a frame costs the whole browser, which tells more where a machine has other things to do.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "checking"))

MOVE = """async ([seconds]) => {
    const map = document.querySelector("#map");
    const box = map.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const send = (kind, Type, more) =>
        map.dispatchEvent(new Type(kind, { clientX: x, clientY: y, bubbles: true, cancelable: true, ...more }));
    const times = [];
    const start = performance.now();
    let last = start;
    let thumbs = 0;
    const ways = ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"];
    while (performance.now() - start < 1000 * seconds) {
        const part = (performance.now() - start) / (1000 * seconds);
        // in to where thumbnails are, and out again
        send("wheel", WheelEvent, { deltaY: part < 0.5 ? -12 : 12 });
        send("keydown", KeyboardEvent, { key: ways[Math.floor(part * 8) % 4], shiftKey: true });
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - last);
        last = now;
        thumbs = Math.max(thumbs, Number(map.dataset.thumbs));
    }
    return { times, thumbs, layer: map.dataset.layer };
}"""


WEBGL = """const get = WebGLRenderingContext.prototype.getParameter;
WebGLRenderingContext.prototype.getParameter = function (name) {
    return name === 0x9246 ? "a card" : get.call(this, name);
};"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--webgl", action="store_true")
    parser.add_argument("--shots", type=Path, help="a folder for screenshots")
    options = parser.parse_args()
    columns = "points | width x height | frames | p50 ms | p95 ms | late | frames a second | cpu ms | thumbs | layer"
    print(f"| {columns} |\n" + "| --- " * 10 + "|")
    with tempfile.TemporaryDirectory() as folder:
        for url in served(Path(folder)):
            for size in ({"width": 1280, "height": 800}, {"width": 390, "height": 844}):
                for n in options.points:
                    report(n, size, measured(url, n, size, options))


def report(n: int, size: dict[str, int], found: dict[str, Any]) -> None:
    times = np.array(found["times"][3:])
    p50, p95 = np.percentile(times, (50, 95))
    print(
        f"| {n:,} | {size['width']} x {size['height']} | {len(times)} | {p50:.1f} | {p95:.1f} | "
        f"{(times > 33.4).mean():.2f} | {1000 / times.mean():.0f} | {found['cpu']:.1f} | {found['thumbs']} | "
        f"{found['layer']} |",
        flush=True,
    )


def served(folder: Path) -> Any:
    """Yields the address of a page over three pictures."""
    from PIL import Image

    from sightline.data.sources.source import open_source
    from sightline.search.encoder import open_encoder
    from sightline.search.index import Index
    from sightline.web.app import make_app
    from sightline.web.server import Server, listen, url

    (folder / "pictures").mkdir()
    for name, colour in {"red": (200, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 210)}.items():
        Image.new("RGB", (64, 64), colour).save(folder / "pictures" / f"{name}.png")
    encoder = open_encoder("builtin:icons")
    with Index(folder / "library.db") as index:
        index.add(open_source(str(folder / "pictures")), encoder)
        bound, ready = listen("127.0.0.1", 0), threading.Event()
        server = Server(make_app(index, encoder), ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        ready.wait(30)
        yield url(bound)
        server.should_exit = True
        thread.join(20)


def measured(url: str, n: int, size: Any, options: Any) -> dict[str, Any]:
    from browsers import executable
    from playwright.sync_api import sync_playwright

    state = {"format": 2, "state": "ready", "share": 0, "pictures": n, "added": 0, "worn": False, "failed": None}
    with sync_playwright() as playwright:
        gl = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        gl = ["--no-sandbox", *(gl if options.webgl else ["--disable-gpu"])]
        profile = tempfile.mkdtemp()
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=executable(), args=[*gl, "--disable-background-networking"], viewport=size
        )
        page = browser.new_page()
        if options.webgl:
            page.add_init_script(WEBGL)
        page.route("**/api/map", lambda route: route.fulfill(body=json.dumps(state), content_type="application/json"))
        page.route("**/api/map/points", lambda route: route.fulfill(body=points(n)))
        page.route("**/thumb", lambda route: route.fulfill(body=thumb(), content_type="image/png"))
        page.goto(f"{url}/map")
        page.wait_for_selector("#map[data-ready]", timeout=60_000)
        before = spent(profile)
        found = page.evaluate(MOVE, [options.seconds])
        found["cpu"] = 1000 * (spent(profile) - before) / len(found["times"])
        if options.shots:
            page.keyboard.press("0")
            page.wait_for_timeout(500)
            page.screenshot(path=options.shots / f"map-{n}-{size['width']}.png")
            for _ in range(9):
                page.keyboard.press("+")
            page.wait_for_timeout(2500)
            page.screenshot(path=options.shots / f"map-{n}-{size['width']}-near.png")
        browser.close()
    return found


def spent(profile: str) -> float:
    """Seconds of processor time of all processes of a browser, by its profile and whose children they are."""
    stats = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, _, rest = (place / "stat").read_text().rpartition(")")
            mine = profile.encode() in (place / "cmdline").read_bytes()
            stats[int(place.name)] = (mine, int(rest.split()[1]), sum(map(int, rest.split()[11:13])))
    found = {pid for pid, (mine, *_) in stats.items() if mine}
    while more := {pid for pid, (_, parent, _) in stats.items() if parent in found} - found:
        found |= more
    return sum(stats[pid][2] for pid in found) / os.sysconf("SC_CLK_TCK")


def points(n: int) -> bytes:
    random = np.random.default_rng(0)
    middles = random.uniform(-0.9, 0.9, (200, 2))
    of = random.integers(0, len(middles), n)
    xy = (middles[of] + 0.04 * random.standard_normal((n, 2))).clip(-1, 1).astype("<f4")
    colours = np.concatenate([random.integers(0, 256, (200, 3))[of], np.full((n, 1), 255)], 1).astype(np.uint8)
    return np.arange(1, n + 1).astype("<f8").tobytes() + xy.tobytes() + colours.tobytes()


def thumb() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 160)).save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
