"""The picture of the page that README opens with, of what the pipeline embedded here:

python docs/picture.py "Cool Jazz"        # after `make repro` and `make test`; needs chromium and chromium-driver
"""

import shutil
import subprocess
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PICTURE = Path(__file__).with_name("explore.png")
READY = """
const audio = document.getElementById("audio");
if (audio.hidden) return document.getElementById("mel").complete;
if (audio.readyState < 2) return false;
audio.pause();
if (audio.currentTime) audio.currentTime = 0;
return !audio.seeking;
"""
SIZE = {"width": 1280, "height": 760, "screenWidth": 1280, "screenHeight": 760}


def draw(address: str, words: str) -> None:
    """Search for words on the page, choose the first track found, and take the picture."""
    options = webdriver.ChromeOptions()
    for argument in ("headless=new", "no-sandbox", "use-angle=swiftshader", "enable-unsafe-swiftshader"):
        options.add_argument(f"--{argument}")
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE | {"deviceScaleFactor": 1, "mobile": False})
        browser.get(address)
        wait = WebDriverWait(browser, 60)
        wait.until(lambda _: browser.find_elements(By.CSS_SELECTOR, "#labels span"))
        browser.find_element(By.ID, "words").send_keys(words, Keys.ENTER)
        first = wait.until(lambda _: browser.find_elements(By.CSS_SELECTOR, "#found .track"))[0]
        first.click()
        wait.until(lambda _: browser.find_element(By.ID, "found-title").text.startswith("Like "))
        browser.find_elements(By.CSS_SELECTOR, "#found .icon")[0].click()
        wait.until(lambda _: browser.execute_script(READY) and not browser.find_element(By.ID, "status").text)
        browser.save_screenshot(str(PICTURE))
    finally:
        browser.quit()


if __name__ == "__main__":
    command = [sys.executable, "-c", "from unisono.cli.app import main; main()", "explore", "--no-browser", "--port=0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = next(line.split()[0] for line in server.stderr if line.startswith("http://"))
        try:
            draw(address, sys.argv[1])
        finally:
            server.terminate()
