"""stages/bags.py on a few tracks: what enters the bags, what is left out and counted, and a training with them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_data import PARTS, TRACKS, change_params, run_main, write_small_data

from unisono.artifacts.vectors import load_vectors
from unisono.corpora.playlist_split import split_playlists
from unisono.errors import UserError
from unisono.modalities.bag_encoder import BagEncoder

KNOWN = [track for track, part in zip(TRACKS, PARTS, strict=True) if part != "test"]
TESTED = [track for track in TRACKS if track not in KNOWN]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every known song is in a playlist called rain or one called sun, most of them with an artist of their own."""
    write_small_data(tmp_path)
    frames = tmp_path / "data/frames/catalogue"
    playlists = {
        "p0": (KNOWN[:8] + TESTED[:2], ["rain", "evening"]),
        "p1": (KNOWN[4:8], ["rain", "once"]),
        "p2": (KNOWN[8:], ["sun"]),
        "p3": (KNOWN[8:] + TESTED, ["sun", "evening"]),
        "p4": (TESTED, ["secret", "rain"]),
        "p5": (TESTED, ["secret"]),
        "p6": (KNOWN[:1], []),
    }
    table = pd.DataFrame({"playlist_id": list(playlists), "tracks": [p[0] for p in playlists.values()]})
    table["words"] = [pair[1] for pair in playlists.values()]
    table.to_parquet(frames / "playlists.parquet", index=False)
    write_split_of_playlists(tmp_path, table)
    tracks = pd.read_parquet(frames / "tracks.parquet")
    artists = [[], ["Ann", "Bob"], *([f"artist {row // 2}"] for row in range(2, 20))]
    tracks.assign(artists=artists).to_parquet(frames / "tracks.parquet", index=False)
    change_params(tmp_path, {"train.epochs": 1})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_split_of_playlists(folder: Path, playlists: pd.DataFrame, held_out: float = 0) -> pd.DataFrame:
    split = pd.DataFrame({"track_id": TRACKS, "split": PARTS})
    without = [[]] * len(playlists)
    found = split_playlists(playlists.assign(counts=without, times=without), split, held_out, seed=0)
    found.to_parquet(folder / "data/split/catalogue-playlists.parquet", index=False)
    return found


def details(name: str) -> dict:
    return json.loads(Path(f"metrics/details/{name}.json").read_text())


def test_words_of_test_songs_and_of_their_playlists_do_not_exist(folder: Path) -> None:
    run_main(folder, "bags.py words catalogue")
    ids, vectors_GD = load_vectors(Path("data/words"))
    assert list(ids) == ["evening", "rain", "sun"] and vectors_GD.shape == (3, 8)
    bags = pd.read_parquet("data/words/tracks.parquet").set_index("track_id")["words"].map(list)
    expected = {track: ["evening", "rain"] for track in KNOWN[:4]} | {
        track: ["rain", "evening"] for track in KNOWN[4:8]
    }
    assert bags.to_dict() == expected | {track: ["sun", "evening"] for track in KNOWN[8:]}
    found = details("words")
    assert {word: set(nearest) for word, nearest in found.pop("nearest").items()} == {
        word: {"evening", "rain", "sun"} - {word} for word in ids
    }
    assert found == {
        "n": 3,
        "only_in_test": 0,
        "rare": 1,
        "playlists": {"n": 7, "without_known_song": 2, "without_word": 1},
        "songs": {"n": 16, "without_word": 0, "with_one_word": 0},
    }


def test_a_song_that_is_hidden_from_a_playlist_has_not_its_words(folder: Path) -> None:
    table = pd.read_parquet("data/frames/catalogue/playlists.parquet")
    found = write_split_of_playlists(folder, table, held_out=0.5).set_index("playlist_id")
    change_params(folder, {"words.least": 1})
    run_main(folder, "bags.py words catalogue")
    bags = pd.read_parquet("data/words/tracks.parquet").set_index("track_id")["words"].map(set)
    words = table.set_index("playlist_id")["words"]
    known = {
        track: set().union(*(words[key] for key in found.index if track in found["known"][key])) for track in KNOWN
    }
    assert bags.to_dict() == {track: names for track, names in known.items() if names}
    assert "once" not in bags[[track for track in found["hidden"]["p1"] if track in bags.index]].explode().tolist()


def test_a_catalogue_whose_playlists_all_went_has_no_words(folder: Path) -> None:
    for file in ("data/frames/catalogue/playlists.parquet", "data/split/catalogue-playlists.parquet"):
        pd.read_parquet(file)[:0].to_parquet(file, index=False)
    run_main(folder, "bags.py words catalogue")
    assert details("words")["n"] == 0 and details("words")["playlists"]["n"] == 0
    change_params(folder, {"loss.lambda_a2t": 1})
    with pytest.raises(UserError, match="has no words to learn from"):
        run_main(folder, "train.py catalogue")


def test_artists_have_vectors_that_tell_them_apart(folder: Path) -> None:
    run_main(folder, "bags.py artists catalogue")
    ids, vectors_GD = load_vectors(Path("data/artists"))
    assert len(ids) == 9 and details("artists")["only_in_test"] == 2
    assert details("artists")["songs"] == {"n": 16, "without_artist": 1, "with_one_artist": 14}
    np.testing.assert_allclose(np.square(vectors_GD).mean(axis=1), 1, rtol=1e-5)
    assert np.linalg.matrix_rank(vectors_GD) == 8


def test_training_aligns_with_them_and_keeps_their_encoders(folder: Path) -> None:
    for what in ("words", "artists"):
        run_main(folder, f"bags.py {what} catalogue")
    weights = {f"loss.lambda_{name}": 1 for name in ("a2t", "g2t", "p2t", "a2r")}
    change_params(folder, weights)
    run_main(folder, "train.py catalogue")
    losses = json.loads(Path("metrics/details/train.json").read_text())
    assert all(f'"{name}"' in json.dumps(losses) for name in ("a2g", "a2t", "g2t", "p2t", "a2r"))
    model = Path("data/models/trained")
    assert BagEncoder(model, "word").names == ["evening", "rain", "sun"]
    assert len(BagEncoder(model, "artist").names) == 9
    change_params(folder, {"train.objective": "prediction"})
    run_main(folder, "train.py catalogue")
    assert not list(model.glob("*_encoder.json"))


def test_words_that_nobody_writes_are_a_sentence(folder: Path) -> None:
    change_params(folder, {"words.least": 100, "loss.lambda_a2t": 1})
    run_main(folder, "bags.py words catalogue")
    with pytest.raises(UserError, match=r"has no words to learn from: .*words\.least.*lambda_a2t, loss.lambda_g2t and"):
        run_main(folder, "train.py catalogue")
