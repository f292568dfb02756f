"""Intervals against scipy's, and all folds of a small catalogue against a loop over them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from unisono.corpora.split import fold_split
from unisono.embeddings.read import load_embeddings
from unisono.errors import UserError
from unisono.evaluation.task import Column
from unisono.evaluation.tasks.playlist_continuation import find_continuations, playlist_scores
from unisono.experiments.folds import Interval, Measured, above, fitting_k, interval, main, page, parse_folds
from unisono.params import load_params
from unisono.params.evaluation import PlaylistContinuation

REPO = Path(__file__).parents[2]


def test_the_interval_is_students() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.1, 12)
    found, theirs = interval(values), stats.ttest_1samp(values, 0).confidence_interval()
    np.testing.assert_allclose([found.mean, found.low, found.high], [values.mean(), *theirs])
    assert found.n == 12
    assert interval(np.array([0.25])) == Interval(0.25, None, None, 1)


def test_folds_that_share_their_training_tracks_have_a_wider_interval() -> None:
    values = np.array([0.2, 0.3, 0.25, 0.4, 0.35])
    independent, shared = interval(values), interval(values, 0.2 / 0.7)
    widths = [found.high - found.low for found in (independent, shared) if found.high and found.low]
    assert widths[1] / widths[0] == pytest.approx(np.sqrt((1 / 5 + 2 / 7) / (1 / 5)))
    assert shared.mean == independent.mean


@pytest.mark.parametrize(("k", "candidates", "expected"), [(100, 29.4, 3), (100, 3, 1), (100, 65_000, 100), (2, 29, 2)])
def test_k_is_at_most_a_tenth_of_the_candidates(k: int, candidates: float, expected: int) -> None:
    params = load_params(REPO / "params.yaml").evaluation["playlists"]
    assert isinstance(params, PlaylistContinuation)
    assert fitting_k(params.model_copy(update={"k": k}), candidates) == expected


def test_differences_are_paired() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(0.5, 0.3, 20)  # how hard each playlist is, for every model
    values = {"random": hard * 0, "untrained": hard, "trained": hard + rng.normal(0.05, 0.01, 20)}
    measured = Measured("Playlists", "Of 20.", [Column("ndcg@3", "nDCG@3", 4)], {"ndcg@3": values})
    found = above(measured, "ndcg@3", "trained")
    theirs = stats.ttest_rel(values["trained"], values["untrained"]).confidence_interval()
    np.testing.assert_allclose([found["untrained"].low, found["untrained"].high], theirs)
    assert list(above(measured, "ndcg@3", "untrained")) == ["random"] and above(measured, "ndcg@3", "random") == {}
    text = page(5, {"playlists": measured}, {"tags": "catalogue has no genres"})
    low, high = theirs
    assert f"{found['untrained'].mean:+.3f} ({low:+.3f} to {high:+.3f}) |" in text
    assert "| random | 0.000 (0.000 to 0.000) |  |  |" in text
    assert "- evaluation.tags: catalogue has no genres" in text


@pytest.mark.parametrize("arguments", [(), ("1",), ("five",), ("21",), ("2", "3")])
def test_folds_are_a_whole_number(arguments: tuple[str, ...]) -> None:
    assert parse_folds(("5",)) == 5
    with pytest.raises(UserError, match="expected a whole number from 2 to 20"):
        parse_folds(arguments)


MAKE = """
import sys
import numpy as np, pandas as pd, yaml
from pathlib import Path
from unisono.corpora.split import fold_split

wanted = yaml.safe_load(open("params.yaml"))["split"]
rng = np.random.default_rng(0)
taste = np.arange(48) % 3
ids = [f"t{n}" for n in range(48)]
frames = Path("data/frames/catalogue")
frames.mkdir(parents=True, exist_ok=True)
playlists = [[ids[n] for n in rng.choice(np.flatnonzero(taste == p % 3), 6, replace=False)] for p in range(9)]
playlists.append([ids[5]])  # nothing to go on from
pd.DataFrame({"playlist_id": range(10), "tracks": playlists}).to_parquet(frames / "playlists.parquet")
Path("data/split").mkdir(parents=True, exist_ok=True)
labels = pd.Series([[str(t)] for t in taste], index=ids)
fold_split(labels, wanted["folds"], wanted["fold"], 0.1, 0).to_parquet("data/split/catalogue.parquet", index=False)
for folder, noise in (("data/embeddings/catalogue/trained", 0.1), ("data/untrained/catalogue", 100)):
    Path(folder).mkdir(parents=True, exist_ok=True)
    vectors = (np.eye(3)[taste] + noise * rng.normal(size=(48, 3))).astype(np.float32)
    np.save(f"{folder}/tracks.npy", vectors)
    np.save(f"{folder}/windows.npy", vectors)
    pd.DataFrame({"track_id": ids, "first_window": range(48), "n_windows": 1}).to_parquet(f"{folder}/index.parquet")
"""
SCORE = """
import json, pathlib, sys, yaml
stage, task = sys.argv[1:]
fold = yaml.safe_load(open("params.yaml"))["split"]["fold"]
model, value = {"evaluate": ("trained", 0.8), "baselines": ("untrained", 0.6)}[stage]
found = {"columns": [{"score": "auc", "heading": "ROC AUC", "digits": 3, "scale": 1, "headline": True,
                      "over_repeats": True}],
         "models": {model: {"auc": {"mean": value + 0.01 * fold * (model == "trained"), "std": 0.1, "n": 2}}},
         "counts": {model: {"candidates": 24, "playlists": 9, "without_test_song": 1}},
         "chance": {"auc": {"mean": 0.5, "std": 0, "n": 1}} if stage == "baselines" else {}}
