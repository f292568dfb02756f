"""An open catalogue: its answers against loops over all tracks, and what a user may call a track."""

import os
import shutil
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from embedded import MODEL, TONES, embed_music, embed_vectors, write_tone

import unisono
from unisono.encoders.saved import load_encoder, save_encoder
from unisono.errors import UserError
from unisono.modalities.bag_encoder import BagEncoder
from unisono.project.catalogue import OpenCatalogue

N = 150
ARTISTS = ["Ann", "Bob", "", "Cleo"]


@pytest.fixture(scope="module")
def random(tmp_path_factory: pytest.TempPathFactory) -> OpenCatalogue:
    """150 tracks with random vectors; every tenth pair is one recording under two ids."""
    rng = np.random.default_rng(0)
    sound_ND, aligned_ND = np.maximum(rng.normal(size=(N, 12)), 0), rng.normal(size=(N, 5))
    for row in range(0, N, 10):
        sound_ND[row + 1], aligned_ND[row + 1] = sound_ND[row], aligned_ND[row]
    tracks = pd.DataFrame(
        {
            "title": [f"Song {row // 2}" if row < 100 else "" for row in range(N)],
            "artist": [ARTISTS[row % 4] for row in range(N)],
            "genres": [["rock"] * (row % 2) for row in range(N)],
            "source": [f"{row}.ogg" for row in range(N)],
        },
        index=[f"t{row}" for row in range(N)],
    )
    return unisono.open_catalogue(embed_vectors(tmp_path_factory.mktemp("random"), tracks, sound_ND, aligned_ND))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return embed_music(tmp_path_factory.mktemp("music"))


@pytest.fixture
def catalogue(music: Path) -> OpenCatalogue:
    return unisono.open_catalogue(music)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a.astype(float) @ b / np.linalg.norm(a.astype(float)) / np.linalg.norm(b.astype(float)))


def point(catalogue: OpenCatalogue, row: int, together: float) -> np.ndarray:
    """The long way round: both vectors at length one, each by the root of its weight."""
    sound_D, aligned_D = catalogue.sound_ND[row].astype(float), catalogue.vectors_ND[row].astype(float)
    parts = ((1 - together, sound_D), (together, aligned_D))
    return np.concatenate([weight**0.5 * x_D / np.linalg.norm(x_D) for weight, x_D in parts])


def by_hand(query_D: np.ndarray, catalogue: OpenCatalogue, together: float, left_out: Iterable[int]) -> pd.Series:
    """Every other track's similarity, best first, of equal ones the first first."""
    rows = [row for row in range(len(catalogue)) if row not in set(left_out)]
    found = {row: round(cosine(query_D, point(catalogue, row, together)), 5) for row in rows}
    best = sorted(rows, key=lambda row: (-found[row], row))
    return pd.Series([found[row] for row in best], index=catalogue.tracks.index[best])


def assert_same(answer: pd.DataFrame, expected: pd.Series, k: int) -> None:
    assert answer.index.tolist() == expected.index[:k].tolist()
    np.testing.assert_allclose(answer["similarity"], expected[:k], atol=2e-5)


@pytest.mark.parametrize("together", [0, 0.25, 0.6, 1])
@pytest.mark.parametrize("k", [1, 10, 1000])
def test_similar_to_one_is_the_weighted_mean_of_two_cosines(random: OpenCatalogue, together: float, k: int) -> None:
    answer = random.similar("t33", k, together=together)
    assert_same(answer, by_hand(point(random, 33, together), random, together, [33]), k)
    assert list(answer.columns) == ["title", "artist", "genres", "similarity"] and answer.index.name == "track_id"
    other = answer.index[0]
    row = random.tracks.index.get_loc(other)
    two = cosine(random.sound_ND[33], random.sound_ND[row]), cosine(random.vectors_ND[33], random.vectors_ND[row])
    assert answer["similarity"].iloc[0] == pytest.approx((1 - together) * two[0] + together * two[1], abs=1e-5)
    assert answer["genres"].iloc[0] == ["rock"] * (row % 2)


