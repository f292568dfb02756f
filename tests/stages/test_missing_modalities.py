"""Training on a catalogue that lacks genres or playlists: what is said, and what is not even read."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_data import TRACKS, change_params, run_main, write_small_data

from unisono.artifacts.vectors import save_vectors
from unisono.errors import UserError

WITHOUT = {
    "genres": {"loss.lambda_a2g": 0, "loss.lambda_g2p": 0},
    "cf": {"loss.lambda_a2p": 0, "loss.lambda_g2p": 0},
}
SAID = {
    "genres": "the catalogue has no genres to learn from: none of the training tracks has a genre; add genres"
    " (tracks.csv: genres; song_meta.json: song_gn_dtl_gnr_basket), or train without them: loss.lambda_a2g,"
    " loss.lambda_g2p and loss.lambda_g2t 0",
    "cf": "the catalogue has no playlists to learn from: no two training tracks are in playlists; add playlists,"
    " check that they use the tracks' ids and paths, or train without them: loss.lambda_a2p, loss.lambda_g2p and"
    " loss.lambda_p2t 0",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_small_data(tmp_path)
    change_params(tmp_path, {"train.epochs": 1})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("objective", ["contrastive", "prediction"])
@pytest.mark.parametrize("vectors", ["genres", "cf"])
def test_what_no_training_track_has_is_named_with_the_weights(folder: Path, vectors: str, objective: str) -> None:
    change_params(folder, {"train.objective": objective})
    ids = {"genres": [], "cf": TRACKS}[vectors]
    save_vectors(folder / "data" / vectors, ids, np.zeros((len(ids), 8)))
    with pytest.raises(UserError) as caught:
        run_main(folder, "train.py catalogue")
    assert str(caught.value) == SAID[vectors]


@pytest.mark.parametrize("vectors", ["genres", "cf"])
def test_vectors_without_weight_need_not_be_there(folder: Path, vectors: str) -> None:
    change_params(folder, WITHOUT[vectors])
    shutil.rmtree(folder / "data" / vectors)
    run_main(folder, "train.py catalogue")
    assert (folder / "data/models/trained/encoder.safetensors").exists()


def test_tags_that_only_other_parts_have_teach_nothing(folder: Path) -> None:
    labels = pd.read_parquet(folder / "data/waves/magnatagatune/labels.parquet")
    labels["tags"] = [[] if part == "train" else list(tags) for tags, part in labels[["tags", "split"]].to_numpy()]
    labels.to_parquet(folder / "data/waves/magnatagatune/labels.parquet")
    with pytest.raises(UserError, match=r"no training track has a tag of 'tagged', so there is nothing to learn"):
        run_main(folder, "finetune.py magnatagatune")


def test_two_crops_need_neither(folder: Path) -> None:
    change_params(folder, {**WITHOUT["genres"], **WITHOUT["cf"], "loss.lambda_a2a": 1})
    for vectors in WITHOUT:
        shutil.rmtree(folder / "data" / vectors)
    run_main(folder, "train.py catalogue")
    assert (folder / "data/models/trained/encoder.safetensors").exists()