if task == "same_track" or (task == "retrieval" and fold == 0):
    found = {"left_out": "too few of them"}
path = pathlib.Path(f"metrics/details/{stage}/{task}.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(found))
"""
TASKS = ("playlists", "tags", "retrieval", "same_track")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose catalogue of 48 tracks is embedded and scored in a moment; one corpus has its own lists."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(REPO / "src"))
    monkeypatch.chdir(tmp_path)
    for variable in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{variable}_NAME", "test")
        monkeypatch.setenv(f"GIT_{variable}_EMAIL", "test@example.org")
    params: dict[str, Any] = yaml.safe_load((REPO / "params/folder.yaml").read_text())
    params["evaluation"] = {name: params["evaluation"][name] for name in TASKS}
    del params["split"]["folds"], params["split"]["fold"]  # as before there were folds
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "make.py").write_text(MAKE)
    (tmp_path / "score.py").write_text(SCORE)
    outs = ["data/frames/catalogue", "data/split/catalogue.parquet", "data/embeddings/catalogue/trained"]
    stages: dict[str, Any] = {"make": {"cmd": "python make.py", "deps": ["make.py"], "params": ["split"],
                                       "outs": [*outs, "data/untrained/catalogue"]}}  # fmt: skip
    for stage in ("evaluate", "baselines"):
        out = f"metrics/details/{stage}/${{item}}.json"
        stages[stage] = {"foreach": list(TASKS), "do": {"cmd": f"python score.py {stage} ${{item}}",
            "deps": ["score.py", outs[1]], "params": ["split"], "outs": [{out: {"cache": False}}]}}  # fmt: skip
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    (tmp_path / ".gitignore").write_text("/data\n")
    commands = ("git init -q", "dvc init -q", "dvc config core.analytics false", "git add -A", "git commit -qm start")
    for command in commands:
        subprocess.run(command.split(), check=True)
    (tmp_path / "data/split").mkdir(parents=True)
    split = pd.DataFrame({"track_id": ["a"], "split": ["test"]})
    split.to_parquet(tmp_path / "data/split/catalogue.parquet")
    return tmp_path


def test_folds_of_a_small_catalogue(project: Path) -> None:
    params = load_params(project / "params.yaml")
    main(params, "2")
    found = json.loads((project / "metrics/folds.json").read_text())
    assert set(found) == {"playlists", "tags", "retrieval"}

    # Playlists: as a loop over the folds, on the same embeddings, has them.
    ran = project / "again"
    ran.mkdir()
    (ran / "params.yaml").write_text(yaml.safe_dump({"split": {"folds": 2, "fold": 0}}))
    subprocess.run([sys.executable, str(project / "make.py")], cwd=ran, check=True)
    playlists = pd.read_parquet(ran / "data/frames/catalogue/playlists.parquet")
    embeddings = load_embeddings(ran / "data/embeddings/catalogue/trained")
    genres = pd.Series([[str(n % 3)] for n in range(48)], index=embeddings.track_ids)
    task = params.evaluation["playlists"]
    assert isinstance(task, PlaylistContinuation)
    of_playlist: dict[int, list[float]] = {}
    for fold in range(2):
        data = find_continuations(playlists, fold_split(genres, 2, fold, 0.1, 0), embeddings.track_ids, "")
        scores = playlist_scores(embeddings, data, task.model_copy(update={"k": 2}))["ndcg@2"]
        split = fold_split(genres, 2, fold, 0.1, 0).set_index("track_id")["split"]
        for row, value in zip(data.rows_P, scores, strict=True):
            if (split[playlists["tracks"][row]] != "test").any():
                of_playlist.setdefault(int(row), []).append(float(value))
    means = [np.mean(values) for values in of_playlist.values()]
    trained = found["playlists"]["ndcg@2"]["trained"]
    assert trained["n"] == len(means) < 10 and trained["mean"] == pytest.approx(np.mean(means))
    assert trained["above"]["random"]["low"] > 0 and trained["above"]["untrained"]["low"] > 0
    assert trained["above"]["random"]["mean"] == pytest.approx(
        trained["mean"] - found["playlists"]["ndcg@2"]["random"]["mean"]
    )

    # The other tasks: a value a fold, of the folds that have one.
    auc = found["tags"]["auc"]
    assert auc["trained"]["mean"] == pytest.approx(0.805) and auc["trained"]["n"] == 2
    assert auc["trained"]["above"]["untrained"]["mean"] == pytest.approx(0.205)
    assert found["retrieval"]["auc"]["trained"] | {"above": 0} == {
        "mean": pytest.approx(0.81), "low": None, "high": None, "n": 1, "above": 0
    }  # fmt: skip
    text = (project / "report/folds.md").read_text()
    assert f"Means over {len(means)} of 10 playlists" in text and "24.0 candidates, so k is 2" in text
    assert "- evaluation.same_track: too few of them" in text

    pd.DataFrame({"track_id": [], "split": []}, dtype="str").to_parquet(project / "data/split/catalogue.parquet")
    with pytest.raises(UserError, match="every corpus of evaluation comes with a split of its own"):
        main(params, "2")
