"""One's own music, with and without genres and playlists, and one system or both: what README says, done."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from project import REPO, clone, tiny
from running import run_pipeline
from small_data import change_params, run_main, write_params

from unisono.errors import UserError

RATE = 8000
TRACKS = 60


def own_music(folder: Path, genres: bool, playlists: bool) -> None:
    """Tones (genre low or high) of 5 s; one shorter than an excerpt, one with NaN, one empty MP3, one missing."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["track_id,path,genres" if genres else "track_id,path"]
    for number in range(TRACKS):
        genre, pitch = ("low", 200) if number % 2 else ("high", 1500)
        seconds = 1 if number == 7 else 5
        time = np.arange(seconds * RATE) / RATE
        wave = 0.3 * np.sin(2 * np.pi * pitch * (1 + 0.2 * rng.random()) * time) + 0.01 * rng.normal(size=len(time))
        if number == 8:
            wave[100] = np.nan
        soundfile.write(folder / f"{number}.wav", wave, RATE, subtype="FLOAT")
        lines.append(f"{number},{number}.wav" + f",{genre}" * genres)
    (folder / "empty.mp3").touch()
    lines += [f"{name},{name}.mp3" + ",low" * genres for name in ("empty", "gone")]
    (folder / "tracks.csv").write_text("\n".join(lines) + "\n")
    if playlists:
        (folder / "playlists").mkdir()
        for number in range(20):
            tracks = rng.permutation(range(number % 2, TRACKS, 2))[:8]
            (folder / f"playlists/{number}.m3u8").write_text("".join(f"../{track}.wav\n" for track in tracks))


def folder_params(music: Path) -> dict[str, Any]:
    """params/folder.yaml, for tiny models."""
    params = yaml.safe_load((REPO / "params/folder.yaml").read_text())
    params["threads"] = params["machine"]["workers"] = 1
    params["corpora"]["catalogue"]["root"] = str(music)
    params["report"]["tag_pair"] = ["low", "high"]
    params["pack"]["max_reject_share"] = 0.1
    params["cf"] |= {"dim": 8, "epochs": 2}
    params["genres"] |= {"dim": 8, "epochs": 2}
    params["encoder"] |= {"channels": [4, 4, 4, 4, 8, 8, 8], "hidden": 16, "embedding_dim": 8}
    params["train"] |= {"epochs": 1, "batch_size": 16, "crop_frames": 128}
    params["similarity"]["encoder"] = {"kind": "sample_cnn", "channels": [4] * 8, "embedding_dim": 8}
    params["pretrain"] |= {"epochs": 1, "batch_size": 16}
    params["finetune"] |= {"epochs": 1, "batch_size": 16, "r": 20.0}
    for task in params["evaluation"].values():
        if "repeats" in task:
            task["repeats"] = 2
        if "probe" in task:
            task["probe"] |= {"epochs": 2, "patience": 2}
    return params


def without(params: dict[str, Any], *models: str) -> None:
    """Remove the tasks of these models."""
    params["evaluation"] = {name: task for name, task in params["evaluation"].items() if task["model"] not in models}


def only_first(params: dict[str, Any]) -> None:
    params["systems"]["metric_learning"] = []
    without(params, "similarity")


def only_second(params: dict[str, Any]) -> None:
    params["systems"] |= {"alignment": [], "embed": []}
    without(params, "trained")


def no_genres(params: dict[str, Any]) -> None:
    params["loss"] |= {"lambda_a2g": 0, "lambda_g2p": 0}
    params["finetune"] |= {"label_fraction": 0, "r": "auto"}


def no_playlists(params: dict[str, Any]) -> None:
    params["loss"] |= {"lambda_a2p": 0, "lambda_g2p": 0}


def neither(params: dict[str, Any]) -> None:
    no_genres(params)
    no_playlists(params)
    params["loss"]["lambda_a2a"] = 1


def all_there(params: dict[str, Any]) -> None:
    pass


CASES = [
    # genres, playlists, what README says to change, tasks that are left out, stages that do not run
    (True, True, all_there, set(), ""),
    (False, True, no_genres, {"tags", "retrieval", "autotagging"}, ""),
    (True, False, no_playlists, {"playlists"}, ""),
    (False, False, neither, {"playlists", "tags", "retrieval", "autotagging", "crossmodal"}, ""),
    (True, True, only_first, set(), "pack_waves pretrain balance finetune export_similarity similarity_space"),
    (True, True, only_second, set(), "factorize genres train export"),
]


