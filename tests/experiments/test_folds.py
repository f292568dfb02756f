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

from unisono.errors import UserError
from unisono.evaluation.task import Column
from unisono.experiments.folds import Interval, Measured, above, fitting_k, interval, main, page, parse_folds
from unisono.params import load_params

REPO = Path(__file__).parents[2]


def test_the_interval_is_students() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.1, 12)
    found, theirs = interval(values, shared=0), stats.ttest_1samp(values, 0).confidence_interval()
    np.testing.assert_allclose([found.mean, found.low, found.high], [values.mean(), *theirs])
    assert found.folds == 12
    assert interval(np.array([0.25]), shared=0.2) == Interval(0.25, None, None, 1)


def test_folds_that_share_their_training_tracks_have_a_wider_interval() -> None:
    """Nadeau and Bengio's resampled t-test, as its authors write it, with 20 tracks tested after 70."""
    differences = np.array([0.02, 0.03, 0.01, 0.04, -0.01])
    found = interval(differences, shared=20 / 70)
    t = differences.mean() / np.sqrt((1 / 5 + 20 / 70) * np.var(differences, ddof=1))
    p = 2 * stats.t.sf(abs(t), 4)
    assert found.low is not None and found.high is not None
    assert stats.t.interval(1 - p, 4, found.mean, found.mean / t)[0] == pytest.approx(0)
    assert (found.high - found.low) / 2 == pytest.approx(stats.t.ppf(0.975, 4) * found.mean / t)


def test_intervals_of_correlated_folds_hold_the_truth() -> None:
    """Folds that share what the catalogue's songs are like: with no allowance for it, far fewer than 95% do."""
    rng, held = np.random.default_rng(0), {0.0: 0, 20 / 70: 0}
    for _ in range(2000):
        values = rng.normal(0, np.sqrt(0.3)) + rng.normal(0, np.sqrt(0.7), 5)  # correlation 0.3
        for shared in held:
            found = interval(values, shared)
            held[shared] += found.low is not None and found.high is not None and found.low <= 0 <= found.high
    assert held[0.0] / 2000 < 0.85 < 0.9 < held[20 / 70] / 2000 < 0.99


@pytest.mark.parametrize(
    ("k", "candidates", "expected"), [(100, 29.4, 10), (100, 1, 1), (100, 65_000, 100), (2, 29, 2)]
)
def test_k_is_at_most_a_third_of_the_candidates(k: int, candidates: float, expected: int) -> None:
    assert fitting_k(k, candidates) == expected


def test_differences_are_paired() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(0.5, 0.3, 5)  # how hard each fold is, for every model
    values = {"random": hard * 0, "untrained": hard, "trained": hard + rng.normal(0.05, 0.01, 5)}
    counts = {"candidates": 29.4, "without_known_song": 1.0}
    measured = Measured("Playlists", [Column("ndcg@3", "nDCG@3", 4)], {"ndcg@3": values}, counts, shared=0)
    found = above(measured, "ndcg@3", "trained")
    low, high = stats.ttest_rel(values["trained"], values["untrained"]).confidence_interval()
    np.testing.assert_allclose([found["untrained"].low, found["untrained"].high], [low, high])
    assert list(above(measured, "ndcg@3", "untrained")) == ["random"] and above(measured, "ndcg@3", "random") == {}
    text = page(5, {"playlists": measured}, {"tags": "catalogue has no genres"})
    assert f"{found['untrained'].mean:+.3f} ({low:+.3f} to {high:+.3f}) |" in text
    assert "| random | 0.000 (0.000 to 0.000) |  |  |" in text
    assert "A fold has on average: candidates 29.4, without known song 1." in text
    assert "- evaluation.tags: catalogue has no genres" in text


@pytest.mark.parametrize("arguments", [(), ("1",), ("five",), ("21",), ("2", "3")])
def test_folds_are_a_whole_number(arguments: tuple[str, ...]) -> None:
    assert parse_folds(("5",)) == 5
    with pytest.raises(UserError, match="expected a whole number from 2 to 20"):
        parse_folds(arguments)


