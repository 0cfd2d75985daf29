"""Headless Chromium with a page in it."""

import os
import shutil
import time

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


class Browser:
    """One window. Anything on the console is an error: the tests look at it."""

    def __init__(self, width=1366, height=768, dark=False, phone=False):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for word in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            f"--window-size={width},{height}",
        ):
            options.add_argument(word)
        if phone:
            options.add_experimental_option(
                "mobileEmulation",
                {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0, "touch": True}},
            )
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER, log_path=os.devnull), options=options)
        self.driver.set_script_timeout(60)
        if not phone:
            self.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
            )
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]},
        )

    def open(self, address):
        self.driver.get(address)
        self.wait("document.body.dataset.ready", "the page is drawn")
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < end, f"waited in vain until {what}; console: {self.console()}"
            time.sleep(0.02)

    def settle(self):
        """Until two frames were drawn: charts draw once a frame."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => "
            "requestAnimationFrame(() => done())))"
        )

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def charts(self):
        """Label -> [marks drawn, distinct colors among sampled pixels], of all charts, each scrolled to."""
        found = {}
        count = self.run("return document.querySelectorAll('canvas').length")
        for i in range(count):
            self.run("document.querySelectorAll('canvas')[arguments[0]].scrollIntoView({block: 'center'})", i)
            self.wait(
                f"document.querySelectorAll('canvas')[{i}].dataset.marks !== undefined", "a chart in view is drawn"
            )
            self.settle()
            label, marks, colors = self.run(
                """
                const canvas = document.querySelectorAll('canvas')[arguments[0]], seen = new Set();
                const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                const data = new Uint32Array(image.data.buffer);
                for (let i = 0; i < data.length; i += 7) seen.add(data[i]);
                return [canvas.getAttribute('aria-label'), Number(canvas.dataset.marks), seen.size];""",
                i,
            )
            found[label] = (marks, colors)
        return found

    def screenshot(self, path, whole=False):
        if whole:
            height = self.run("return document.documentElement.scrollHeight")
            width = self.run("return innerWidth")
            self.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
            )
            self.settle()
            self.settle()
        self.driver.save_screenshot(str(path))

    def close(self):
        self.driver.quit()


def require():
    pytest.importorskip("selenium")
    if not CHROMIUM or not DRIVER:
        pytest.skip("no chromium or chromedriver")
