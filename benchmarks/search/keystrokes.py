"""How long somebody waits who types: from the last key to the first results painted, in a real browser.

    python benchmarks/search/keystrokes.py icons.db [--queries 40] [--browser /usr/bin/chromium]

The library is served by a process of its own. Every query is typed a key each 60 ms into the page's box, as somebody
types; from the last key on, the page's own pause (80 ms), the search, and the drawing of the cards and thumbnails of
the first row are waited for, until the frame in which they stand is through. Milliseconds, median and 95th percentile.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

WORDS = "arrow heart credit card home user chart map bell lock cloud star camera music file warning phone mail sun key"
ARMED = """() => {
    window.typed = new Promise((done) => {
        const grid = document.querySelector("#grid");
        let last = 0;
        document.querySelector("#query").addEventListener("input", () => { last = performance.now(); });
        const watch = new MutationObserver(() => {
            const asked = new URLSearchParams(location.search).get("q");
            if (asked !== document.querySelector("#query").value.trim()) return;
            const top = grid.querySelector("img")?.getBoundingClientRect().top;
            const row = [...grid.querySelectorAll("img")].filter((one) => one.getBoundingClientRect().top === top);
            Promise.all(row.map((one) => one.decode().catch(() => {}))).then(() =>
                requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - last))));
        });
        watch.observe(grid, { childList: true });
    });
}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("db", type=Path)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    options = parser.parse_args()
    command = [sys.executable, "-m", "sightline", "serve", str(options.db), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline()
            waits = typed(re.search(r"http://\S+", said)[0], options)
        finally:
            process.terminate()
    p50, p95 = np.percentile(waits, [50, 95])
    print(f"{said.split(' at ')[0].removeprefix('Serving ')}: {p50:.0f} ms, p95 {p95:.0f} ms ({len(waits)} queries)")


def typed(url, options):
    words = WORDS.split()
    waits = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for number in range(options.queries + 2):
            page.goto(url)
            page.locator("#grid .card").first.wait_for()
            page.evaluate(ARMED)
            query = f"{words[number % len(words)]} {words[(7 * number + 3) % len(words)]}"
            page.locator("#query").press_sequentially(query, delay=60)
            waits.append(page.evaluate("window.typed"))
        browser.close()
    return waits[2:]  # the first ones start what is started once


if __name__ == "__main__":
    main()
