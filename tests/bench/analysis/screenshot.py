"""Draws the picture of the README: the first screen of a run's page and its genealogy, in headless Chromium.

/usr/bin/python3 tests/bench/analysis/screenshot.py RUN.h5 [docs/images/report.png]"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "analysis"), str(ROOT / "tests/analysis")]

import stemma  # noqa: E402
from browser import Browser  # noqa: E402

WIDTH, HEIGHT = 1366, 1270


def main():
    run = sys.argv[1]
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs/images/report.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        stemma.report.write([run], page)
        browser = Browser(WIDTH, HEIGHT)
        try:
            browser.open(page.as_uri())
            browser.settle()
            browser.settle()
            browser.screenshot(target)
            assert browser.console() == [], browser.console()
        finally:
            browser.close()
    print(f"{target} ({target.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
