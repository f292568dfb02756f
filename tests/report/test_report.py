"""The report: rows out of details, tables, model names, figures, and the page of the stage."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from changed import set_keys
from matplotlib.image import imread

from unisono.errors import UserError
from unisono.evaluation.task import Column, Scores, kind_of
from unisono.params import Params, load_params
from unisono.report.figures import draw
from unisono.report.markdown import ELSEWHERE, NOT_COMPARABLE, NOTHING, page, published
from unisono.report.models import SIX_MODELS, TITLES, model_name
from unisono.report.published import PUBLISHED
from unisono.report.scores import Results, Row, Score, rows_of
from unisono.report.tables import Table, render, tables

REPO = Path(__file__).parents[2]


def default_params(overrides: dict[str, Any] | None = None) -> Params:
    raw = yaml.safe_load((REPO / "params.yaml").read_text())
    return Params.model_validate(set_keys(raw, overrides or {}))


TASKS = default_params().evaluation


def details(name: str, models: dict[str, dict[str, float]], chance: dict[str, float], n: int = 10) -> dict[str, Any]:
    """What the task writes for these means."""
    summed = {
        m: {key: {"mean": mean, "std": 0.01, "n": n} for key, mean in means.items()} for m, means in models.items()
    }
    guessed = {key: {"mean": mean, "std": 0.001, "n": 10} for key, mean in chance.items()}
    columns = kind_of(TASKS[name]).columns(TASKS[name])
    return json.loads(json.dumps(Scores(columns, summed, counts={}, chance=guessed).to_json()))


def results() -> Results:
    genre, playlists = {"accuracy": 0.75}, {"ndcg@100": 0.05}
    return Results(
        evaluated={
            "gtzan": details("gtzan", {"trained": genre}, {}),
            "jamendo": details("jamendo", {"trained": {"genre.roc_auc": 0.8, "genre.pr_auc": 0.2}}, {}, n=1),
            "playlists": details("playlists", {"trained": playlists}, {}),
            "retrieval": details("retrieval", {"trained": {"r@1": 40}, "similarity": {"r@1": 50}}, {}),
            "tags": {"left_out": "no genres"},
        },
        baselines={
            "gtzan": details("gtzan", {"untrained": {"accuracy": 0.3}}, {"accuracy": 0.1}),
            "playlists": details("playlists", {"untrained": {"ndcg@100": 0.02}}, {"ndcg@100": 0.01}),
            "tags": {"left_out": "no genres"},
        },
    )


def table(name: str) -> Table:
    """The table of one of the sample's tasks."""
    return next(iter(tables(TASKS, {name: details(name, {}, {})})))


def test_rows_of_details() -> None:
    rows = rows_of(results())
    assert list(rows) == ["random", "untrained", "statistics", "ridge", "trained", "similarity"]
    assert rows["trained"] == {
        "gtzan.accuracy": Score(0.75, 0.01),
        "jamendo.genre.roc_auc": Score(0.8),  # of a single value
        "jamendo.genre.pr_auc": Score(0.2),
        "playlists.ndcg@100": Score(0.05),  # its std is over playlists
        "retrieval.r@1": Score(40),
    }
    assert rows["similarity"] == {"retrieval.r@1": Score(50)}
    assert rows["untrained"] == {"gtzan.accuracy": Score(0.3, 0.01), "playlists.ndcg@100": Score(0.02)}
    assert rows["random"] == {"gtzan.accuracy": Score(0.1, 0.001), "playlists.ndcg@100": Score(0.01, 0.001)}
    assert results().left_out == {"tags": "no genres"}


def test_tables_are_those_of_the_tasks_that_were_evaluated_in_the_order_of_params() -> None:
    shown = tables(TASKS, dict(reversed(results().evaluated.items())))
    assert [table.name for table in shown] == ["gtzan", "jamendo", "playlists", "retrieval"]
    assert shown[0].title == "Table 1: genre classification (GTZAN)"
    mine = tables({"mine": TASKS["tags"]}, {"mine": details("tags", {}, {})})
    assert mine[0].title == "mine: tagging (catalogue)"
    assert [mine[0].key(column) for column in mine[0].columns] == ["mine.roc_auc", "mine.pr_auc"]


def test_markdown_table() -> None:
    rows = {"ours": {"gtzan.accuracy": Score(0.7529, 0.0132), "jamendo.genre.roc_auc": Score(0.5)}, "other": {}}
    assert render(table("gtzan"), rows) == "| | accuracy, % |\n|---|---:|\n| ours | 75.29 ±1.32 |"
    assert render(table("jamendo"), rows).splitlines()[-1] == "| ours | 0.500 | - | - |"
    apart = render(table("gtzan"), {"ours": rows["ours"]}, {"theirs": {"gtzan.accuracy": Score(1)}}, "Elsewhere")
    assert apart.splitlines()[2:] == ["| ours | 75.29 ±1.32 |", "| **Elsewhere** | |", "| theirs | 100.00 |"]
    assert "Elsewhere" not in render(table("gtzan"), rows, {"theirs": {}}, "Elsewhere")


def test_published_rows_are_the_papers() -> None:
    rows = published()
    assert "| Contr CF-G (paper) | 75.29 ±1.32 |" in render(table("gtzan"), rows)
    assert "| B-line CF (paper) | 0.836 | 0.722 | 0.770 |" in render(table("jamendo"), rows)
    assert "| Contr CF-G (paper) | 0.0085 | 0.0020 |" in render(table("playlists"), rows)
    assert set(SIX_MODELS) <= set(PUBLISHED)