SCORE = """
import json, pathlib, sys, yaml
stage, task = sys.argv[1:]
params = yaml.safe_load(open("params.yaml"))
fold, k = params["split"]["fold"], params["evaluation"]["playlists"]["k"]
assert params["split"]["folds"] == 2
model, value = {"evaluate": ("trained", 0.8), "baselines": ("untrained", 0.6)}[stage]
score = {"score": f"ndcg@{k}", "heading": f"nDCG@{k}", "digits": 4, "scale": 1, "headline": True, "over_repeats": False}
found = {"columns": [score, score | {"score": "other", "headline": False}],
         "models": {model: {f"ndcg@{k}": {"mean": value + 0.01 * fold * (model == "trained"), "std": 0.1, "n": 2}}},
         "counts": {model: {"candidates": 24 + fold, "playlists": 9}},
         "chance": {f"ndcg@{k}": {"mean": 0.5, "std": 0, "n": 1}} if stage == "baselines" else {}}
if task == "same_track" or (task == "retrieval" and fold == 0):
    found = {"left_out": "too few of them"}
path = pathlib.Path(f"metrics/details/{stage}/{task}.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(found))
"""
TASKS = ("playlists", "retrieval", "same_track", "gtzan")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that scores a catalogue of 48 tracks in a moment; a second corpus has its own lists."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    for variable in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{variable}_NAME", "test")
        monkeypatch.setenv(f"GIT_{variable}_EMAIL", "test@example.org")
    params: dict[str, Any] = yaml.safe_load((REPO / "params/folder.yaml").read_text())
    params["corpora"]["gtzan"] = {"format": "gtzan", "root": "gtzan"}
    params["systems"]["embed"].append("gtzan")
    params["evaluation"]["gtzan"] = params["evaluation"]["retrieval"] | {"corpus": "gtzan"}
    params["evaluation"] = {name: params["evaluation"][name] for name in TASKS}
    del params["split"]["folds"], params["split"]["fold"]  # as before there were folds
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "score.py").write_text(SCORE)
    stages: dict[str, Any] = {}
    for stage in ("evaluate", "baselines"):
        out = {f"metrics/details/{stage}/${{item}}.json": {"cache": False}}
        do = {"cmd": f"python score.py {stage} ${{item}}", "deps": ["score.py"], "outs": [out]}
        stages[stage] = {"foreach": list(TASKS), "do": do | {"params": ["split", "evaluation"]}}
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    (tmp_path / ".gitignore").write_text("/data\n")
    commands = ("git init -q", "dvc init -q", "dvc config core.analytics false", "git add -A", "git commit -qm start")
    for command in commands:
        subprocess.run(command.split(), check=True)
    (tmp_path / "data/split").mkdir(parents=True)
    for corpus, tracks in (("catalogue", 48), ("gtzan", 0)):
        split = pd.DataFrame({"track_id": range(tracks), "split": "test"})
        split.to_parquet(tmp_path / f"data/split/{corpus}.parquet")
    return tmp_path


def test_folds_of_a_small_catalogue(project: Path) -> None:
    params = load_params(project / "params.yaml")
    main(params, "2")
    found = json.loads((project / "metrics/folds.json").read_text())
    assert set(found) == {"playlists", "retrieval"}
    assert list(found["playlists"]) == ["ndcg@8"], "a third of 24 candidates"
    trained = found["playlists"]["ndcg@8"]["trained"]
    assert trained["mean"] == pytest.approx(0.805) and trained["folds"] == 2
    half = stats.t.ppf(0.975, 1) * np.std([0.8, 0.81], ddof=1) * np.sqrt(1 / 2 + 0.5 / 0.4)
    assert [trained["low"], trained["high"]] == pytest.approx([0.805 - half, 0.805 + half])
    assert trained["above"]["untrained"]["mean"] == pytest.approx(0.205)
    assert trained["above"]["random"]["mean"] == pytest.approx(0.305)
    assert found["retrieval"]["ndcg@8"]["trained"]["folds"] == 1, "in the other fold it was left out"
    text = (project / "report/folds.md").read_text()
    assert "candidates 24.5, playlists 9." in text and "- evaluation.same_track: too few of them" in text
    assert "gtzan" not in text

    only_gtzan = params.model_copy(update={"evaluation": {"gtzan": params.evaluation["gtzan"]}})
    with pytest.raises(UserError, match="every corpus of evaluation comes with a split of its own"):
        main(only_gtzan, "2")
