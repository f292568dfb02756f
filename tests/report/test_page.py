"""The report page: what its sections say, that nobody's names break out of it, and how a browser shows it."""

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import PHONE, WIDE, assert_kept_to_itself, chromium, needs_chromium, show
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from unisono.evaluation.measures.summary import summarise
from unisono.evaluation.task import Column
from unisono.report.intervals import interval, of_summary
from unisono.report.page.charts import COLOURS, OTHER
from unisono.report.page.data import packed_section, run_section, split_section
from unisono.report.page.document import Section, TextTable, Tile, render
from unisono.report.page.learning import map_section, sanity_section, training_section
from unisono.report.page.results import classes_section, playlists_section, tasks_section, worth_section
from unisono.report.scores import Results, Score
from unisono.report.tables import Table

EVIL = "</script><script>document.title = 'broken'</script><img src=x onerror=\"document.title='broken'\">"
RNG = np.random.default_rng(0)
NDCG = Column("ndcg@100", "nDCG@100", 4, over_repeats=False)
TABLE = Table("playlists", "Table 3: playlist continuation", (NDCG, Column("map@100", "MAP@100", 4)))
NDCG_KEY = "playlists.ndcg@100"
MAP = {"x": [0, 1], "y": [0, 1], "name": [EVIL, "b"], "n": 9000, "genre": [0, 1], "genres": [EVIL, "other"]}
TITLES = {"trained": "Contr CF-G (this run)", "statistics": "mel statistics"}


def results() -> Results:
    """A genre task, one of more tags than a chart has rows, and playlists by length and popularity."""
    confusion = {"blues": {"blues": 0.8, "rock": 0.2}, "rock": {"blues": 0.35, "rock": 0.65}}
    tags = {f"tag {number:02}": {"roc_auc": number / 60} for number in range(59)} | {EVIL: {"roc_auc": 1.0}}
    spans = ("of_1-8", "of_9-16", "of_65+", "in_1", "in_2-4", "in_17+")
    scores = {f"ndcg@100.{span}": summarise(RNG.random(20)) for span in spans}
    playlists = {"columns": [{"heading": "nDCG@100"}], "models": {"trained": scores}}
    return Results(
        evaluated={
            "gtzan": {"classes": {"trained": confusion}},
            "tags": {"classes": {"trained": tags}},
            "playlists": playlists,
            "gone": {"left_out": "no labels"},
        },
        baselines={"tags": {"classes": {"statistics": dict(list(tags.items())[:30])}}, "playlists": playlists},
    )


def sections() -> list[Section]:
    gain = {"mean": 0.02, "low": 0.01, "high": 0.03}
    worth = {
        "score": "ndcg@100", "heading": "nDCG@100", "items": 50, "order": ["statistics", "ridge", "genres"],
        "rows": {row: {"over": {"statistics": gain}} for row in ("genres", "ridge")} | {"statistics": {"over": {}}},
    }  # fmt: skip
    epochs = [
        {part: {"loss": 3 / n, "a2g": 2 / n, "a2p": 1 / n} for part in ("train", "validation")} for n in (1, 2, 3)
    ]
    each = {name: {"tracks": n, "validation": 0.1, "test": 0.12} for name, n in (("rock", 90), (EVIL, 5))}
    catalogue = {
        "tracks": 1234, "hours": 5.61, "rejected": 21, "reject_share": 0.00875, "rejects": {"all zero": 7},
        "catalogue": {"unknown_genre_codes": 7, "unsafe_tar_members": 0}, "warnings": {},
    }  # fmt: skip
    found = results()
    return [
        tasks_section(
            [TABLE],
            {"Contr CF-G (this run)": {NDCG_KEY: Score(0.17)}, "random": {NDCG_KEY: Score(0.13, 0.01)}},
            {"Contr CF-G (paper)": {NDCG_KEY: Score(0.0085)}},
            comparable=False,
            left_out={"gone": EVIL},
        ),
        worth_section({"gains": {"New songs": worth}}),
        map_section(MAP),
        classes_section(found, TITLES),
        playlists_section(found, TITLES),
        training_section({"train": {"curves": epochs, "epochs": 3, "best_epoch": 2}}),
        sanity_section(
            {
                "factorize": {
                    "held_out": {"recall@100": 0.64}, "loss": [3, 2, 1], "songs": {"n": 2141}, "playlists": {"n": 550},
                    "interactions": {"n": 22299, "hidden": 2229},
                },
                "genres": {"n": 30, "nearest": {EVIL: ["rock", "jazz"]}},
            }
        ),
        split_section(
            {
                "gtzan": {},
                "catalogue": {
                    "genres": {"each": each, "deviation": {"mean": 0.01, "max": 0.02}}, "tracks_without_genre": 5,
                    "sizes": {"train": 80, "validation": 10, "test": 10},
                },
            }
        ),
        packed_section({"catalogue": catalogue}),
        run_section(f"corpora: {EVIL}", {"catalogue": {"version": "abc", "files": "12"}}, {"train": {"device": "cpu"}}),
    ]  # fmt: skip