@pytest.mark.parametrize("together", [0, 0.5, 1])
def test_similar_to_several_and_unlike_others_is_their_mean_less_half_of_the_others(
    random: OpenCatalogue, together: float
) -> None:
    answer = random.similar(["t3", "t4", "t8"], 20, unlike=["t70", "t71"], together=together)
    like_D = sum(point(random, row, together) for row in (3, 4, 8)) / 3
    unlike_D = sum(point(random, row, together) for row in (70, 71)) / 2
    assert_same(answer, by_hand(like_D - unlike_D / 2, random, together, [3, 4, 8, 70, 71]), 20)


def test_the_same_recording_comes_first_and_twins_in_the_catalogue_s_order(random: OpenCatalogue) -> None:
    assert random.similar("t10", 1).reset_index()[["track_id", "similarity"]].values.tolist() == [["t11", 1.0]]
    for together in (0, 0.3, 1):
        places = random.similar("t5", N, together=together).index
        for row in range(10, N, 10):
            assert places.get_loc(f"t{row}") + 1 == places.get_loc(f"t{row + 1}")


def test_the_same_artists_are_left_out_where_they_are_known(random: OpenCatalogue) -> None:
    answer = random.similar(["t0", "t1"], N, same_artist=False)  # Ann, Bob
    assert set(answer["artist"]) == {"", "Cleo"}
    assert len(answer) == sum(ARTISTS[row % 4] in ("", "Cleo") for row in range(N))
    assert len(random.similar("t2", N, same_artist=False)) == N - 1  # of nobody


@pytest.mark.parametrize("k", [1, 7, 1000])
@pytest.mark.parametrize("together", [0.4, 1])
def test_a_playlist_is_continued_by_votes_and_then_by_summed_similarity(
    random: OpenCatalogue, together: float, k: int
) -> None:
    known = [1, 2, 30, 77]
    votes, sums = np.zeros(N), np.zeros(N)
    for row in known:
        nearest = by_hand(point(random, row, together), random, together, known)[:100]
        for track_id, similarity in nearest.items():
            other = random.tracks.index.get_loc(track_id)
            votes[other] += 1
            sums[other] += similarity
    answer = random.continue_playlist([f"t{row}" for row in known], k, together=together)
    rows = random.tracks.index.get_indexer(answer.index)
    assert len(rows) == min(k, np.count_nonzero(votes))
    assert answer["votes"].tolist() == votes[rows].tolist() == sorted(votes, reverse=True)[: len(rows)]
    np.testing.assert_allclose(answer["similarity"], sums[rows] / votes[rows], atol=2e-5)
    for one, other in pairwise(rows):
        assert votes[one] > votes[other] or sums[one] > sums[other] - 1e-3


@pytest.mark.parametrize("k", [2, 3, 12])
def test_a_path_takes_the_nearest_track_to_every_stop_in_their_order(random: OpenCatalogue, k: int) -> None:
    answer = random.path("t3", "t9", k)
    a_D, b_D = point(random, 3, 1), point(random, 9, 1)
    angle = np.arccos(a_D @ b_D)
    used = [3, 9]
    for place in np.linspace(0, 1, k)[1:-1]:
        stop_D = (np.sin((1 - place) * angle) * a_D + np.sin(place * angle) * b_D) / np.sin(angle)
        used.append(random.tracks.index.get_loc(by_hand(stop_D, random, 1, used).index[0]))
    assert set(answer.index) == {f"t{row}" for row in used} and len(answer) == k
    assert (answer.index[0], answer.index[-1]) == ("t3", "t9")
    between = [random.tracks.index.get_loc(track_id) for track_id in answer.index[1:-1]]
    nearer = [cosine(point(random, row, 1), b_D) - cosine(point(random, row, 1), a_D) for row in between]
    assert nearer == sorted(nearer)
    np.testing.assert_allclose(answer["similarity"].iloc[-1], cosine(a_D, b_D), atol=2e-6)


