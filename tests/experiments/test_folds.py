"""Intervals against scipy's, and all folds of a small catalogue against a loop over them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from repositories import experiments, start_repository
from scipy import stats

from unisono.errors import UserError
from unisono.evaluation.task import Column
from unisono.experiments.folds import Measured, above, fitting_k, main, page, parse_folds
from unisono.params import load_params

REPO = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("k", "candidates", "expected"), [(100, 29.4, 10), (100, 1, 1), (100, 65_000, 100), (2, 29, 2)]
)
def test_k_is_at_most_a_third_of_the_candidates(k: int, candidates: float, expected: int) -> None:
    assert fitting_k(k, candidates) == expected


def test_differences_are_paired() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(0.5, 0.3, 5)  # how hard each fold is, for every model
    values = {"random": hard * 0, "ridge": hard, "musicnn": hard + 1, "trained": hard + rng.normal(0.05, 0.01, 5)}
    counts = {"candidates": 29.4, "without_known_song": 1.0}
    columns = [Column("ndcg@3", "nDCG@3", 4)]
    measured = Measured("Playlists", columns, {"ndcg@3": values}, ["trained"], counts, shared=0)
    found = above(measured, "ndcg@3", "trained")
    low, high = stats.ttest_rel(values["trained"], values["ridge"]).confidence_interval()
    np.testing.assert_allclose([found["ridge"].low, found["ridge"].high], [low, high])
    assert list(found) == ["random", "ridge", "musicnn"] and above(measured, "ndcg@3", "ridge") == {}
    text = page(5, [0], {"playlists": measured}, {"tags": "catalogue has no genres"})
    assert "| nDCG@3 above | trained |\n|---|---:|\n| random |" in text
    assert f"| ridge | {found['ridge'].mean:+.3f} ({low:+.3f} to {high:+.3f}) |" in text
    assert "| random | 0.000 (0.000 to 0.000) |" in text
    assert "A fold has on average: candidates 29.4, without known song 1." in text
    assert "- evaluation.tags: catalogue has no genres" in text
    assert "over 5 folds of each of 2 random splits (seeds 0, 3)" in page(5, [0, 3], {"playlists": measured}, {})


def test_without_a_baseline_nothing_is_above_one() -> None:
    columns, values = [Column("auc", "AUC", 3)], {"auc": {"similarity": np.array([0.5, 0.7])}}
    text = page(2, [0], {"tags": Measured("Tags", columns, values, ["similarity"], {"tracks": 9}, shared=0)}, {})
    assert "| similarity | 0.600" in text and "above" not in text


@pytest.mark.parametrize("arguments", [(), ("1",), ("five",), ("21",)])
def test_folds_are_a_whole_number(arguments: tuple[str, ...]) -> None:
    assert parse_folds(("5",)) == 5
    with pytest.raises(UserError, match="expected a whole number from 2 to 20"):
        parse_folds(arguments)


SCORE = """
import json, pathlib, sys, yaml
stage, task = sys.argv[1:]
params = yaml.safe_load(open("params.yaml"))
split, k = params["split"], params["evaluation"]["playlists"]["k"]
fold, better = split["fold"], 0.01 * split["fold"] + 0.02 * split["seed"]
assert split["folds"] == 2
models = {"evaluate": {"trained": 0.8 + better}, "baselines": {"untrained": 0.6, "ridge": 0.7, "musicnn": 0.9}}[stage]
score = {"score": f"ndcg@{k}", "heading": f"nDCG@{k}", "digits": 4, "scale": 1, "headline": True, "over_repeats": False}
found = {"columns": [score, score | {"score": "other", "headline": False}],
         "models": {model: {f"ndcg@{k}": {"mean": value, "std": 0.1, "n": 2}} for model, value in models.items()},
         "counts": {model: {"candidates": 24 + fold, "playlists": 9} for model in models},
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
    (tmp_path / ".gitignore").write_text("/data\n")
    start_repository(tmp_path, monkeypatch, stages)
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
    assert trained["mean"] == pytest.approx(0.805) and trained["n"] == 2
    half = stats.t.ppf(0.975, 1) * np.std([0.8, 0.81], ddof=1) * np.sqrt(1 / 2 + 0.5 / 0.4)
    assert [trained["low"], trained["high"]] == pytest.approx([0.805 - half, 0.805 + half])
    assert trained["above"]["untrained"]["mean"] == pytest.approx(0.205)
    assert {name: round(found["mean"], 6) for name, found in trained["above"].items()} == {
        "random": 0.305, "untrained": 0.205, "ridge": 0.105, "musicnn": -0.095,
    }  # fmt: skip
    assert found["retrieval"]["ndcg@8"]["trained"]["n"] == 1, "in the other fold it was left out"
    text = (project / "report/folds.md").read_text()
    assert "candidates 24.5, playlists 9." in text and "- evaluation.same_track: too few of them" in text
    assert "gtzan" not in text
    assert set(experiments()) == {"fold-0-of-2", "fold-1-of-2"}

    main(params, "2", "0", "3")
    both = json.loads((project / "metrics/folds.json").read_text())["playlists"]["ndcg@8"]["trained"]
    assert set(experiments()) == {f"fold-{fold}-of-2{seed}" for fold in (0, 1) for seed in ("", "-seed-3")}
    scores = [0.8, 0.81, 0.86, 0.87]
    half = stats.t.ppf(0.975, 3) * np.std(scores, ddof=1) * np.sqrt(1 / 4 + 0.5 / 0.4)
    assert both["n"] == 4
    assert [both["low"], both["high"]] == pytest.approx([np.mean(scores) - half, np.mean(scores) + half])

    only_gtzan = params.model_copy(update={"evaluation": {"gtzan": params.evaluation["gtzan"]}})
    with pytest.raises(UserError, match="every corpus of evaluation comes with a split of its own"):
        main(only_gtzan, "2")
