"""What is said of a corpus before it is packed: of the sample's four, of one's own, and of what is wrong with them."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from unisono.corpora.reading.registry import read_catalogue
from unisono.errors import UserError
from unisono.project.check import check
from unisono.project.listening import spread
from unisono.sample import write_sample

REPO = Path(__file__).parents[2]
REAL_LISTS = REPO / "../shared/real/lists"
real_lists = pytest.mark.skipif(not REAL_LISTS.is_dir(), reason="needs the real data sets' lists in ../shared/real")
FRAMES = 1 + 5 * 16000 // 256  # of five seconds
RATE = 8000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample")
    sizes = {"songs": 80, "playlists": 30, "gtzan_tracks": 60, "jamendo_tracks": 60, "magnatagatune_clips": 60}
    write_sample(root, ["melon", "gtzan", "jamendo", "magnatagatune"], seed=3, seconds=5.0, processes=1, **sizes)
    return root


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """60 tracks of a second, with two genres, and two playlists."""
    root = tmp_path / "own"
    (root / "playlists").mkdir(parents=True)
    lines = ["track_id,path,genres,artist,title"]
    for i in range(60):
        soundfile.write(root / f"{i}.wav", np.random.default_rng(i).uniform(-0.3, 0.3, RATE), RATE)
        lines.append(f"t{i},{i}.wav,{'rock' if i % 2 else 'jazz'},A{i % 3},")
    (root / "tracks.csv").write_text("\n".join(lines) + "\n")
    for i in range(2):
        (root / f"playlists/{i}.m3u8").write_text("../1.wav\n../2.wav\n../gone.wav\n")
    return root


def facts(sample: Path, corpus: str) -> dict:
    return json.loads((sample / "manifest.json").read_text())["corpora"][corpus]


@pytest.mark.parametrize("format", ["melon", "gtzan", "jamendo", "magnatagatune"])
def test_the_samples_corpora_are_what_their_readers_say(sample: Path, format: str) -> None:
    found = check(sample / format, n_heard=5)
    catalogue = read_catalogue(format, sample / format)
    assert found.format == format and found.because and found.problems == []
    assert found.tracks == len(catalogue.tracks) + len(catalogue.rejects)
    assert found.playlists == len(catalogue.playlists)
    assert found.entries == sum(map(len, catalogue.playlists["tracks"]))
    assert set(found.genres) == {genre for genres in catalogue.tracks["genres"] for genre in genres}
    assert found.counts == catalogue.counts
    for task, rows in catalogue.labels.groupby("task"):
        assert found.labels[task]["tracks"] == len(rows)
        assert found.labels[task]["tags"] == len({tag for tags in rows["tags"] for tag in tags})
        assert found.labels[task]["test"] == (rows["split"] == "test").sum()
    assert len(found.heard.tracks) == 5 and found.heard.rejects == {}
    assert any(f"{found.usable - 5} of {found.usable} tracks were not read" in line for line in found.unchecked)


def test_melons_planted_faults_are_found(sample: Path) -> None:
    faults = facts(sample, "melon")["faults"]
    found = check(sample / "melon", n_heard=1000)
    assert [(reject.reason, reject.examples) for reject in found.rejects] == [
        ("missing mel", [str(song) for song in faults["missing_mel"]])
    ]
    assert len(found.heard.tracks) == found.usable == 80 - len(faults["missing_mel"])
    assert found.heard.rejects == {
        "all zero": [str(song) for song in faults["all_zero_mel"]],
        "truncated .npy": [str(song) for song in faults["truncated_mel"]],
    }
    good = found.usable - found.heard.rejected
    assert found.packing is not None and found.packing.mel_bytes == good * FRAMES * 48 * 2
    assert found.packing.wave_bytes == 0 and found.packing.seconds > 0
    assert found.unchecked == [] and found.have["genre"] == 79 - len(faults["without_detail_genre"])


def test_a_genre_that_gtzan_lacks_stops_it(sample: Path, tmp_path: Path) -> None:
    shutil.copytree(sample / "gtzan", tmp_path / "gtzan")
    listed = sum(
        (sample / f"gtzan/{name}_filtered.txt").read_text().count("jazz/") for name in ("train", "valid", "test")
    )
    shutil.rmtree(tmp_path / "gtzan/genres/jazz")
    found = check(tmp_path / "gtzan", n_heard=0)
    [missing] = found.rejects
    assert (missing.reason, missing.tracks, missing.folders) == ("missing file", listed, ["jazz"])
    assert found.stops == [
        f"{listed} of {found.tracks} tracks cannot be used, more than pack.max_reject_share = 0.05 allows; mend"
        " them, or raise pack.max_reject_share in params.yaml"
    ]
    assert found.packing is None and found.heard.tracks == []


def test_empty_files_are_found_without_reading(sample: Path) -> None:
    [empty, missing] = check(sample / "magnatagatune", n_heard=0).rejects
    assert (empty.reason, empty.tracks, missing.reason, missing.tracks) == ("empty file", 1, "missing file", 1)
    assert (sample / "magnatagatune" / empty.examples[0]).stat().st_size == 0


def test_what_the_reader_refuses_is_a_finding(own: Path) -> None:
    (own / "tracks.csv").write_text("track_id,path\n1,0.wav\n1,1.wav\n")
    found = check(own)
    assert found.format == "folder" and found.tracks == 0
    assert found.stops == [f"{own}/tracks.csv: 1 ids occur more than once: 1; make them unique"]
    assert "has no song_meta.json" in check(own, "melon").stops[0]
    (own / "tracks.csv").unlink()
    assert check(own).format == "" and "no corpus that Unisono knows" in check(own).stops[0]


def test_own_music(own: Path) -> None:
    found = check(own)
    assert found.stops == [] and found.problems == []
    assert found.have == {"genre": 60, "title": 0, "artist": 60} and found.artists == 3
    assert found.genres == {"jazz": 30, "rock": 30} and (found.playlists, found.entries) == (2, 4)
    assert len(found.heard.tracks) == 40 and found.heard.seconds == 40 * (1 + 16000 // 256) * 256 / 16000
    assert found.packing is not None
    assert found.packing.hours == pytest.approx(60 * (1 + 16000 // 256) * 256 / 16000 / 3600)
    assert found.packing.wave_bytes == round(found.packing.hours * 3600 * 7350 * 2)
    assert found.to_set["report.tag_pair"] == ["jazz", "rock"] and found.left_out == []


def test_what_is_wrong_with_ones_own_music(own: Path) -> None:
    (own / "0.wav").unlink()
    (own / "1.wav").write_bytes(b"")
    (own / "2.wav").write_bytes(b"no audio")
    found = check(own, n_heard=100)
    assert {reject.reason: reject.examples for reject in found.rejects} == {
        "empty file": ["1.wav"],
        "missing file": ["0.wav"],
    }
    assert len(found.heard.tracks) == found.usable == 58 and found.heard.rejects == {"undecodable audio": ["t2"]}
    assert found.stops == []  # 3 of 60 are as many as may be
    (own / "3.wav").unlink()
    assert check(own, n_heard=100).stops[0].startswith("4 of 60 tracks cannot be used, more than")
    for i in range(4, 60):
        (own / f"{i}.wav").write_bytes(b"no audio")
    assert check(own).stops == ["none of the 40 tracks that were read can be used: undecodable audio"]


def test_a_sample_that_fails_is_a_warning(own: Path) -> None:
    sources = {f"t{i}": f"{i}.wav" for i in range(60)}
    for source in list(spread(sources, 20).values())[:2]:
        (own / source).write_bytes(b"no audio")
    found = check(own, n_heard=20)
    assert found.stops == []
    assert found.problems[0].startswith("2 of the 20 tracks that were read cannot be used; if it is so with all, it is")


def test_what_a_catalogue_cannot_be_learnt_from(own: Path) -> None:
    header, *lines = (own / "tracks.csv").read_text().splitlines()
    (own / "tracks.csv").write_text("\n".join([header, *lines[:39]]).replace("jazz", "rock") + "\n")
    for i in range(11):
        (own / f"playlists/stale{i}.m3u8").write_text("../gone.wav\n")
        (own / f"playlists/gone{i:02}.m3u").symlink_to("nowhere")
    found = check(own, n_heard=1)
    assert found.stops == [
        "39 tracks are too few to learn from and to test with: params/folder.yaml wants 40 or more",
        "there is one genre alone, rock, which tells no track from another; give two or more, or none",
    ]
    assert found.problems[0].startswith(f"{own}/playlists/gone00.m3u: is a link to nothing, a pipe or a device")
    assert found.problems[10] == "and 1 more of the kind"
    assert found.problems[-1].startswith("13 entries of the playlists name no track of tracks.csv, and 4 do")


def test_files_that_are_cut_are_told(own: Path) -> None:
    content = (own / "5.wav").read_bytes()
    (own / "5.wav").write_bytes(content[: len(content) // 2])
    assert check(own, n_heard=100).heard.warnings == {"shorter than its header says": ["t5"]}


def test_large_tars_are_not_walked(sample: Path, tmp_path: Path) -> None:
    root = tmp_path / "melon"
    shutil.copytree(sample / "melon", root)
    with (root / "arena_mel_1.tar").open("r+b") as file:
        file.truncate(5 << 30)  # takes no room on the disk, and ends in zeros as tars do
    (root / "arena_mel_2.tar").unlink()
    content = (root / "arena_mel_3.tar").read_bytes()
    (root / "arena_mel_3.tar").write_bytes(content[: len(content) // 2])
    found = check(root)
    assert found.unchecked[0].startswith("the 3 tars have 5 GB and were not walked, but for the first mel of each")
    assert len(found.heard.tracks) == 3 and found.heard.rejects == {}
    assert found.tracks == found.usable == 80 and found.rejects == []
    playlists = [
        entry for name in ("train", "val", "test") for entry in json.loads((root / f"{name}.json").read_text())
    ]
    assert found.entries == sum(len(entry["songs"]) for entry in playlists) - found.counts["unknown_playlist_tracks"]
    assert found.problems == [
        f"{root}/arena_mel_3.tar: does not end as tars do; was its download cut short? Download it again",
        f"{root}: has no arena_mel_2.tar, but ones of higher numbers; download what is missing",
    ]


@real_lists
def test_the_real_gtzan_by_its_names(tmp_path: Path) -> None:
    shutil.copytree(REAL_LISTS / "gtzan", tmp_path, dirs_exist_ok=True)
    clips = [line for path in tmp_path.glob("*_filtered.txt") for line in path.read_text().split()]
    soundfile.write(tmp_path / "x.wav", np.random.default_rng(0).uniform(-0.3, 0.3, RATE), RATE)
    for clip in clips:
        (tmp_path / "genres" / clip).parent.mkdir(parents=True, exist_ok=True)
        os.link(tmp_path / "x.wav", tmp_path / "genres" / clip)
    found = check(tmp_path)
    assert found.stops == [] and found.tracks == found.usable == 930 and len(found.genres) == 10
    assert found.labels["genre"] == {"tracks": 930, "tags": 10, "train": 443, "validation": 197, "test": 290}


@real_lists
def test_the_real_jamendo_without_its_audio(tmp_path: Path) -> None:
    (tmp_path / "data/splits").mkdir(parents=True)
    (tmp_path / "data/splits/split-0").symlink_to((REAL_LISTS / "mtg-jamendo").resolve())
    found = check(tmp_path)
    assert found.format == "jamendo" and "holds none of the 5" in found.stops[0]


def test_tracks_to_read_are_spread_evenly() -> None:
    sources = {str(i): "" for i in range(1000)}
    assert sorted(map(int, spread(sources, 5))) == [0, 250, 500, 749, 999]
    assert spread(sources, 0) == {} and len(spread(sources, 2000)) == 1000
    assert list(map(int, spread(sources, 40))) != sorted(map(int, spread(sources, 40)))


def test_what_is_no_folder_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    for path, found in ((tmp_path / "x", "is a file"), (tmp_path / "gone", "no such folder")):
        with pytest.raises(UserError, match=f"{found}; name the folder of a corpus"):
            check(path)
    with pytest.raises(
        UserError, match="format is 'mp3', expected one of melon, gtzan, jamendo, magnatagatune, folder"
    ):
        check(tmp_path, "mp3")


def test_packing_is_reckoned_by_the_sizes_of_files(own: Path) -> None:
    for i in range(0, 60, 3):  # a third is ten times as long
        soundfile.write(own / f"{i}.wav", np.random.default_rng(i).uniform(-0.3, 0.3, 10 * RATE), RATE)
    everything, some = (check(own, n_heard=n).packing for n in (60, 7))
    assert everything is not None and some is not None
    assert everything.hours == pytest.approx((20 * 10 + 40) / 3600, rel=0.02)
    assert some.hours == pytest.approx(everything.hours, rel=0.02)