@pytest.mark.parametrize(
    ("genres", "playlists", "change", "left_out", "idle"), CASES, ids=[case[2].__name__ for case in CASES]
)
def test_what_is_there_is_used(
    tmp_path: Path, genres: bool, playlists: bool, change: Any, left_out: set[str], idle: str
) -> None:
    own_music(tmp_path / "music", genres, playlists)
    params = folder_params(tmp_path / "music")
    change(params)
    project = clone(tmp_path / "project", params)
    ran = {name.split("@")[0] for name in run_pipeline(project.folder)}
    assert ran.isdisjoint(idle.split()) and {"pack", "baselines", "evaluate", "report"} <= ran
    details = {name: json.loads(project.read(f"metrics/details/evaluate/{name}.json")) for name in params["evaluation"]}
    assert {name for name, found in details.items() if "left_out" in found} == left_out
    report = project.read("report/report.md").decode()
    assert all(f"evaluation.{name}: " in report for name in left_out)
    reasons = ("8.wav,NaN or infinite values", "empty.mp3,empty file", "gone.mp3,missing file")
    assert all(reason in project.read("data/frames/catalogue/rejects.csv").decode() for reason in reasons)


def test_vectors_are_aligned_as_audio_is(tmp_path: Path) -> None:
    """And others' vectors, of which some are missing, go through the same tasks."""
    own_music(tmp_path / "music", genres=True, playlists=True)
    rng = np.random.default_rng(0)
    ids = [str(number) for number in range(TRACKS) if number != 9]
    rows = [rng.normal(int(track_id) % 2, 1, 6).tolist() for track_id in ids for _ in range(2)]
    vectors = pd.DataFrame({"track_id": np.repeat(ids, 2), "vector": rows})
    vectors.to_parquet(tmp_path / "music/vectors.parquet")
    vectors[10:].to_parquet(tmp_path / "others.parquet")
    params = folder_params(tmp_path / "music")
    only_first(params)
    params["corpora"]["catalogue"]["format"] = "vectors"
    params["vectors"]["dim"] = 6
    params["encoder"] |= {"kind": "vectors"}
    params["train"]["crop_frames"] = 1
    params["compare"] = {"theirs": {"corpus": "catalogue", "path": str(tmp_path / "others.parquet")}}
    project = clone(tmp_path / "project", params)
    run_pipeline(project.folder)
    details = json.loads(project.read("metrics/details/baselines/playlists.json"))
    assert {"untrained", "statistics", "ridge", "theirs"} == set(details["models"])
    counts = json.loads(project.read("metrics/details/compare/theirs.json"))
    assert counts == {"tracks": 59, "missing": 5, "rejected": 0, "unknown": 0}
    report = project.read("report/report.md").decode()
    assert "theirs (5 tracks without a vector)" in report and "the vectors as they came" in report
    rejects = project.read("data/frames/catalogue/rejects.csv").decode()
    assert all(f"{track},vectors.parquet,no vector" in rejects for track in ("9", "empty", "gone"))


def test_an_existing_model_is_evaluated_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params, names = tiny(), ("gtzan", "jamendo")
    params["sample"]["corpora"] = [*names]
    params["corpora"] = {name: params["corpora"][name] for name in names}
    params["systems"] = {"alignment": [], "metric_learning": [], "embed": [*names]}
    params["evaluation"] = {name: params["evaluation"][name] for name in names}
    project = clone(tmp_path / "project", params)
    monkeypatch.chdir(project.folder)
    run_main(project.folder, "untrained.py")
    shutil.copytree(project.folder / "data/models/untrained", project.folder / "data/models/trained")
    run_pipeline(project.folder)
    for name in names:
        scores = json.loads(project.read(f"metrics/details/evaluate/{name}.json"))["models"]["trained"]
        assert scores == json.loads(project.read(f"metrics/details/baselines/{name}.json"))["models"]["untrained"]
    report = project.read("report/report.md").decode()
    assert "Table 1" in report and "Table 2" in report and "Table 3" not in report


def test_what_cannot_work_is_said_before_anything_is_packed(tmp_path: Path) -> None:
    own_music(tmp_path / "music", genres=False, playlists=True)
    project = clone(tmp_path / "project", folder_params(tmp_path / "music"))
    with pytest.raises(UserError, match=r"none of its 62 tracks has a genre, but loss.lambda_a2g is 1"):
        run_pipeline(project.folder)
    assert not (project.folder / "data/frames").exists()
    tracks = tmp_path / "music/tracks.csv"
    header, *lines = tracks.read_text().splitlines()
    tracks.write_text("\n".join([f"{header},genres", *(f"{line},low" for line in lines)]) + "\n")
    project.run(sys.executable, "stages/inventory.py", "catalogue")  # make inventory: it is looked at again
    assert json.loads(project.read("data/inventory/catalogue.json"))["tags"] == {"genres": ["low"]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"finetune.contrastive": False, "finetune.label_fraction": 0}, "label_fraction is 0 and contrastive is false"),
        ({"augmentation.low_pass.high": 9000}, "low_pass is 2200 to 9000 Hz, expected above 0 and below 3675 Hz"),
    ],
)
def test_what_the_second_system_cannot_do_is_a_sentence(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    write_params(tmp_path, folder_params(tmp_path / "music"))
    change_params(tmp_path, change)
    with pytest.raises(UserError, match=says):
        run_main(tmp_path, "pretrain.py catalogue")
