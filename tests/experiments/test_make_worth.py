"""Which models answer what data are worth, and the answer in a real repository."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from repositories import experiments, start_repository

from unisono.errors import UserError
from unisono.experiments import queue
from unisono.experiments.worth import available, combinations, main, weights
from unisono.params import load_params
from unisono.params.holdings import GENRES, Holdings
from unisono.stage import write_json

REPO = Path(__file__).parents[2]
ALL = Holdings(tracks=9, playlists=3, tags={GENRES: ["rock"]})


def test_the_data_that_a_corpus_has() -> None:
    params = load_params(REPO / "params.yaml")
    assert available(params, "catalogue", ALL)[:2] == ["genres", "playlists"]
    assert available(params, "catalogue", ALL.model_copy(update={"tags": {}}))[:1] == ["playlists"]
    assert "playlists" not in available(params, "catalogue", ALL.model_copy(update={"playlists": 0}))
    with pytest.raises(UserError, match=r"corpora.catalogue: it has nothing to align audio with"):
        available(params, "catalogue", Holdings(tracks=9, playlists=0, tags={}))


def test_words_that_are_all_too_rare_are_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No model could be trained with them, and the others would wait for it in vain."""
    params, has = load_params(REPO / "params.yaml"), ALL.model_copy(update={"words": 3})
    monkeypatch.chdir(tmp_path)
    assert available(params, "catalogue", has) == ["genres", "playlists", "words"]
    for n, expected in ((2, ["genres", "playlists", "words"]), (0, ["genres", "playlists"])):
        write_json(Path("metrics/words.json"), {"words": {"n": n}})
        assert available(params, "catalogue", has) == expected


def test_the_models_are_a_small_list() -> None:
    assert combinations(["playlists"]) == [("playlists",)]
    assert combinations(["genres", "playlists"]) == [("genres",), ("playlists",), ("genres", "playlists")]
    three = combinations(["genres", "playlists", "words"])
    assert len(three) == len(set(three)) == 7
    four = combinations(["genres", "playlists", "words", "artists"])
    assert len(four) == len(set(four)) == 10
    assert [len(names) for names in four] == [1, 1, 1, 1, 2, 4, 3, 3, 3, 3] and four[4] == ("genres", "playlists")


def test_the_weights_of_a_model() -> None:
    """Those that params have, 1 for data that they leave out, and 0 for what the model is not aligned with."""
    params = load_params(REPO / "params.yaml")
    loss = params.loss.model_copy(update={"lambda_a2g": 0.5, "lambda_a2p": 0.0, "lambda_g2p": 2.0, "lambda_a2a": 0.25})
    params = params.model_copy(update={"loss": loss})

    def of(*names: str) -> list[float]:
        found = weights(params, names)
        return [float(found[f"++loss.lambda_{name}"]) for name in ("a2g", "a2p", "g2p", "a2a")]

    assert of("genres") == [0.5, 0, 0, 0.25]
    assert of("playlists") == [0, 1, 0, 0.25]
    assert of("genres", "playlists") == [0.5, 1, 2, 0.25]
    every = {f"++loss.{key}" for key, _ in params.loss if key.startswith("lambda_")}
    assert set(weights(params, ["genres"])) == every


SCORE = """
import json, pathlib, sys, yaml
import pandas as pd
stage, task = sys.argv[1:]
loss = yaml.safe_load(open("params.yaml"))["loss"]
gain = 0.1 * loss["lambda_a2g"] + 0.2 * loss["lambda_a2p"]
models = {"evaluate": {"trained": gain}, "baselines": {"untrained": -0.1, "statistics": 0, "ridge": 0.15}}[stage]
score = "roc_auc" if task == "tags" else "ndcg@10"
column = {"score": score, "heading": score, "digits": 3, "scale": 1, "headline": True, "over_repeats": True}
means = {model: {score: {"mean": 0.5 + shift, "std": 0, "n": 1}} for model, shift in models.items()}
details = {"columns": [column], "models": means, "counts": {}, "chance": {}}
items = pd.DataFrame([
    {"item": f"p{i}", "model": model, score: 0.1 * i + shift + 0.001 * (i % 2)}
    for model, shift in models.items() for i in range(6)
])
for path in (f"metrics/details/{stage}/{task}.json", f"data/scores/{stage}/{task}.parquet"):
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
json.dump(details, open(f"metrics/details/{stage}/{task}.json", "w"))
(items.iloc[:0] if task == "tags" else items).to_parquet(f"data/scores/{stage}/{task}.parquet")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose models score by the weights of their losses; its corpus has genres and playlists."""
    monkeypatch.setattr(queue, "POLL", 4.0)
    params: dict[str, Any] = yaml.safe_load((REPO / "params/folder.yaml").read_text())
    params["evaluation"] = {name: params["evaluation"][name] for name in ("playlists", "tags")}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/score.py").write_text(SCORE)
    (tmp_path / ".gitignore").write_text("/data\n")
    stages: dict[str, Any] = {}
    for stage in ("evaluate", "baselines"):
        outs = [{f"metrics/details/{stage}/${{item}}.json": {"cache": False}}, f"data/scores/{stage}/${{item}}.parquet"]
        do = {"cmd": f"python stages/score.py {stage} ${{item}}", "deps": ["stages/score.py"], "outs": outs}
        stages[stage] = {"foreach": list(params["evaluation"]), "do": do | {"params": ["loss", "train.seed"]}}
    start_repository(tmp_path, monkeypatch, stages)
    (tmp_path / "data/inventory").mkdir(parents=True)
    (tmp_path / "data/inventory/catalogue.json").write_text(ALL.model_dump_json())
    return tmp_path


def test_the_answer(project: Path) -> None:
    params = load_params(project / "params.yaml")
    main(params, "0")
    assert set(experiments()) == {"worth-genres-0", "worth-playlists-0", "worth-genres-playlists-0"}
    text = (project / "report/worth.md").read_text()
    assert "**New songs: playlists** (ndcg@10, 6 playlists)" in text
    assert "- **genres paid**: alone +0.100 (+0.100 to +0.100) over the input itself" in text
    assert "- The best, genres and playlists, is " in text and "is below the best (+0.150 (" in text
    assert "| genres | 0.600 |" in text and (project / "report/worth.png").exists()
    assert "| mel statistics |" in text and "| statistics |" not in text
    rows = json.loads((project / "metrics/details/worth.json").read_text())["gains"]["New songs: playlists"]["rows"]
    assert rows["playlists"]["over"]["ridge"]["mean"] == pytest.approx(0.05)

    nothing = params.systems.model_copy(update={"alignment": []})
    with pytest.raises(UserError, match=r"systems.alignment is \[\], so nothing is aligned"):
        main(params.model_copy(update={"systems": nothing}), "0")