def page() -> str:
    return render(f"Results: {EVIL}", [EVIL], [Tile("0.17", EVIL, "random 0.13")], sections())


class Elements(HTMLParser):
    """What a page is made of: its tags, and the text of what is neither script nor style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.text += data


def table_of(section: Section, block: int = 0) -> TextTable:
    table = section.blocks[block].table
    assert table is not None
    return table


def test_nobodys_names_become_markup() -> None:
    found = Elements(page())
    charts = sum(block.chart is not None for section in sections() for block in section.blocks)
    assert [tag for tag, _ in found.tags].count("img") == 0
    assert [tag for tag, _ in found.tags].count("script") == 1 + charts  # the library, and each chart's call of it
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert found.text.count(EVIL) >= 5  # title, lead, tile, reason, params


def test_it_needs_nothing_else() -> None:
    found = Elements(page())
    assert not any("src" in attributes for _, attributes in found.tags)
    links = [attributes["href"] for tag, attributes in found.tags if "href" in attributes and tag != "base"]
    assert links and all(str(link).startswith("#") for link in links)


def test_the_same_run_gives_the_same_page() -> None:
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state
    first = page()
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state
    assert page() == first


def test_published_rows_stand_apart_unless_they_are_comparable() -> None:
    ours = {"mine (this run)": {"playlists.ndcg@100": Score(0.2, 0.01)}}
    papers = {"theirs (paper)": {"playlists.ndcg@100": Score(0.0085)}}
    apart = tasks_section([TABLE], ours, papers, comparable=False, left_out={})
    assert [row[0] for row in table_of(apart).rows] == [
        "mine (this run)",
        "As published, on other data",
        "theirs (paper)",
    ]
    assert table_of(apart).rows[0] == ["mine (this run)", "0.2000 ±0.0100", "-"] and table_of(apart).own
    beside = tasks_section([TABLE], ours, papers, comparable=True, left_out={})
    assert [row[0] for row in table_of(beside).rows] == ["mine (this run)", "theirs (paper)"]
    assert drawn(apart) == {"mine (this run)"} and drawn(beside) == {"mine (this run)", "theirs (paper)"}


def drawn(section: Section, block: int = 0) -> set[str]:
    """The names beside a chart's axis that have a value."""
    chart = section.blocks[block].chart
    assert chart is not None
    return {name for trace in chart.data for name in trace.y}


def test_of_many_tags_the_best_and_the_worst_are_shown() -> None:
    tags = classes_section(results(), TITLES).blocks[1]
    assert "The 20 best and the 20 worst of 60 tags by the first of the models." in tags.text
    trained = next(trace for trace in tags.chart.data if trace.name == "Contr CF-G (this run)")
    assert len(trained.y) == 40 and trained.x[0] == 1.0 and min(trained.x) == 0
    assert {trace.name for trace in tags.chart.data} == {"Contr CF-G (this run)", "mel statistics"}