def test_a_path_may_take_in_the_whole_catalogue(random: OpenCatalogue) -> None:
    assert sorted(random.path("t3", "t9", 1000).index) == sorted(random.tracks.index)


@pytest.mark.parametrize("together", [0.3, 1])
def test_similar_artists_are_near_by_the_mean_of_their_tracks(random: OpenCatalogue, together: float) -> None:
    answer = random.similar_artists("ann", together=together)
    rows = {artist: [row for row in range(N) if ARTISTS[row % 4] == artist] for artist in ("Ann", "Bob", "Cleo")}
    means = {artist: sum(point(random, row, together) for row in rows[artist]) for artist in rows}
    expected = sorted(("Bob", "Cleo"), key=lambda artist: -cosine(means["Ann"], means[artist]))
    assert answer.index.tolist() == expected and answer.index.name == "artist"
    for artist, (similarity, tracks, track_id, title) in zip(expected, answer.to_numpy().tolist(), strict=True):
        assert similarity == pytest.approx(cosine(means["Ann"], means[artist]), abs=2e-6)
        assert tracks == len(rows[artist])
        best = max(rows[artist], key=lambda row: round(cosine(point(random, row, together), means["Ann"]), 5))
        assert track_id == f"t{best}" and title == random.tracks["title"].iloc[best]
    assert len(random.similar_artists("Ann", 1)) == 1


def test_words_find_what_lies_near_their_genres(catalogue: OpenCatalogue, music: Path) -> None:
    query_D = BagEncoder(music / MODEL, "genre").embed(["high", "calm"])
    answer = catalogue.search("calm music, High", 5)
    assert answer.attrs["genres"] == ["calm", "high"]
    expected = sorted(range(7), key=lambda row: -cosine(query_D, catalogue.vectors_ND[row]))[:5]
    assert answer.index.tolist() == catalogue.tracks.index[expected].tolist()
    np.testing.assert_allclose(
        answer["similarity"], [cosine(query_D, catalogue.vectors_ND[row]) for row in expected], atol=2e-6
    )


def test_titles_artists_and_genres_are_there(catalogue: OpenCatalogue) -> None:
    assert catalogue.tracks.index.tolist() == list(TONES) and len(catalogue) == 7
    for track_id, (title, artist, genres, _) in TONES.items():
        track = catalogue.tracks.loc[track_id]
        assert (track["title"], track["artist"]) == (title, artist)
        assert track["genres"] == [genre for genre in genres.split("; ") if genre]
    assert "7 tracks" in repr(catalogue)


def test_a_track_is_named_by_its_id_its_title_or_its_file(
    catalogue: OpenCatalogue, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = catalogue.similar("c1", 6)
    monkeypatch.chdir(music / "music/a")
    (tmp_path / "link").symlink_to(music)
    names = ["High, höher", "../c/c1.wav", "../../music/./c/c1.wav", str(music / "music/c/c1.wav")]
    for name in [*names, music / "music/c/c1.wav", tmp_path / "link/music/c/c1.wav"]:
        pd.testing.assert_frame_equal(catalogue.similar(name, 6), expected)
    pd.testing.assert_frame_equal(catalogue.similar(["c1", "../c/c1.wav"], 6), expected)
    for folder in ("../..", tmp_path / "link"):
        pd.testing.assert_frame_equal(unisono.open_catalogue(folder).similar("../c/c1.wav", 6), expected)


def test_a_file_from_elsewhere_is_embedded(catalogue: OpenCatalogue, music: Path, tmp_path: Path) -> None:
    copy = shutil.copy(music / "music/c/c1.wav", tmp_path / "copy of it.wav")
    for together in (0, 0.5, 1):
        answer = catalogue.similar(copy, 7, together=together)
        assert answer.index[0] == "c1" and answer["similarity"].iloc[0] == pytest.approx(1, abs=1e-5)
        pd.testing.assert_frame_equal(answer[1:], catalogue.similar("c1", 6, together=together), atol=1e-4)
    other = write_tone(tmp_path / "other.wav", 900)
    vectors_ND = np.stack([unisono.load(music / MODEL).embed(file)[0] for file in (copy, other)])
    query_D = (vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)).mean(axis=0)
    expected = {row: cosine(query_D, catalogue.vectors_ND[row]) for row in range(7)}
    answer = catalogue.similar([copy, str(other)], 3)
    assert answer.index.tolist() == [list(TONES)[row] for row in sorted(expected, key=expected.__getitem__)[:-4:-1]]
    assert catalogue.path(copy, "a2", 3).index[-1] == "a2"
    assert set(catalogue.path(copy, other, 30).index) == set(TONES)
    assert len(catalogue.continue_playlist([copy, "a2"], 30)) == 6


