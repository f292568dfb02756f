"""The Melon reader on a small data set in the real layout, and on what goes wrong with one."""

import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from unisono.corpora import melon
from unisono.corpora.reading.catalogue import read_tables, write_tables
from unisono.errors import UserError

MEL = np.ones((48, 300), dtype=np.float32)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    songs = [
        {"id": 0, "song_gn_dtl_gnr_basket": ["GN0102"], "song_name": "Feelings", "artist_name_basket": ["다비치"],
         "artist_id_basket": [672]},
        {
            "id": 1, "song_gn_dtl_gnr_basket": ["GN0101", "GN0201"], "song_name": "소나기 ",
            "artist_name_basket": ["용준형 (YONG JUNHYUNG)", "10cm", "10cm"],
            "artist_id_basket": [9, "x7", 9],
        },
        {"id": 2, "song_gn_dtl_gnr_basket": ["GN9000"], "artist_id_basket": None},
        {"id": 1003, "song_gn_dtl_gnr_basket": []},
        {"id": 4, "song_gn_dtl_gnr_basket": ["GN0102"]},
        {"id": 5, "song_gn_dtl_gnr_basket": ["GN0102"]},
    ]  # fmt: skip
    names = {"GN0100": "발라드", "GN0101": "세부장르전체", "GN0102": "1980년대", "GN0201": "세부장르전체"}
    playlists = {
        "train": [
            {"id": 10, "songs": [0, 1, 1003], "plylst_title": "비 오는 날☔ Rainy", "tags": ["카페", "RAINY"]},
            {"id": 11, "songs": [5, 2, 2, 777], "plylst_title": None},
        ],
        "val": [{"id": 12, "songs": []}],
        "test": [{"id": 13, "songs": [5]}],
    }
    (tmp_path / "song_meta.json").write_text(json.dumps(songs), encoding="utf-8")
    (tmp_path / "genre_gn_all.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    for name, records in playlists.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(records), encoding="utf-8")
    with tarfile.open(tmp_path / "arena_mel_0.tar", "w") as archive:
        for name in ("0/1.npy", "0/0.npy", "0/2.npy"):
            add(archive, name, npy(MEL))
    with tarfile.open(tmp_path / "arena_mel_1.tar", "w") as archive:
        add(archive, "1/1003.npy", npy(MEL))
    return tmp_path


def test_songs_in_playlists_become_tracks_with_the_names_of_their_detail_genres(root: Path) -> None:
    catalogue = melon.read(root)
    assert catalogue.tracks["genres"].to_dict() == {
        "0": ["1980년대"],
        "1": ["세부장르전체 (GN0101)", "세부장르전체 (GN0201)"],
        "2": [],
        "1003": [],
    }
    assert catalogue.tracks["source"].to_dict() == {
        "0": "arena_mel_0.tar!0/0.npy",
        "1": "arena_mel_0.tar!0/1.npy",
        "2": "arena_mel_0.tar!0/2.npy",
        "1003": "arena_mel_1.tar!1/1003.npy",
    }
    assert catalogue.playlists["tracks"].to_dict() == {"10": ["0", "1", "1003"], "11": ["2"]}
    assert catalogue.tracks["artists"].to_dict() == {"0": ["672"], "1": ["9", "x7"], "2": [], "1003": []}
    assert catalogue.playlists["words"].to_dict() == {"10": ["비", "오는", "날", "rainy", "카페"], "11": []}
    assert catalogue.rejects.to_numpy().tolist() == [["5", "", "missing mel"]]
    assert catalogue.counts == {
        "songs_in_no_playlist": 1,
        "tracks_without_genre": 2,
        "unknown_genre_codes": 1,
        "unknown_playlist_tracks": 1,
        "unsafe_tar_members": 0,
        "playlists_without_known_track": 2,
    }


def test_titles_and_artists_are_columns(root: Path) -> None:
    tracks = melon.read(root).tracks
    assert tracks["title"].to_dict() == {"0": "Feelings", "1": "소나기", "2": "", "1003": ""}
    assert tracks["artist"].to_dict() == {"0": "다비치", "1": "용준형 (YONG JUNHYUNG), 10cm", "2": "", "1003": ""}


@pytest.mark.parametrize(
    ("names", "title", "artist"),
    [
        ('{"song_name": null, "artist_name_basket": null}', "", ""),
        ('{"song_name": 7, "artist_name_basket": "IU"}', "", ""),
        ('{"song_name": ["x"], "artist_name_basket": {"IU": 1}}', "", ""),
        ('{"song_name": " ", "artist_name_basket": [null, "IU", 7, ["x"], " "]}', "", "IU"),
        (r'{"song_name": "\ud800", "artist_name_basket": ["\u0000", "IU"]}', "", "IU"),
    ],
)
def test_a_name_that_is_no_text_is_left_out(
    root: Path, tmp_path_factory: pytest.TempPathFactory, names: str, title: str, artist: str
) -> None:
    songs = [{"id": song, "song_gn_dtl_gnr_basket": []} for song in (0, 1, 2, 5, 1003)]
    (root / "song_meta.json").write_text(json.dumps([songs[0] | json.loads(names), *songs[1:]]))
    catalogue = melon.read(root)
    write_tables(catalogue, folder := tmp_path_factory.mktemp("tables"))
    track = read_tables(folder, root).tracks.loc["0"]
    assert (track["title"], track["artist"]) == (title, artist)


def test_an_unpacked_folder_reads_as_the_tars(root: Path) -> None:
    from_tars = melon.read(root)
    for tar in sorted(root.glob("*.tar")):
        shutil.unpack_archive(tar, root / "arena_mel")
        tar.unlink()
    from_folder = melon.read(root)
    assert from_folder.tracks["source"].to_dict()["1003"] == "arena_mel/1/1003.npy"
    assert from_folder.tracks["genres"].to_dict() == from_tars.tracks["genres"].to_dict()
    assert from_folder.playlists.equals(from_tars.playlists)


@pytest.mark.parametrize("name", ["../5.npy", "/0/5.npy", "0/../../5.npy"])
def test_a_tar_member_outside_its_folder_is_rejected(root: Path, name: str) -> None:
    with tarfile.open(root / "arena_mel_2.tar", "w") as archive:
        add(archive, name, npy(MEL))
    catalogue = melon.read(root)
    assert catalogue.rejects.to_numpy().tolist() == [["5", f"arena_mel_2.tar!{name}", "unsafe tar member"]]
    assert catalogue.counts["unsafe_tar_members"] == 1


def test_a_link_in_a_tar_is_rejected(root: Path) -> None:
    with tarfile.open(root / "arena_mel_2.tar", "w") as archive:
        link = tarfile.TarInfo("0/5.npy")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert melon.read(root).rejects["reason"].tolist() == ["unsafe tar member"]


def test_a_tar_cut_short_keeps_its_first_songs(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    tar = root / "arena_mel_0.tar"
    tar.write_bytes(tar.read_bytes()[:70_000])  # within the second of three members
    catalogue = melon.read(root)
    assert catalogue.rejects["track_id"].tolist() == ["2", "5"]
    assert "arena_mel_0.tar: ends too early" in caplog.text


def test_a_file_that_is_no_tar_stops_the_reader(root: Path) -> None:
    (root / "arena_mel_1.tar").write_bytes(b"<html>404</html>" * 100)
    with pytest.raises(UserError, match=r"arena_mel_1.tar: not an uncompressed tar"):
        melon.read(root)


def test_half_written_json_is_named_with_its_place(root: Path) -> None:
    path = root / "val.json"
    path.write_text('[\n {"id": 12, "songs": [1,')
    with pytest.raises(UserError, match=r"val.json: not valid JSON at line 2, column \d+ .* is it half-written\?"):
        melon.read(root)


def test_duplicate_songs_and_playlists_are_listed(root: Path) -> None:
    (root / "test.json").write_text('[{"id": 10, "songs": []}]')
    with pytest.raises(UserError, match=r"1 ids occur more than once: 10; make them unique"):
        melon.read(root)
    song = {"id": 7, "song_gn_dtl_gnr_basket": []}
    (root / "song_meta.json").write_text(json.dumps([song, song]))
    with pytest.raises(UserError, match=r"song_meta.json: 1 ids occur more than once: 7"):
        melon.read(root)


def test_entries_without_the_keys_are_named(root: Path) -> None:
    (root / "train.json").write_text('[{"id": 10, "songs": []}, {"id": 11}]')
    with pytest.raises(UserError, match=r"train.json: entry 1 should have the keys \['id', 'songs'\], found \['id'\]"):
        melon.read(root)
    (root / "train.json").write_text('{"id": 10}')
    with pytest.raises(UserError, match=r"train.json: expected a JSON list, found a dict"):
        melon.read(root)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "train.json",
            '[{"id": 9, "songs": "123"}]',
            r"entry 0 \(id 9\) has '123' in songs, expected a list of ids",
        ),
        (
            "train.json",
            '[{"id": 9, "songs": [0, [1]]}]',
            r"entry 0 \(id 9\) has \[1\] in songs, expected a list",
        ),
        (
            "train.json",
            '[{"id": 9, "songs": [], "tags": "rain"}]',
            r"\(id 9\) has 'rain' in tags, expected a list of text",
        ),
        ("train.json", '[{"id": 9, "songs": [], "tags": [7]}]', r"\(id 9\) has 7 in tags, expected a list of texts"),
        (
            "train.json",
            '[{"id": 9, "songs": [], "plylst_title": 7}]',
            "the playlist 9 has 7 as plylst_title, expected a text",
        ),
        (
            "song_meta.json",
            r'[{"id": 9, "song_gn_dtl_gnr_basket": [], "artist_id_basket": [1, "\ud800"]}]',
            r"\(id 9\) has '.ud800' in artist_id_basket, expected a list of ids of artists",
        ),
        ("train.json", '[{"id": 9, "songs": [true]}]', r"entry 0 \(id 9\) has True in songs"),
        ("train.json", '[{"id": 9, "songs": [1e999]}]', r"entry 0 \(id 9\) has inf in songs"),
        ("train.json", '[{"id": 9, "songs": 5}]', r"entry 0 \(id 9\) has 5 in songs"),
        ("train.json", '[{"id": null, "songs": []}]', "entry 0 has the id None, expected a number or text"),
        ("train.json", '[{"id": 1.5, "songs": []}]', "entry 0 has the id 1.5, expected a number or text"),
        ("train.json", r'[{"id": "\ud800", "songs": []}]', r"entry 0 has the id '.ud800', expected a number or text"),
        ("train.json", '[{"id": 1, "id": 2, "songs": []}]', r"the key 'id' occurs twice in one object"),
        ("train.json", "[" * 100_000, r"not valid JSON of its kind \(nested too deeply\)"),
        ("train.json", "1" * 5000, r"not valid JSON of its kind \(Exceeds the limit .* has 5000 digits\); download"),
        (
            "song_meta.json",
            '[{"id": 0, "song_gn_dtl_gnr_basket": "GN"}]',
            "has 'GN' in song_gn_dtl_gnr_basket",
        ),
        ("song_meta.json", '[{"id": 0, "song_gn_dtl_gnr_basket": [{}]}]', "has {} in song_gn_dtl_gnr_basket, expected"),
        ("song_meta.json", '[{"id": {}, "song_gn_dtl_gnr_basket": []}]', "entry 0 has the id {}, expected a number or"),
        ("song_meta.json", "[]", r"none of the 0 songs of song_meta.json is in one of the 4 playlists of train.json"),
        ("genre_gn_all.json", '{"G": ["x"]}', r"has 'G': \['x'\], expected the code of a genre and its name"),
        ("genre_gn_all.json", r'{"G": "\u0000"}', r"has 'G': '.x00', expected the code of a genre and its name"),
        ("genre_gn_all.json", '{"G": "a", "G": "b"}', r"the key 'G' occurs twice in one object"),
    ],
    ids=range(22),
)
def test_values_of_the_wrong_kind_are_named(root: Path, file: str, text: str, message: str) -> None:
    (root / file).write_text(text)
    with pytest.raises(UserError, match=message):
        melon.read(root)