def test_a_confusion_says_what_is_taken_for_what() -> None:
    matrix = classes_section(results(), TITLES).blocks[0]
    assert "most often rock is told as blues, 35% of the time" in matrix.described
    assert [list(row) for row in matrix.chart.data[0].z] == [[80, 20], [35, 65]]


def test_ranges_are_in_their_order_with_their_intervals() -> None:
    by_length, by_popularity = playlists_section(results(), TITLES).blocks
    assert list(by_length.chart.layout.xaxis.categoryarray) == ["1-8 (20)", "9-16 (20)", "65+ (20)"]
    assert list(by_popularity.chart.layout.xaxis.categoryarray) == ["1 (20)", "2-4 (20)", "17+ (20)"]
    assert by_length.chart.data[0].error_y.array[0] > 0


def test_few_playlists_have_no_interval() -> None:
    few = {"columns": [{"heading": "nDCG@100"}], "models": {"trained": {"ndcg@100.of_1-8": summarise([0.1, 0.9])}}}
    (block,) = playlists_section(Results({"playlists": few}, {}), TITLES).blocks
    assert list(block.chart.data[0].x) == ["1-8 (2)"] and block.chart.data[0].error_y.array is None


def test_an_interval_of_a_summary_is_that_of_its_values() -> None:
    values = RNG.normal(size=37)
    found, expected = of_summary(summarise(values)), interval(values)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert of_summary(summarise([2.0])) == interval(np.array([2.0]))


def test_worth_has_its_rows_in_order_beside_zero() -> None:
    (block,) = next(section for section in sections() if section.name == "worth").blocks
    assert list(block.chart.data[0].y) == ["ridge", "genres"] and block.chart.layout.shapes[0].x0 == 0
    assert list(block.chart.data[0].marker.color) == [OTHER, COLOURS[0]]


def test_what_is_not_there_says_so() -> None:
    empty: Mapping[str, Any] = {}
    for section in (
        tasks_section([], {}, {}, comparable=True, left_out={}), worth_section(None), map_section(None),
        classes_section(Results({}, {}), {}), playlists_section(Results({}, {}), {}), training_section(empty),
        sanity_section(empty), split_section({"gtzan": {}}),
    ):  # fmt: skip
        assert section.missing and not section.blocks, section.title
    assert "make worth" in worth_section(None).missing


def test_rejects_have_their_reasons_and_zeros_are_left_out() -> None:
    packed = next(section for section in sections() if section.name == "packed")
    assert table_of(packed).rows == [["catalogue", "1,234", "5.6", "21", "0.88%", "all zero: 7"]]
    assert packed.blocks[0].folded == {"catalogue: what else was noticed": "unknown_genre_codes: 7"}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")) as driver:
        yield driver


@needs_chromium
@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone, dark"])
def test_a_browser_draws_every_chart(
    browser: webdriver.Chrome, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    file = tmp_path / "index.html"
    file.write_text(page(), encoding="utf-8")
    show(browser, file.as_uri(), size, scheme)
    charts = [block for section in sections() for block in section.blocks if block.chart is not None]
    plots = "return document.querySelectorAll('.chart .cartesianlayer .subplot').length"
    WebDriverWait(browser, 60).until(lambda _: browser.execute_script(plots) == len(charts))
    assert browser.title == f"Results: {EVIL}"  # as text
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    ink, ground = browser.execute_script(
        "const text = getComputedStyle(document.querySelector('.chart .xtick text'));"
        "return [text.fill, getComputedStyle(document.body).backgroundColor];"
    )
    assert (brightness(ink) > brightness(ground)) == (scheme == "dark")
    point = browser.find_element(By.CSS_SELECTOR, "#map .points path")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", point)
    if size == WIDE:  # a name under the mouse
        ActionChains(browser).move_to_element(point).perform()
        WebDriverWait(browser, 10).until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".hoverlayer text"))
    assert_kept_to_itself(browser, file.as_uri())


def brightness(colour: str) -> int:
    """Of "rgb(27, 27, 26)"."""
    return sum(int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
