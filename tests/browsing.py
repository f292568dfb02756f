"""A real browser for the tests: pages at a size and in a scheme, and what they logged and asked for."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="selenium is a development dependency")
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

DRIVER, CHROMIUM = shutil.which("chromedriver"), shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
    not (DRIVER and CHROMIUM), reason="no chromium and chromedriver: apt-get install chromium chromium-driver"
)
WIDE, PHONE = (1280, 800), (360, 740)


@contextmanager
def chromium(profile: Path, downloads: Path) -> Iterator[webdriver.Chrome]:
    """A headless browser that can resolve no name."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-dev-shm-usage",
        "use-angle=swiftshader",  # WebGL without a graphics card
        "enable-unsafe-swiftshader",
        "autoplay-policy=no-user-gesture-required",
        "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"user-data-dir={profile}",
    ):
        options.add_argument(f"--{argument}")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def show(browser: webdriver.Chrome, address: str, size: tuple[int, int], scheme: str) -> None:
    """Open a page; `scheme` is light or dark."""
    metrics = {"width": size[0], "height": size[1], "screenWidth": size[0], "screenHeight": size[1]}
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", metrics | {"deviceScaleFactor": 1, "mobile": size == PHONE}
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.get("about:blank")
    for log in ("browser", "performance"):  # what came before is not of this page
        browser.get_log(log)
    browser.get(address)


def assert_kept_to_itself(browser: webdriver.Chrome, address: str) -> None:
    """No error was logged, and no request left for elsewhere."""
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"]["request"]["url"] for event in events if event["method"].endswith("requestWillBeSent")]
    asked = [url for url in sent if not url.startswith(("blob:", "data:"))]
    assert asked and all(url.startswith(address) for url in asked), asked
