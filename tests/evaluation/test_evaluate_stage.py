"""stages/evaluate.py on a few random tracks: what it writes, what it leaves out, and what it refuses."""

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from unisono.artifacts.vectors import save_vectors
from unisono.embeddings.read import INDEX, TRACKS, WINDOWS
from unisono.embeddings.write import save_embeddings
from unisono.errors import UserError
from unisono.params import load_params

REPO = Path(__file__).parents[2]
STAGE = REPO / "stages/evaluate.py"
OWN_MUSIC = REPO / "params/folder.yaml"
IDS = [f"t{n:02}" for n in range(40)]
PARTS = ["train"] * 20 + ["validation"] * 10 + ["test"] * 10
TAGS = ["jazz", "rock"]


def embed(folder: Path, seed: int) -> None:
    """Two windows of each track, and their mean."""
    windows_MD = np.random.default_rng(seed).normal(size=(80, 6)).astype(np.float32)
    folder.mkdir(parents=True)
    np.save(folder / WINDOWS, windows_MD)
    np.save(folder / TRACKS, windows_MD.reshape(40, 2, 6).mean(axis=1))
    index = pd.DataFrame({"track_id": IDS, "first_window": range(0, 80, 2), "n_windows": 2})
    index.to_parquet(folder / INDEX)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stage reads of a catalogue that every task can be asked of."""
    params = yaml.safe_load((REPO / "params.yaml").read_text())
    params["evaluation"]["same_track"] = yaml.safe_load(OWN_MUSIC.read_text())["evaluation"]["same_track"]
    for task in params["evaluation"].values():
        task["corpus"] = "catalogue"
        if "repeats" in task:
            task["repeats"] = 2
        if "probe" in task:
            task["probe"] |= {"epochs": 2, "patience": 2, "hidden": [4]}
    params["systems"]["metric_learning"] = ["catalogue"]
    params["evaluation"]["jamendo"]["labels"] = ["tagged", "genres"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    frames, tags = tmp_path / "data/frames/catalogue", [[TAGS[n % 2]] for n in range(40)]
    frames.mkdir(parents=True)
    labels = pd.DataFrame({"track_id": IDS, "task": "tagged", "tags": tags, "split": PARTS})
    labels.to_parquet(frames / "labels.parquet")
    pd.DataFrame({"track_id": IDS, "genres": tags}).to_parquet(frames / "tracks.parquet")
    pd.DataFrame({"playlist_id": ["p"], "tracks": [IDS], "words": [["rain"]]}).to_parquet(frames / "playlists.parquet")
    (tmp_path / "data/split").mkdir()
    playlists = pd.DataFrame({"playlist_id": ["p"], "known": [IDS[:30]], "hidden": [IDS[30:]]})
    playlists.to_parquet(tmp_path / "data/split/catalogue-playlists.parquet")
    labels[["track_id", "split"]].to_parquet(tmp_path / "data/split/catalogue.parquet")
    for seed, name in enumerate(
        (
            "embeddings/catalogue/trained",
            "embeddings/catalogue/similarity",
            "baselines/catalogue/untrained",
            "baselines/catalogue/statistics",
            "baselines/catalogue/ridge",
        )
    ):
        embed(tmp_path / "data" / name, seed)
    save_vectors(tmp_path / "data/embeddings/catalogue/similarity/tag_head", TAGS, np.ones((2, 6)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluate(*arguments: str) -> None:
    runpy.run_path(str(STAGE))["main"](load_params(Path("params.yaml")), *arguments)


def read(path: str) -> Any:
    return json.loads(Path("metrics", path).read_text())


@pytest.mark.parametrize(
    ("name", "models", "headline"),
    [
        ("gtzan", ["trained"], ["accuracy"]),
        ("jamendo", ["trained"], ["genres.roc_auc", "tagged.roc_auc"]),
        ("playlists", ["trained"], ["map@100", "ndcg@100"]),
        ("tags", ["trained"], ["pr_auc", "roc_auc"]),
        (
            "retrieval",
            ["similarity", "trained"],
            ["similarity.m@10", "similarity.r@1", "trained.m@10", "trained.r@1"],
        ),
        ("same_track", ["similarity", "trained"], ["similarity.r@1", "trained.r@1"]),
        ("autotagging", ["similarity"], ["pr_auc", "roc_auc"]),
    ],
)
def test_headlines_details_and_baselines_of_each_task(
    folder: Path, name: str, models: list[str], headline: list[str]
) -> None:
    evaluate(name)
    details = read(f"details/evaluate/{name}.json")
    assert sorted(details["models"]) == sorted(details["counts"]) == models and details["chance"] == {}
    flat = read(f"evaluate/{name}.json")
    assert list(flat) == [name] and sorted(flat[name]) == headline
    by_model = {f"{model}.{key}": s["mean"] for model, scores in details["models"].items() for key, s in scores.items()}
    for key, mean in flat[name].items():
        assert mean == by_model[key if len(models) > 1 else f"{models[0]}.{key}"]
    evaluate(name, "baselines")
    assert not (folder / "metrics/baselines").exists()
    baselines = read(f"details/baselines/{name}.json")
    assert list(baselines["models"]) == ([] if name == "autotagging" else ["ridge", "statistics", "untrained"])
    scores = set(details["models"][models[0]])
    assert set(baselines["chance"]) == scores and all(set(s) == scores for s in baselines["models"].values())
    assert {column["score"] for column in details["columns"]} <= scores
    for stage, found in (("evaluate", details), ("baselines", baselines)):
        items = pd.read_parquet(folder / f"data/scores/{stage}/{name}.parquet")
        assert list(items.columns[:2]) == ["item", "model"]
        means = items.melt(["item", "model"]).groupby(["model", "variable"])["value"].mean()
        assert {key: found["models"][key[0]][key[1]]["mean"] for key in means.index} == means.to_dict()
        assert set(items["model"]) == (set(found["models"]) if name == "playlists" else set())


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens where there is no GPU")
@pytest.mark.parametrize("name", ["gtzan", "jamendo", "playlists"])
def test_what_takes_long_is_computed_on_the_machine_s_device(folder: Path, name: str) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["machine"]["device"] = "cuda"
    Path("params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(UserError, match="device is 'cuda', but torch finds no CUDA device; use device: auto or cpu"):
        evaluate(name)


def test_known_songs_have_rows_of_popularity_and_factors_beside_them(folder: Path) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["evaluation"]["known"] = params["evaluation"]["playlists"] | {"songs": "known", "k": 10}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    evaluate("known")
    assert "raise split.held_out above 0, or set split.by to time" in read("details/evaluate/known.json")["left_out"]
    playlists = folder / "data/split/catalogue-playlists.parquet"
    pd.DataFrame({"playlist_id": ["p"], "known": [IDS[:25]], "hidden": [IDS[25:]]}).to_parquet(playlists)
    vectors_ND = np.random.default_rng(0).normal(size=(30, 4))
    save_vectors(folder / "data/baselines/catalogue/factors", IDS[:30], vectors_ND)
    evaluate("known", "baselines")
    found = read("details/baselines/known.json")
    assert list(found["models"]) == ["WARP", "popularity", "ridge", "statistics", "untrained"]
    assert all(scores["ndcg@10"]["n"] == 1 for scores in found["models"].values())
    params["systems"]["alignment"] = []
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    evaluate("known", "baselines")
    assert "WARP" not in read("details/baselines/known.json")["models"]


def test_chance_is_that_of_the_tracks_that_are_embedded(folder: Path) -> None:
    """Half of the test tracks are rock; without two of jazz, 5 of 8."""
    evaluate("autotagging", "baselines")
    assert read("details/baselines/autotagging.json")["chance"]["pr_auc"]["mean"] == 0.5
    heard = [track for track in IDS if track not in ("t30", "t32")]
    pd.DataFrame({"track_id": heard, "n_windows": 2}).to_parquet(folder / "data/baselines/catalogue/untrained" / INDEX)
    frames = folder / "data/frames/catalogue/labels.parquet"
    labels = pd.read_parquet(frames)
    labels["tags"] = [["rock"] if tags[0] == "rock" else [] for tags in labels["tags"]]
    labels.to_parquet(frames)
    evaluate("autotagging", "baselines")
    assert read("details/baselines/autotagging.json")["chance"]["pr_auc"]["mean"] == 5 / 8


def test_a_task_without_its_labels_or_playlists_is_left_out_with_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = folder / "data/frames/catalogue"
    tracks = pd.read_parquet(frames / "tracks.parquet")
    tracks.assign(genres=[[]] * 40).to_parquet(frames / "tracks.parquet")
    playlists = folder / "data/split/catalogue-playlists.parquet"
    pd.read_parquet(playlists)[:0].to_parquet(playlists)
    (folder / "data/embeddings/catalogue/similarity/tag_head").rename(folder / "gone")
    reasons = {
        "tags": "catalogue has no genres: none of the 40 tracks in its split has one",
        "playlists": "there are no playlists",
        "autotagging": "the model has no tag head, as no label was kept; raise finetune.label_fraction",
    }
    for name, reason in reasons.items():
        evaluate(name)
        assert capsys.readouterr().err.splitlines() == [f"evaluation.{name} is left out: {reason}"]
        assert read(f"evaluate/{name}.json") == {} and read(f"details/evaluate/{name}.json") == {"left_out": reason}
        assert pd.read_parquet(folder / f"data/scores/evaluate/{name}.parquet").empty
    evaluate("playlists", "baselines")
    assert read("details/baselines/playlists.json") == {"left_out": reasons["playlists"]}


def test_others_whose_tracks_are_too_few_are_left_out_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["compare"] = {name: {"corpus": "catalogue", "path": f"{name}.parquet"} for name in ("few", "all")}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    for name, n in (("few", 20), ("all", 40)):
        tracks_ND = np.random.default_rng(0).normal(size=(n, 6))
        save_embeddings(
            folder / "data/baselines/catalogue" / name, IDS[:n], tracks_ND, tracks_ND, np.ones(n, dtype=int)
        )
    evaluate("tags", "baselines")
    assert list(read("details/baselines/tags.json")["models"]) == ["all", "ridge", "statistics", "untrained"]
    assert "compare.few is left out: the validation part has no track" in capsys.readouterr().err
    evaluate("playlists", "baselines")
    assert list(read("details/baselines/playlists.json")["models"]) == ["all", "ridge", "statistics", "untrained"]
    assert "compare.few is left out: none of the 10 songs that may be found" in capsys.readouterr().err
    (folder / "data/baselines/catalogue/all" / TRACKS).write_bytes(b"")
    with pytest.raises(UserError, match=r"^compare\.all: .*tracks\.npy: damaged"):
        evaluate("playlists", "baselines")


def test_what_params_ask_wrongly_is_refused(folder: Path) -> None:
    for arguments in (("nosuch",), (), ("tags", "again")):
        with pytest.raises(UserError, match=r"expected a task of params.evaluation \(autotagging, crossmodal, gtzan, "):
            evaluate(*arguments)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["evaluation"]["retrieval"]["labels"] = "moods"
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(UserError, match="labels is 'moods', but data/frames/catalogue has only the labels tagged, gen"):
        evaluate("retrieval")
    (folder / "data/embeddings/catalogue/similarity" / INDEX).unlink()
    with pytest.raises(UserError, match=r"similarity/index\.parquet: no such file"):
        evaluate("retrieval")
    (folder / "data/embeddings/catalogue").rename(folder / "gone")
    with pytest.raises(UserError, match=r"trained/index\.parquet: no such file"):
        evaluate("gtzan")


def test_what_a_system_left_that_does_not_run_any_more_is_not_compared(folder: Path) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["systems"]["embed"] = []
    params["evaluation"] = {"retrieval": params["evaluation"]["retrieval"]}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    evaluate("retrieval")
    assert list(read("details/evaluate/retrieval.json")["models"]) == ["similarity"]
