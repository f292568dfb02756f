"""The report: scores out of metrics, tables, model names, figures; and experiments in a real repository."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from unisono.errors import UserError
from unisono.experiments.runner import fetch_output, parse_seeds, run_experiment
from unisono.experiments.six_models import compare, means
from unisono.params import Params
from unisono.report.figures import draw
from unisono.report.markdown import NOT_COMPARABLE, own_and_published, page
from unisono.report.models import SIX_MODELS, TITLES, model_name
from unisono.report.published import PUBLISHED
from unisono.report.scores import Score, rows_of
from unisono.report.tables import render, tables

REPO = Path(__file__).parents[2]


def summary(mean: float, std: float = 0.01, n: int = 10) -> dict[str, float]:
    return {"mean": mean, "std": std, "n": n}


def metrics(accuracy: float, ndcg: float) -> dict[str, Any]:
    return {
        "gtzan": {
            "accuracy": summary(accuracy),
            "chance": {"accuracy": summary(0.1)},
            "counts": {"test": 290},
        },
        "jamendo": {
            "genre": {"roc_auc": summary(0.8), "pr_auc": summary(0.2)},
            "chance": {"genre": {"roc_auc": summary(0.5, 0.0, 1), "pr_auc": summary(0.05, 0.0, 1)}},
            "counts": {"genre": {"tags": 87}},
        },
        "playlists": {
            "ndcg@100": summary(ndcg, 0.2, 1000),
            "chance": {"ndcg@100": summary(0.01, 0.001)},
            "counts": {"playlists": 1000},
        },
        "untrained": {
            "gtzan": {"accuracy": summary(0.3)},
            "jamendo": {"genre": {"roc_auc": summary(0.6), "pr_auc": summary(0.1)}},
            "playlists": {"ndcg@100": summary(0.02, 0.2, 1000)},
        },
    }


def default_params(overrides: dict[str, Any] | None = None) -> Params:
    raw = yaml.safe_load((REPO / "params.yaml").read_text())
    for key, value in (overrides or {}).items():
        room, name = key.split(".")
        raw[room][name] = value
    return Params.model_validate(raw)


def test_rows_of_metrics() -> None:
    rows = rows_of(metrics(0.75, 0.05))
    assert rows["model"] == {
        "gtzan.accuracy": Score(0.75, 0.01),
        "jamendo.genre.roc_auc": Score(0.8, 0.01),
        "jamendo.genre.pr_auc": Score(0.2, 0.01),
        "playlists.ndcg@100": Score(0.05),
    }
    assert rows["untrained"]["gtzan.accuracy"] == Score(0.3, 0.01)
    assert rows["untrained"]["playlists.ndcg@100"] == Score(0.02)
    assert rows["random"]["jamendo.genre.roc_auc"] == Score(0.5)
    assert rows["random"]["playlists.ndcg@100"] == Score(0.01, 0.001)


def test_comparison_of_models_over_seeds() -> None:
    runs = {"bline_g": [metrics(0.5, 0.03), metrics(0.6, 0.05)], "contr_g": [metrics(0.7, 0.06), metrics(0.9, 0.08)]}
    rows = compare(runs)
    assert list(rows) == ["random", "untrained", "bline_g", "contr_g"]
    assert rows["contr_g"]["gtzan.accuracy"].mean == pytest.approx(0.8)
    assert rows["contr_g"]["gtzan.accuracy"].std == pytest.approx(0.1)
    assert rows["bline_g"]["playlists.ndcg@100"].std == pytest.approx(0.01)
    assert means(rows)["random"] == pytest.approx(
        {
            "gtzan.accuracy": 0.1,
            "jamendo.genre.roc_auc": 0.5,
            "jamendo.genre.pr_auc": 0.05,
            "playlists.ndcg@100": 0.01,
        }
    )
    single = compare({"contr_g": runs["contr_g"][:1]})
    assert single["contr_g"]["gtzan.accuracy"] == Score(0.7, 0.01), "one seed keeps the repeats' std"


def test_markdown_table() -> None:
    gtzan, jamendo, *_ = tables()
    rows = {"ours": {"gtzan.accuracy": Score(0.7529, 0.0132), "jamendo.genre.roc_auc": Score(0.5)}, "other": {}}
    assert render(gtzan, rows) == "| | accuracy, % |\n|---|---:|\n| ours | 75.29 ±1.32 |"
    assert render(jamendo, rows).splitlines()[-1] == "| ours | 0.500 | - | - |"


def test_published_rows_are_the_papers() -> None:
    gtzan, jamendo, playlists, *_ = tables()
    rows = own_and_published({})
    assert "| Contr CF-G (paper) | 75.29 ±1.32 |" in render(gtzan, rows)
    assert "| B-line CF (paper) | 0.836 | 0.722 | 0.770 |" in render(jamendo, rows)
    assert "| Contr CF-G (paper) | 0.0085 | 0.0020 |" in render(playlists, rows)
    assert set(SIX_MODELS) <= set(PUBLISHED)


def test_page_shows_present_tasks_and_says_what_is_not_comparable() -> None:
    rows = rows_of({"gtzan": metrics(0.75, 0.05)["gtzan"]})
    text = page("Results", {"ours": rows["model"]}, tables(), comparable=False, figures="figures")
    assert NOT_COMPARABLE in text
    assert "Table 1" in text and "(figures/gtzan.png)" in text
    assert "Table 2" not in text and "Table 3" not in text
    assert NOT_COMPARABLE not in page("Results", {}, tables(), comparable=True)


@pytest.mark.parametrize("name", SIX_MODELS)
def test_the_six_models_are_params_with_names(name: str) -> None:
    params = default_params(SIX_MODELS[name])
    assert model_name(params.loss, params.train.objective) == name
    assert name in TITLES


def test_other_weights_are_custom() -> None:
    assert model_name(default_params({"loss.lambda_a2p": 0.5}).loss, "contrastive") == "custom"
    assert model_name(default_params().loss, "prediction") == "bline_cf_g", "lambda_g2p means nothing to a B-line"


def test_figures_are_the_same_bytes_twice(tmp_path: Path) -> None:
    own = {"ours": rows_of(metrics(0.75, 0.05))["model"]}
    for table in tables()[:3]:
        draw(table, own_and_published(own), own, tmp_path / "a.png")
        draw(table, own_and_published(own), own, tmp_path / "b.png")
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [(), ("x",), ("1", "1")])
def test_seeds_are_different_whole_numbers(arguments: tuple[str, ...]) -> None:
    assert parse_seeds(("0", "2")) == [0, 2]
    with pytest.raises(UserError, match="expected different whole numbers"):
        parse_seeds(arguments)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DVC repository whose one task scores twice the training seed."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    for variable in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{variable}_NAME", "test")
        monkeypatch.setenv(f"GIT_{variable}_EMAIL", "test@example.org")
    (tmp_path / "params.yaml").write_text("train:\n  seed: 0  # kept\n")
    (tmp_path / "score.py").write_text(
        "import json, pathlib, yaml\n"
        "seed = yaml.safe_load(open('params.yaml'))['train']['seed']\n"
        "pathlib.Path('metrics/evaluate').mkdir(parents=True, exist_ok=True)\n"
        "json.dump({'gtzan': {'twice': 2 * seed}}, open('metrics/evaluate/gtzan.json', 'w'))\n"
        "pathlib.Path('data').mkdir()\n"
        "pathlib.Path('data/seed.txt').write_text(str(seed))\n"
    )
    stage = {
        "cmd": "python score.py",
        "deps": ["score.py"],
        "params": ["train.seed"],
        "outs": ["data"],
        "metrics": [{"metrics/evaluate/gtzan.json": {"cache": False}}],
    }
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": {"score": stage}}))
    commands = ("git init -q", "dvc init -q", "dvc config core.analytics false", "git add -A", "git commit -qm start")
    for command in commands:
        subprocess.run(command.split(), check=True)
    return tmp_path


def test_experiments_leave_the_workspace_alone(repository: Path) -> None:
    assert run_experiment("model-3", {"train.seed": 3}, ["gtzan"])[1] == {"gtzan": {"twice": 6}}
    assert run_experiment("model-3", {"train.seed": 4}, ["gtzan"])[1] == {"gtzan": {"twice": 8}}, "replaced"
    assert (repository / "params.yaml").read_text() == "train:\n  seed: 0  # kept\n"
    assert subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True).stdout == ""
    revision, _ = run_experiment("model-3", {"train.seed": 3}, ["gtzan"], ["score"])
    fetch_output(revision, Path("data"), repository / "fetched")
    assert (repository / "fetched" / "seed.txt").read_text() == "3" and not (repository / "data").exists()
    (repository / "fetched" / "seed.txt").unlink()
    with pytest.raises(UserError, match=r"`git show refs/exps/.*metrics/evaluate/tags.json` failed"):
        run_experiment("model-4", {"train.seed": 4}, ["tags"])
    with pytest.raises(UserError, match=r"`dvc exp run .*nonsense.* failed; see its output above"):
        run_experiment("model-5", {"nonsense..": 1}, ["gtzan"])
