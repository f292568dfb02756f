"""The probe of genres: its scores against scikit-learn and a loop, and what it says of vectors that are known."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.metrics import roc_auc_score

from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import save_encoder
from unisono.errors import UserError
from unisono.experiments.genre_probe import MEL, compare, genres_of, main, probe

SIDES = ("embeddings", "mel_statistics")


def wins_of(score_N: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.sign(np.subtract.outer(score_N, score_N))


def test_scores_over_all_pairs_are_scikit_learn_s_and_those_of_one_artist_a_loop_s() -> None:
    rng = np.random.default_rng(0)
    has = {"rock": rng.random(60) < 0.4, "jazz": rng.random(60) < 0.3}
    artist_N = rng.integers(4, size=60)
    scores = {
        side: {name: rng.integers(9, size=60) + 2 * has[name] for name in has} for side in SIDES
    }  # there are ties
    wins = {side: {name: wins_of(score_N) for name, score_N in of_side.items()} for side, of_side in scores.items()}

    everywhere = compare(wins, has, np.ones((60, 60), dtype=bool))
    for side in SIDES:
        expected = [roc_auc_score(has[name], scores[side][name]) for name in has]
        assert [everywhere["genres"][name][side] for name in has] == pytest.approx(expected, abs=1e-4)
        assert everywhere[side]["value"] == pytest.approx(np.mean(expected), abs=1e-4)
    gap = everywhere["embeddings"]["value"] - everywhere["mel_statistics"]["value"]
    assert everywhere["difference"]["value"] == pytest.approx(gap, abs=2e-4)
    assert everywhere["difference"]["low"] < gap < everywhere["difference"]["high"]

    within = compare(wins, has, np.equal.outer(artist_N, artist_N))
    for name in has:
        score_N = scores["embeddings"][name]
        pairs = [
            0.5 + 0.5 * np.sign(score_N[i] - score_N[j])
            for i in np.flatnonzero(has[name])
            for j in np.flatnonzero(~has[name])
            if artist_N[i] == artist_N[j]
        ]
        assert within["genres"][name]["embeddings"] == pytest.approx(np.mean(pairs), abs=1e-4)


def test_the_interval_is_that_of_a_mean_over_tracks() -> None:
    """Negatives that are all alike, and win against half of 400 positives: the AUC is a mean of 400 coins."""
    has = {"rock": np.arange(440) >= 40}
    coin_N = np.concatenate([np.full(40, 0.5), np.arange(400) % 2])
    wins = {"embeddings": {"rock": wins_of(coin_N)}, "mel_statistics": {"rock": np.full((440, 440), 0.5)}}
    found = compare(wins, has, np.ones((440, 440), dtype=bool))["difference"]
    assert found["value"] == 0
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * 0.5 / np.sqrt(400), rel=0.1)


def test_vectors_that_know_the_artist_alone_are_worth_nothing_among_an_artist_s_tracks() -> None:
    rng = np.random.default_rng(0)
    artists = pd.Series(rng.integers(4, size=200))
    rock = np.where(artists < 2, rng.random(200) < 0.8, rng.random(200) < 0.2)
    knows_artist = np.eye(4)[artists] + rng.normal(0, 0.1, (200, 4))
    knows_genre = rock[:, None] + rng.normal(0, 0.5, (200, 4))
    vectors = {"embeddings": knows_artist, "mel_statistics": knows_genre}
    found = probe(vectors, {"rock": rock}, artists)
    assert found["all_pairs"]["embeddings"]["value"] > 0.7
    assert abs(found["pairs_of_one_artist"]["embeddings"]["value"] - 0.5) < 0.1
    assert found["pairs_of_one_artist"]["mel_statistics"]["value"] > 0.9
    assert found["pairs_of_one_artist"]["difference"]["high"] < 0
    assert "pairs_of_one_artist" not in probe(vectors, {"rock": rock}, None)
    nobody = pd.Series([""] * 200)
    assert probe(vectors, {"rock": rock}, nobody)["pairs_of_one_artist"] == {"genres": {}}


def test_genres_of_the_same_tracks_are_one_and_rare_ones_are_left_out() -> None:
    genres = pd.Series([["rock", "loud"]] * 12 + [["jazz"]] * 11 + [["jazz", "swing"]] * 9)
    found = genres_of(genres)
    assert list(found) == ["jazz", "loud / rock"]
    assert found["loud / rock"].tolist() == [True] * 12 + [False] * 20
    with pytest.raises(UserError, match="no genre that at least 10 tracks have"):
        genres_of(genres[:20])


def test_a_folder_of_music_from_its_files_to_its_scores(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Low notes and high ones, and a file that is no music."""
    rng = np.random.default_rng(0)
    lines = ["track_id,path,genres,artist"]
    for track in range(30):
        hertz = 300 if track % 2 else 3000
        time_S = np.arange(20_000) / 16_000
        samples_S = 0.3 * np.sin(2 * np.pi * hertz * time_S) + 0.01 * rng.standard_normal(20_000)
        soundfile.write(tmp_path / f"{track}.wav", samples_S, 16_000)
        lines.append(f"{track},{track}.wav,{'low' if track % 2 else 'high'},somebody")
    (tmp_path / "noise.mp3").write_bytes(b"none")
    lines.append("30,noise.mp3,low,somebody")
    (tmp_path / "tracks.csv").write_text("\n".join(lines) + "\n")
    encoder = MelCNN(48, 128, [2] * 7, 8, 8, 0.0)
    save_encoder(tmp_path / "model", encoder, MEL.model_dump())

    main(str(tmp_path), str(tmp_path / "model"))
    found = json.loads(capsys.readouterr().out)
    assert (found["tracks"], found["unreadable"]) == (31, 1)
    assert found["all_pairs"]["mel_statistics"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["pairs_of_one_artist"] == found["all_pairs"]