def test_a_file_that_cannot_be_used_stops_all_but_a_playlist(
    catalogue: OpenCatalogue, music: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (bad := tmp_path / "bad.mp3").write_bytes(b"no music" * 100)
    with pytest.raises(UserError, match=r"bad\.mp3: "):
        catalogue.similar(["a1", bad])
    pd.testing.assert_frame_equal(catalogue.continue_playlist([bad, "a1"]), catalogue.continue_playlist("a1"))
    assert "bad.mp3: left out (" in caplog.text
    with pytest.raises(UserError, match="the playlist has no track to go on from"):
        catalogue.continue_playlist([bad])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda c: c.similar([]), "no track is named"),
        (lambda c: c.similar("Low"), "2 tracks are called 'Low'; name one by its id: a1, b2"),
        (
            lambda c: c.similar("lower"),
            "the catalogue has no track 'lower'; near are 'Lower', 'Low'.*; nor is it a file",
        ),
        (lambda c: c.similar("xyzzy"), "the catalogue has no track 'xyzzy'; nor is it a file"),
        (lambda c: c.similar(""), "the catalogue has no track ''"),
        (lambda c: c.similar("a\0b"), "the catalogue has no track"),
        (lambda c: c.similar("music"), "the catalogue has no track 'music'"),
        (lambda c: c.similar("a1", 0), "k is 0, expected 1 or more"),
        (lambda c: c.similar("a1", together=1.5), r"together is 1.5, expected 0 \(sounds alike\) to 1"),
        (lambda c: c.similar("a1", together=float("nan")), "together is nan, expected 0"),
        (
            lambda c: c.similar(["a1", "b1"], unlike=["b1"]),
            "a track is both liked and to stay away from; name different",
        ),
        (lambda c: c.path("a1", "a1"), "a1 and a1 are one track; a path leads from one to another"),
        (lambda c: c.path("a1", "b1", 1), "k is 1, expected 2 or more"),
        (lambda c: c.continue_playlist([]), "the playlist has no track to go on from"),
        (lambda c: c.similar_artists("Anne"), "the catalogue has no artist 'Anne'; near are 'Ann'"),
        (lambda c: c.similar_artists(""), "the catalogue has no artist ''"),
        (lambda c: c.search("polka"), "'polka' names no genre of this catalogue; there are low, middle, high, calm$"),
        (lambda c: c.search("low", -1), "k is -1, expected 1 or more"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(
    catalogue: OpenCatalogue,
    music: Path,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[OpenCatalogue], object],
    message: str,
) -> None:
    monkeypatch.chdir(music)
    with pytest.raises(UserError, match=message):
        ask(catalogue)


