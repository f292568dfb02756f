"""One's own music without playlists: what is missing is said, and both systems run on the rest."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from project import REPO, Project, clone

RATE = 8000
TRACKS = 60


def own_music(folder: Path) -> None:
    """Tones (genre low or high) of 4 s; one shorter than an excerpt, one with NaN, one empty MP3, one missing."""
    rng = np.random.default_rng(0)
    lines = ["track_id,path,genres"]
    for number in range(TRACKS):
        genre, pitch = ("low", 200) if number % 2 else ("high", 1500)
        seconds = 1 if number == 7 else 4
        time = np.arange(seconds * RATE) / RATE
        wave = 0.3 * np.sin(2 * np.pi * pitch * (1 + 0.2 * rng.random()) * time) + 0.01 * rng.normal(size=len(time))
        if number == 8:
            wave[100] = np.nan
        soundfile.write(folder / f"{number}.wav", wave, RATE, subtype="FLOAT")
        lines.append(f"{number},{number}.wav,{genre}")
    (folder / "empty.mp3").touch()
    lines += ["empty,empty.mp3,low", "gone,gone.mp3,low"]
    (folder / "tracks.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    music = tmp_path_factory.mktemp("music")
    own_music(music)
    params = yaml.safe_load((REPO / "params/folder.yaml").read_text())
    params["corpora"]["catalogue"]["root"] = str(music)
    params["report"]["tag_pair"] = ["low", "high"]
    params["pack"]["max_reject_share"] = 0.1
    params["genres"] |= {"dim": 8, "epochs": 2}
    params["encoder"] |= {"channels": [4, 4, 4, 4, 8, 8, 8], "hidden": 16, "embedding_dim": 8}
    params["train"] |= {"epochs": 1, "batch_size": 16, "crop_frames": 128}
    params["similarity"]["encoder"] = {"kind": "sample_cnn", "channels": [4] * 8, "embedding_dim": 8}
    params["pretrain"] |= {"epochs": 1, "batch_size": 16}
    params["finetune"] |= {"epochs": 1, "batch_size": 16, "r": 20.0}
    params["evaluation"] = {name: params["evaluation"][name] for name in ("retrieval", "autotagging")}
    return clone(tmp_path_factory.mktemp("unisono"), params)


def test_a_loss_that_weighs_missing_playlists_is_explained(project: Project) -> None:
    said = project.run("dvc", "repro", "train", fails=True)
    assert "the catalogue has no playlists to learn from" in said and "Traceback" not in said
    assert "loss.lambda_a2p and loss.lambda_g2p 0" in said


def test_both_systems_run_without_playlists(project: Project) -> None:
    project.run("dvc", "exp", "run", "-S", "loss.lambda_a2p=0", "-S", "loss.lambda_g2p=0", "-S", "loss.lambda_a2a=0.5")
    retrieval = json.loads(project.read("metrics/evaluate/retrieval.json"))["retrieval"]
    assert {"similarity", "alignment"} <= set(retrieval)
    assert "a2a" in json.loads(project.read("metrics/train.json"))["train"]["loss"]["train"]
    for file in ("data/frames/catalogue/rejects.csv", "data/waves/rejects.csv"):
        rejects = project.read(file).decode()
        for reason in ("8.wav,NaN or infinite values", "empty.mp3,empty file", "gone.mp3,missing file"):
            assert reason in rejects
    assert json.loads(project.read("metrics/pack_waves.json"))["pack_waves"]["packed"] == TRACKS - 1


def test_what_the_second_system_cannot_do_is_a_sentence(project: Project) -> None:
    said = project.refuses({"finetune.contrastive": False, "finetune.label_fraction": 0}, "stages/finetune.py")
    assert "label_fraction is 0 and contrastive is false" in said
    said = project.refuses({"similarity.labels": "moods"}, "stages/finetune.py")
    assert "labels is 'moods', but data/waves has only the labels genres" in said
    said = project.refuses({"augmentation.low_pass.high": 9000}, "stages/pretrain.py")
    assert "augmentation: low_pass is 2200 to 9000 Hz, expected above 0 and below 3675 Hz" in said
