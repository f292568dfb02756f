"""The comparison of models, and experiments in a real repository."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from repositories import start_repository

from unisono.errors import UserError
from unisono.experiments.runner import details_at, fetch_output, parse_seeds, refuse_before_repro, run_experiment
from unisono.experiments.six_models import compare, means
from unisono.report.scores import Results, Score


def details(score: str, of_models: dict[str, float], chance: float | None = None) -> dict[str, Any]:
    """What a task with one score writes."""
    return {
        "columns": [],
        "models": {model: {score: {"mean": mean, "std": 0.01, "n": 10}} for model, mean in of_models.items()},
        "chance": {} if chance is None else {score: {"mean": chance, "std": 0.0, "n": 10}},
        "counts": {},
    }


def results(accuracy: float, ndcg: float) -> Results:
    return Results(
        evaluated={
            "gtzan": details("accuracy", {"trained": accuracy}),
            "playlists": details("ndcg@100", {"trained": ndcg}),
            "autotagging": details("roc_auc", {"similarity": 0.7}),
        },
        baselines={
            "gtzan": details("accuracy", {"untrained": 0.3}, chance=0.1),
            "playlists": details("ndcg@100", {"untrained": 0.02}, chance=0.01),
        },
    )


def test_comparison_of_models_over_seeds() -> None:
    runs = {"bline_g": [results(0.5, 0.03), results(0.6, 0.05)], "contr_g": [results(0.7, 0.06), results(0.9, 0.08)]}
    rows = compare(runs)
    assert list(rows) == ["random", "untrained", "bline_g", "contr_g"]
    assert rows["contr_g"]["gtzan.accuracy"].mean == pytest.approx(0.8)
    assert rows["contr_g"]["gtzan.accuracy"].std == pytest.approx(0.1)
    assert rows["bline_g"]["playlists.ndcg@100"].std == pytest.approx(0.01)
    assert rows["untrained"] == {"gtzan.accuracy": Score(0.3, 0.0), "playlists.ndcg@100": Score(0.02, 0.0)}
    assert means(rows)["random"] == {"gtzan.accuracy": 0.1, "playlists.ndcg@100": 0.01}
    single = compare({"contr_g": runs["contr_g"][:1]})
    assert single["contr_g"]["gtzan.accuracy"] == Score(0.7, 0.01), "one seed keeps the repeats' std"


@pytest.mark.parametrize("arguments", [(), ("x",), ("1", "1")])
def test_seeds_are_different_whole_numbers(arguments: tuple[str, ...]) -> None:
    assert parse_seeds(("0", "2")) == [0, 2]
    with pytest.raises(UserError, match="expected different whole numbers"):
        parse_seeds(arguments)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DVC repository whose one task scores twice the training seed."""
    (tmp_path / "params.yaml").write_text("train:\n  seed: 0  # kept\n")
    (tmp_path / "score.py").write_text(
        "import json, pathlib, yaml\n"
        "seed = yaml.safe_load(open('params.yaml'))['train']['seed']\n"
        "pathlib.Path('metrics/details/evaluate').mkdir(parents=True, exist_ok=True)\n"
        "json.dump({'twice': 2 * seed}, open('metrics/details/evaluate/gtzan.json', 'w'))\n"
        "pathlib.Path('data').mkdir()\n"
        "pathlib.Path('data/seed.txt').write_text(str(seed))\n"
    )
    stage = {
        "cmd": "python score.py",
        "deps": ["score.py"],
        "params": ["train.seed"],
        "outs": ["data", {"metrics/details/evaluate/gtzan.json": {"cache": False}}],
    }
    start_repository(tmp_path, monkeypatch, {"score": stage})
    return tmp_path


def test_experiments_leave_the_workspace_alone(repository: Path) -> None:
    first = run_experiment("model-3", {"train.seed": 3})
    assert details_at(first, "evaluate", ["gtzan"]) == {"gtzan": {"twice": 6}}
    replaced = run_experiment("model-3", {"train.seed": 4})
    assert details_at(replaced, "evaluate", ["gtzan"]) == {"gtzan": {"twice": 8}}
    assert (repository / "params.yaml").read_text() == "train:\n  seed: 0  # kept\n"
    assert subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True).stdout == ""
    revision = run_experiment("model-3", {"train.seed": 3}, ["score"])
    fetch_output(revision, Path("data"), repository / "fetched")
    assert (repository / "fetched" / "seed.txt").read_text() == "3" and not (repository / "data").exists()
    (repository / "fetched" / "seed.txt").unlink()
    with pytest.raises(UserError, match=r"`git show .*metrics/details/evaluate/tags.json` failed"):
        details_at(revision, "evaluate", ["tags"])
    with pytest.raises(UserError, match=r"`dvc exp run .*nonsense.* failed; see its output above"):
        run_experiment("model-5", {"nonsense..": 1})


def test_a_fresh_clone_is_told_to_run_the_pipeline_first(repository: Path) -> None:
    refuse_before_repro()
    subprocess.run(["dvc", "repro", "-q"], check=True)
    refuse_before_repro()
    shutil.rmtree(".dvc/cache")
    with pytest.raises(UserError, match=r"lacks 1 of the outputs that dvc.lock names, such as data/; run `make repro`"):
        refuse_before_repro()