def test_the_same_file_liked_and_not_is_told(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    file = write_tone(tmp_path / "x.wav", 300)
    with pytest.raises(UserError, match="a track is both liked and to stay away from"):
        catalogue.similar(file, unlike=file)


def test_a_catalogue_without_titles_and_artists(tmp_path: Path) -> None:
    tracks = pd.DataFrame({"genres": [["x"], []], "source": ["a.ogg", "b.ogg"]}, index=["a", "b"])
    catalogue = unisono.open_catalogue(embed_vectors(tmp_path, tracks, np.eye(2), np.eye(2)))
    answer = catalogue.similar("a", same_artist=False)
    assert answer.reset_index().to_numpy().tolist() == [["b", "", "", [], 0.0]]
    with pytest.raises(UserError, match="the catalogue knows no artists"):
        catalogue.similar_artists("Ann")


def test_a_catalogue_of_one_track(tmp_path: Path) -> None:
    columns = {"title": ["T"], "artist": [None], "genres": [[]], "source": ["a.ogg"]}
    catalogue = unisono.open_catalogue(
        embed_vectors(tmp_path, pd.DataFrame(columns, index=["a"]), np.ones((1, 3)), np.ones((1, 2)))
    )
    assert catalogue.similar("T").empty and catalogue.continue_playlist("a").empty
    assert list(catalogue.continue_playlist("a").columns) == ["title", "artist", "genres", "similarity", "votes"]
    with pytest.raises(UserError, match="a and T are one track"):
        catalogue.path("a", "T")


def test_an_only_artist_has_no_like(tmp_path: Path) -> None:
    columns = {"title": ["T", "U"], "artist": ["Ann", ""], "genres": [[], []], "source": ["a.ogg", "b.ogg"]}
    catalogue = unisono.open_catalogue(
        embed_vectors(tmp_path, pd.DataFrame(columns, index=["a", "b"]), np.eye(2), np.eye(2))
    )
    assert catalogue.similar_artists("Ann").empty


@pytest.fixture
def own(music: Path, tmp_path: Path) -> Path:
    """A copy of the project that a test may spoil."""
    return Path(shutil.copytree(music, tmp_path / "own"))


def test_without_params_only_files_cannot_be_named(own: Path) -> None:
    expected = unisono.open_catalogue(own).similar("a1")
    (own / "params.yaml").unlink()
    catalogue = unisono.open_catalogue(own)
    pd.testing.assert_frame_equal(catalogue.similar("a1"), expected)
    assert catalogue.similar(own / "music/a/a1.wav").index[0] == "a1"  # embedded, as one from elsewhere
    with pytest.raises(UserError, match=r"params\.yaml: no such file"):
        catalogue.file_of("a1")


def test_where_the_audio_lies(own: Path, music: Path) -> None:
    catalogue = unisono.open_catalogue(own)
    assert catalogue.file_of("c1") == own / "music/c/c1.wav"
    assert OpenCatalogue(os.path.relpath(own)).file_of("c1") == own / "music/c/c1.wav"
    shutil.rmtree(own / "music")
    catalogue = unisono.open_catalogue(own)
    assert len(catalogue.similar("Lower")) == 6
    with pytest.raises(UserError, match=r"c1: its audio is not at .*c1\.wav; bring it back"):
        catalogue.file_of("c1")
    params = (own / "params.yaml").read_text().replace("catalogue", "songs")
    (own / "params.yaml").write_text(params)
    with pytest.raises(
        UserError, match=r"params\.yaml: has no corpora\.catalogue, so where its audio lies is not known"
    ):
        unisono.open_catalogue(own).file_of("c1")


def test_a_mel_is_no_audio(tmp_path: Path, music: Path) -> None:
    sources = ["arena_mel_0.tar!0/12.npy", "arena_mel/0/13.npy"]
    tracks = pd.DataFrame({"genres": [[], []], "source": sources}, index=["12", "13"])
    catalogue = unisono.open_catalogue(embed_vectors(tmp_path, tracks, np.eye(2), np.eye(2)))
    shutil.copy(music / "params.yaml", tmp_path)
    for track_id in ("12", "13"):
        with pytest.raises(
            UserError, match=f"{track_id}: has no audio file that a player could open, only the mel are"
        ):
            catalogue.file_of(track_id)


def test_what_is_missing_or_of_another_training_is_a_sentence(own: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "gone", tmp_path):
        with pytest.raises(
            UserError, match="has no embeddings of the corpus 'catalogue'; run `make repro` there first"
        ):
            unisono.open_catalogue(folder)
    with pytest.raises(UserError, match="has no embeddings of the corpus 'songs'; there are those of catalogue"):
        unisono.open_catalogue(own, "songs")
    catalogue = unisono.open_catalogue(own)
    tone = write_tone(tmp_path / "tone.wav", 200)
    for name in ("genre_encoder.json", "genre_encoder.safetensors"):
        (own / MODEL / name).unlink()
    with pytest.raises(UserError, match=r"was trained without genres and .* loss\.lambda_a2g or"):
        catalogue.search("low")
    shutil.rmtree(own / MODEL)
    with pytest.raises(UserError, match=r"trained: no encoder\.safetensors"):
        catalogue.similar(tone)


def test_a_mel_plays_by_its_preview(tmp_path: Path, music: Path) -> None:
    sources = ["arena_mel_0.tar!0/12.npy", "arena_mel/0/13.npy", "14.npy"]
    tracks = pd.DataFrame({"genres": [[], [], []], "source": sources}, index=["12", "13", "14"])
    catalogue = unisono.open_catalogue(embed_vectors(tmp_path, tracks, np.eye(3), np.eye(3)))
    shutil.copy(music / "params.yaml", tmp_path)
    previews = catalogue.root / "previews"
    for name in ("0/12.ogg", "0/13.ogg", "14.ogg"):
        (previews / name).parent.mkdir(parents=True, exist_ok=True)
        (previews / name).touch()
        assert catalogue.file_of(Path(name).stem) == previews / name


def test_tracks_of_a_corpus_of_vectors_are_found_by_their_audio(own: Path) -> None:
    file = own / "data/frames/catalogue/tracks.parquet"
    table = pd.read_parquet(file)
    table["path"] = table["source"].where(table["track_id"] != "c1", "")
    table["source"] = "vectors.parquet!0+1"
    table.to_parquet(file)
    catalogue = unisono.open_catalogue(own)
    assert catalogue.file_of("c2") == own / "music/c/c2.wav"
    assert catalogue.similar(own / "music/c/c2.wav", k=1).equals(catalogue.similar("c2", k=1))
    with pytest.raises(
        UserError, match=r"c1: has no audio file that a player could open, only the vector vectors\.parq"
    ):
        catalogue.file_of("c1")


def test_tables_that_do_not_belong_together_are_damage(own: Path) -> None:
    table = own / "data/frames/catalogue/tracks.parquet"
    pd.read_parquet(table)[1:].to_parquet(table)
    with pytest.raises(UserError, match=r"damaged, or not what the pipeline wrote \(its tracks are not those of"):
        unisono.open_catalogue(own)


def test_embeddings_of_another_layer_or_training_are_told(own: Path, tmp_path: Path) -> None:
    embedded = own / "data/embeddings/catalogue"
    shutil.rmtree(embedded / "trained")
    shutil.copytree(embedded / "sound", embedded / "trained")  # embedding.layer: backbone
    catalogue = unisono.open_catalogue(own)
    copy = shutil.copy(own / "music/c/c1.wav", tmp_path / "copy.wav")
    assert catalogue.similar(copy).index[0] == "c1"
    with pytest.raises(UserError, match=r"not in the space of the genres and words; set embedding\.layer"):
        catalogue.search("low")
    encoder, front_end = load_encoder(own / MODEL)
    next(encoder.parameters()).data += 0.1
    save_encoder(own / MODEL, encoder, front_end)
    with pytest.raises(UserError, match=r"holds another encoder than the one that embedded the catalogue"):
        unisono.open_catalogue(own).similar(copy)
