"""The page in a real browser: what a person does on it, and that nothing it does leaves this machine."""

import base64
import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from browsing import PHONE, WIDE, assert_kept_to_itself, chromium, needs_chromium, show
from embedded import TONES, write_tone
from explored import HOSTILE, served
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def music_port(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Tones with a second model, whose vectors put them in the order of their ids."""
    project = shutil.copytree(music, tmp_path_factory.mktemp("browser") / "project", symlinks=True)
    line = project / "data/baselines/catalogue/line"
    shutil.copytree(project / "data/embeddings/catalogue/trained", line)
    angle_N = np.arange(len(TONES)) / 5
    for name in ("tracks.npy", "windows.npy"):
        np.save(line / name, np.column_stack([np.cos(angle_N), np.sin(angle_N)]).astype(np.float32))
    with served(project) as port:
        yield port


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")) as driver:
        yield driver


class Page:
    """What a person sees of the page, and does with it."""

    def __init__(self, browser: webdriver.Chrome, port: int, size: tuple[int, int], scheme: str) -> None:
        self.browser, self.address = browser, f"http://127.0.0.1:{port}/"
        show(browser, self.address, size, scheme)
        self.wait(lambda: self.all("#labels span") and not self.text("status"))

    def wait(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.browser, 60).until(lambda _: condition())

    def one(self, name: str):
        return self.browser.find_element(By.ID, name)

    def all(self, selector: str) -> list:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def text(self, name: str) -> str:
        return self.one(name).text

    def texts(self, selector: str) -> list[str]:
        """Of all elements in one look, since the page may put others in their place at any time."""
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
        return self.browser.execute_script(script, selector)

    def found(self) -> list[str]:
        return self.texts("#found .track b")

    def playlist(self) -> list[str]:
        return self.texts("#playlist .track b")

    def search(self, words: str) -> None:
        self.one("words").clear()
        self.one("words").send_keys(words, Keys.ENTER)
        self.wait(lambda: self.text("found-title") == f"Search: {words}")

    def choose(self, title: str) -> None:
        next(button for button in self.all("#found .track") if button.text.startswith(title)).click()

    def like(self, title: str) -> None:
        """Search a title, and choose its track."""
        self.search(title)
        self.choose(title)
        self.wait(lambda: self.text("found-title") == f"Like {title}")


@pytest.fixture
def page(browser: webdriver.Chrome, music_port: int) -> Iterator[Page]:
    shown = Page(browser, music_port, WIDE, "light")
    yield shown
    assert_kept_to_itself(shown.browser, shown.address)


def test_search_play_neighbours_and_a_playlist_that_goes_on(page: Page) -> None:
    page.search("high")
    assert {"High, höher", "Highest"} <= set(page.found())
    page.like("Highest")
    assert page.text("artist") == "Cleo & The 다" and page.text("genres") == "high"
    assert "Highest" not in page.found() and len(page.found()) == len(TONES) - 1
    page.wait(lambda: page.browser.execute_script("return document.getElementById('audio').currentTime > 0"))

    page.one("add").click()
    page.all("#found .icon")[0].click()
    assert page.playlist() == ["Highest", page.found()[0]]
    page.one("continue").click()
    page.wait(lambda: page.text("found-title") == "Goes on with")
    assert "Highest" not in page.found() and len(page.found()) == len(TONES) - 2
    page.one("download").click()
    page.wait(lambda: not page.text("status"))
    page.all("#playlist .icon")[0].click()
    assert len(page.playlist()) == 1


def test_a_path_and_the_slider(page: Page) -> None:
    page.like("Lower")
    page.one("path").click()
    page.search("Highest")
    page.choose("Highest")
    page.wait(lambda: page.text("found-title") == "From Lower to Highest")
    assert (page.found()[0], page.found()[-1]) == ("Lower", "Highest")
    page.like("Lower")
    before = page.texts("#found .track b + small")
    page.browser.execute_script(
        "const slider = arguments[0]; slider.value = 0; slider.dispatchEvent(new Event('change'))", page.one("together")
    )
    page.wait(lambda: not page.text("status") and page.texts("#found .track b + small") != before)


def test_another_model_has_other_neighbours(page: Page) -> None:
    page.like("Lower")
    Select(page.one("model")).select_by_value("line")
    page.wait(lambda: page.found()[:2] == ["Low", "Middle"])
    assert not page.one("together-label").is_displayed()


def test_a_file_of_ones_own_and_one_that_is_none(page: Page, tmp_path: Path) -> None:
    page.one("file").send_keys(str(write_tone(tmp_path / "mine.wav", 3500)))
    page.wait(lambda: page.text("found-title") == "Like mine.wav")
    assert len(page.found()) == len(TONES)
    (tmp_path / "none.wav").write_text("no audio")
    page.browser.get_log("browser")
    page.one("file").send_keys(str(tmp_path / "none.wav"))
    page.wait(lambda: "the file" in page.text("status"))
    refused = page.browser.get_log("browser")  # Chromium logs the status of a refusal as an error
    assert all("400 (Bad Request)" in entry["message"] for entry in refused)


def test_a_file_is_dropped(page: Page, tmp_path: Path) -> None:
    audio = base64.b64encode(write_tone(tmp_path / "tone.wav", 900).read_bytes()).decode()
    page.browser.execute_script(
        """
        const samples = Uint8Array.from(atob(arguments[0]), (one) => one.charCodeAt(0)), dropped = new DataTransfer();
        dropped.items.add(new File([samples], "dropped.wav"));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
    """,
        audio,
    )
    page.wait(lambda: page.text("found-title") == "Like dropped.wav")


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    body = page.browser.find_element(By.TAG_NAME, "body")
    body.send_keys("/")
    words = page.browser.switch_to.active_element
    words.send_keys("Middle", Keys.ENTER)
    page.wait(lambda: page.found()[:1] == ["Middle"])
    page.browser.execute_script("document.getElementById('canvas').focus()")
    page.browser.switch_to.active_element.send_keys(Keys.ARROW_LEFT, Keys.ARROW_RIGHT, Keys.ARROW_UP, Keys.ENTER)
    page.wait(lambda: page.text("found-title").startswith("Like "))
    for _ in range(40):  # as Tab goes, every button is reached
        page.browser.switch_to.active_element.send_keys(Keys.TAB)
        if page.browser.switch_to.active_element.get_attribute("id") == "add":
            break
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.playlist() == [page.text("title")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_in_either_light(browser: webdriver.Chrome, music_port: int, scheme: str) -> None:
    page = Page(browser, music_port, PHONE, scheme)
    page.like("Lower")
    assert browser.execute_script("return document.documentElement.scrollWidth") == PHONE[0]
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground.removeprefix("rgb(").removesuffix(")").split(","))) < 380) == (scheme == "dark")
    assert_kept_to_itself(page.browser, page.address)


def test_the_api_is_shown_and_tried(page: Page, tmp_path: Path) -> None:
    def answered(route: WebElement, words: str) -> None:
        route.find_element(By.TAG_NAME, "button").click()
        page.wait(lambda: words in route.text)

    page.browser.find_element(By.LINK_TEXT, "API").click()
    page.wait(lambda: page.all("details"))
    described = json.loads(urllib.request.urlopen(f"{page.address}openapi.json").read())["paths"]
    shown = page.texts("summary b, summary code")
    methods = [(method.upper(), path) for path, all_methods in described.items() for method in all_methods]
    assert list(zip(shown[::2], shown[1::2], strict=True)) == methods
    get_similar, post_similar, play = (
        page.all("details")[methods.index(one)]
        for one in (("GET", "/api/similar"), ("POST", "/api/similar"), ("GET", "/audio/{track}"))
    )
    for route in (get_similar, post_similar, play):
        route.find_element(By.TAG_NAME, "summary").click()
    answered(get_similar, '"title": "Lower"')
    assert f"curl '{page.address}api/similar?track=a1'" in get_similar.text and "200 OK" in get_similar.text
    post_similar.find_element(By.CSS_SELECTOR, "[type=file]").send_keys(str(write_tone(tmp_path / "mine.wav", 3500)))
    answered(post_similar, '"title": "Highest"')
    answered(play, "200 OK")
    page.wait(lambda: play.find_elements(By.TAG_NAME, "audio"))


def test_names_that_are_markup_are_shown_as_they_are(browser: webdriver.Chrome, hostile_folder: Path) -> None:
    with served(hostile_folder) as port:
        page = Page(browser, port, WIDE, "light")
        page.search("<script>")
        [title, artist, *_] = HOSTILE["../../secret"]
        assert page.found() == [title]
        assert artist in page.text("found")
        page.choose("<script>")
        page.wait(lambda: page.text("title") == title)
        assert browser.title == "Unisono: catalogue"
        assert not page.all("aside script, aside img[src=x], aside b b")
        assert_kept_to_itself(page.browser, page.address)