def test_a_tar_that_is_no_file_stops_the_reader(root: Path) -> None:
    os.mkfifo(root / "arena_mel_2.tar")
    with pytest.raises(UserError, match=r"arena_mel_2.tar: is a link to nothing, a pipe or a device, expected a file"):
        melon.read(root)


def test_a_mel_in_a_folder_whose_name_is_no_text_is_found_under_another(root: Path) -> None:
    with tarfile.open(root / "arena_mel_0.tar", "w") as archive:
        for name in ("\udcff/0.npy", "0/1.npy", "0/2.npy"):
            add(archive, name, npy(MEL))
    catalogue = melon.read(root)
    assert catalogue.rejects.to_numpy().tolist() == [["5", "", "missing mel"]]
    assert catalogue.tracks.loc["0", "source"] == "arena_mel_0.tar!\ufffd/0.npy"


def test_missing_files_and_mels_are_named(root: Path) -> None:
    with pytest.raises(UserError, match="no such folder; expected the Melon Playlist Dataset"):
        melon.read(root / "elsewhere")
    for tar in sorted(root.glob("*.tar")):
        tar.unlink()
    with pytest.raises(UserError, match=r"has neither arena_mel_\*.tar nor an arena_mel folder"):
        melon.read(root)
    (root / "val.json").unlink()
    with pytest.raises(UserError, match=r"has no val.json; found .*song_meta.json"):
        melon.read(root)