def test_published_rows_stand_apart_from_what_is_not_comparable() -> None:
    rows = rows_of(results())
    shown = tables(TASKS, results().evaluated)
    apart = page("Results", {"ours": rows["trained"]}, shown, comparable=False, figures="figures")
    beside = page("Results", {"ours": rows["trained"]}, shown, comparable=True)
    assert NOT_COMPARABLE in apart and NOT_COMPARABLE not in beside
    assert apart.count(ELSEWHERE) == 3 and ELSEWHERE not in beside  # not in the table of retrieval
    assert apart.index("| ours |") < apart.index(ELSEWHERE) < apart.index("| B-line G (paper) |")
    assert "| Contr CF-G (paper) | 75.29 ±1.32 |" in apart and "| Contr CF-G (paper) | 75.29 ±1.32 |" in beside
    assert "(figures/gtzan.png)" in apart and "figures/" not in beside


def test_a_page_says_what_was_left_out_or_that_there_is_nothing() -> None:
    shown = tables(TASKS, results().evaluated)
    text = page(
        "Results", {"ours": {"gtzan.accuracy": Score(0.5)}}, shown, comparable=True, left_out={"tags": "no genres"}
    )
    assert "Table 1" in text and "Table 2" not in text and NOTHING not in text
    assert text.endswith("## Tasks left out\n\n- evaluation.tags: no genres\n")
    assert NOTHING in page("Results", {}, shown, comparable=True)


@pytest.mark.parametrize("name", SIX_MODELS)
def test_the_six_models_are_params_with_names(name: str) -> None:
    params = default_params(SIX_MODELS[name])
    assert model_name(params.loss, params.train.objective) == name
    assert name in TITLES


def test_other_weights_are_custom() -> None:
    assert model_name(default_params({"loss.lambda_a2p": 0.5}).loss, "contrastive") == "custom"
    assert model_name(default_params().loss, "prediction") == "bline_cf_g", "lambda_g2p means nothing to a B-line"


@pytest.mark.parametrize(
    ("columns", "width"), [(1, 600), (2, 960), (3, 1200), (4, 1200), (5, 1200), (8, 1200), (20, 1200)]
)
def test_figures_wrap_and_are_the_same_bytes_twice(tmp_path: Path, columns: int, width: int) -> None:
    many = Table("mine", "Mine", tuple(Column(f"s{n}", f"S{n}", 1) for n in range(columns)))
    rows: dict[str, Row] = {title: {many.key(c): Score(1, 0.1) for c in many.columns} for title in ("ours", "theirs")}
    for name in ("a.png", "b.png"):
        draw(many, rows, ["ours"], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert imread(tmp_path / "a.png").shape[1] == width


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stage of the report reads."""
    (tmp_path / "params.yaml").write_text((REPO / "params.yaml").read_text())
    written = results()
    for stage, of_tasks in (("evaluate", written.evaluated), ("baselines", written.baselines)):
        (tmp_path / "metrics/details" / stage).mkdir(parents=True)
        for name, content in of_tasks.items():
            (tmp_path / "metrics/details" / stage / f"{name}.json").write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(params: Params | None = None) -> str:
    runpy.run_path(str(REPO / "stages/report.py"))["main"](params or load_params(Path("params.yaml")))
    return Path("report/report.md").read_text()


def test_the_stage_writes_a_page_and_a_figure_a_table(folder: Path) -> None:
    text = report()
    assert text.startswith("# Results: Contr CF-G and metric learning\n")
    rows = [line.split(" |")[0] for line in text.splitlines() if line.startswith("| ")]
    assert rows[1:4] == ["| random", "| untrained", "| Contr CF-G (this run)"]
    assert "| metric learning (this run) | 50.0 |" in text
    assert "- evaluation.tags: no genres\n- evaluation.autotagging: not evaluated in this run\n" in text
    html = Path("report/index.html").read_text(encoding="utf-8")
    assert "<title>Results: Contr CF-G and metric learning</title>" in html and "untrained 30.00 ±1.00" in html
    figures = {file.stem for file in (folder / "report/figures").iterdir()}
    assert figures == {"gtzan", "jamendo", "playlists", "retrieval"}


def test_bars_of_the_papers_are_drawn_only_beside_what_is_comparable(folder: Path) -> None:
    heights = {}
    for comparable in (False, True):
        raw = yaml.safe_load((folder / "params.yaml").read_text())
        raw["report"]["comparable"] = comparable
        assert "| VGGish (paper) | 77.58 |" in report(Params.model_validate(raw))
        heights[comparable] = imread(folder / "report/figures/gtzan.png").shape[0]
    assert heights[True] - heights[False] == round(9 * 0.3 * 120)  # nine rows of the paper


def test_without_any_metrics_there_is_a_page(folder: Path) -> None:
    (folder / "metrics").rename(folder / "gone")
    text = report()
    assert text.startswith("# Results\n") and NOTHING in text
    html = Path("report/index.html").read_text(encoding="utf-8")
    assert all(said in html for said in ("Nothing was trained", "No corpus was packed", "Not asked yet"))
    assert text.count("|") == 0 and "- evaluation.gtzan: not evaluated in this run" in text


def test_damaged_details_are_named(folder: Path) -> None:
    for damage in ("", "[1, 2]", "{"):
        (folder / "metrics/details/baselines/gtzan.json").write_text(damage)
        with pytest.raises(UserError, match=r"metrics/details/baselines/gtzan.json: damaged, .+ dvc repro"):
            report()
