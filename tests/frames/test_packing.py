"""Packing: every fault has its reason, the bytes do not depend on how the work went, and it can be interrupted."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from unisono.audio.decode import load_audio
from unisono.audio.mel import LogMel
from unisono.audio.rejects import RejectError
from unisono.corpora import folder, melon
from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import rejects_table
from unisono.corpora.reading.inventory import take_inventory, write_inventory
from unisono.errors import UserError
from unisono.frames.packing import pack
from unisono.frames.sources import parse_mel, to_float16
from unisono.frames.space import Cache
from unisono.frames.store import FrameStore
from unisono.frames.units import cut_into_units
from unisono.params import Mel, Pack, Waves

MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)


def npy(array: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def mel(seed: int, n_frames: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).normal(-60, 20, (48, n_frames)).astype(np.float32)


class Explosive:
    """An object that would prove by an exception that a pickle was loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('a pickle was loaded')",)


def with_value(value: float) -> np.ndarray:
    broken = mel(0)
    broken[3, 5] = value
    return broken


GOOD = npy(mel(0))
BAD_MELS = {
    "truncated .npy": [GOOD[:-1], GOOD[:300], GOOD[:20], GOOD[:7]],
    "empty file": [b""],
    "not an .npy file": [b"<html>404</html>"],
    "object dtype, pickle refused": [npy(np.array([[Explosive()]], dtype=object), allow_pickle=True)],
    "not floating point": [npy(np.ones((48, 9), dtype=np.int16))],
    "wrong shape": [npy(mel(0).T), npy(mel(0)[None]), npy(mel(0)[:40]), npy(np.float32(1))],
    "no frames": [npy(mel(0)[:, :0])],
    "NaN or infinite values": [npy(with_value(np.nan)), npy(with_value(-np.inf))],
    "values that float16 cannot hold": [npy(with_value(1e6))],
    "all zero": [npy(np.zeros((48, 9), dtype=np.float32))],
}


@pytest.mark.parametrize(("reason", "content"), [(key, content) for key in BAD_MELS for content in BAD_MELS[key]])
def test_an_unusable_mel_has_its_reason(reason: str, content: bytes) -> None:
    with pytest.raises(RejectError, match=f"^{reason}$"):
        parse_mel(content, n_mels=48)


def test_a_header_that_promises_more_than_there_is_takes_no_memory() -> None:
    content = GOOD.replace(b"(48, 40), }       ", b"(48, 1000000000)} ")
    assert content != GOOD
    with pytest.raises(RejectError, match="truncated"):
        parse_mel(content, n_mels=48)


@pytest.mark.parametrize("array", [mel(1), np.asfortranarray(mel(1)), mel(1).astype(">f8"), mel(1).astype(np.float16)])
def test_a_mel_is_stored_frames_first(array: np.ndarray) -> None:
    np.testing.assert_array_equal(parse_mel(npy(array), n_mels=48), mel(1).T.astype(np.float16))


def test_what_is_stored_is_rounded_as_numpy_rounds_it() -> None:
    """All numbers of float16, what lies halfway between two, and what lies next to that."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    exact = np.unique(halves[np.isfinite(halves)].astype(np.float32))
    halfway = (exact[1:] + exact[:-1]) / 2
    around = [np.nextafter(halfway, np.float32(side)) for side in (-np.inf, np.inf)]
    values = np.concatenate([exact, halfway, *around])
    np.testing.assert_array_equal(to_float16(values), values.astype(np.float16))
    for beyond in (65520, -65520, 1e6):
        with pytest.raises(RejectError, match="values that float16 cannot hold"):
            to_float16(np.array([1, beyond], np.float32))


def run_pack(
    catalogue: Catalogue, where: Path, name: str = "out", mel: Mel | Waves = MEL, **changes: Any
) -> dict[str, Any]:
    write_inventory(take_inventory(catalogue.root), where / "inventory.csv")
    workers = changes.pop("workers", 1)
    params = Pack(**({"max_frames": None, "max_reject_share": 1.0} | changes))
    return pack(
        catalogue,
        "mine",
        where / name,
        mel,
        params,
        workers,
        where / "inventory.csv",
        where / "checkpoints",
        Cache(where / "cache"),
    )


def write_melon(root: Path, mels: dict[str, dict[str, bytes]], playlists: list[list[int]]) -> Catalogue:
    root.mkdir()
    songs = [{"id": int(Path(name).stem), "song_gn_dtl_gnr_basket": ["GN1"]} for tar in mels.values() for name in tar]
    records = [{"id": number, "songs": songs} for number, songs in enumerate(playlists)]
    contents = {"song_meta": songs, "genre_gn_all": {"GN1": "rock"}, "train": records, "val": [], "test": []}
    for name, content in contents.items():
        (root / f"{name}.json").write_text(json.dumps(content))
    for tar, members in mels.items():
        with tarfile.open(root / tar, "w") as archive:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return melon.read(root)


@pytest.fixture
def melon_catalogue(tmp_path: Path) -> Catalogue:
    tars = {
        "arena_mel_0.tar": {f"0/{song}.npy": npy(mel(song, 30 + song)) for song in (5, 3, 4)},
        "arena_mel_1.tar": {"0/7.npy": npy(np.zeros((48, 9), dtype=np.float32))},
        "arena_mel_2.tar": {"0/9.npy": npy(mel(9)), "0/8.npy": GOOD[:-1], "1/1001.npy": npy(mel(1001))},
    }
    return write_melon(tmp_path / "melon", tars, [[3, 4, 5, 7], [7, 8], [9, 1001]])


def test_melon_tars_become_a_store_and_tables(melon_catalogue: Catalogue, tmp_path: Path) -> None:
    melon_catalogue.playlists["times"] = [[30, 40, 50, 70], [70, 80], [90, 91]]
    metrics = run_pack(melon_catalogue, tmp_path)
    out = tmp_path / "out"
    store = FrameStore.open(out)
    tracks = pd.read_parquet(out / "tracks.parquet")
    usable = ["5", "3", "4", "9", "1001"]
    assert store.index.index.tolist() == tracks["track_id"].tolist() == usable
    for track in usable:
        expected = mel(int(track), 30 + int(track) if int(track) < 6 else 40)
        np.testing.assert_array_equal(store.read(track), expected.T.astype(np.float16))
    assert [list(genres) for genres in tracks["genres"]] == [["rock"]] * 5
    playlists = pd.read_parquet(out / "playlists.parquet")
    assert playlists["playlist_id"].tolist() == ["0", "2"]
    assert [list(tracks) for tracks in playlists["tracks"]] == [["3", "4", "5"], ["9", "1001"]]
    assert [list(times) for times in playlists["times"]] == [[30, 40, 50], [90, 91]]
    assert [list(counts) for counts in playlists["counts"]] == [[], []]
    assert pd.read_parquet(out / "labels.parquet").columns.tolist() == ["track_id", "task", "tags", "split"]
    rejects = pd.read_csv(out / "rejects.csv", dtype="str")
    assert rejects.to_numpy().tolist() == [
        ["7", "arena_mel_1.tar!0/7.npy", "all zero"],
        ["8", "arena_mel_2.tar!0/8.npy", "truncated .npy"],
    ]
    assert metrics["rejects"] == {"all zero": 1, "truncated .npy": 1}
    assert (metrics["tracks"], metrics["packed"], metrics["rejected"]) == (7, 5, 2)
    assert metrics["playlists_without_packed_track"] == 1
    assert metrics["hours"] == pytest.approx((30 * 3 + 12 + 40 * 2) * 256 / 16000 / 3600)
    assert list((tmp_path / "checkpoints").iterdir()) == []


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_bytes_do_not_depend_on_the_number_of_workers(melon_catalogue: Catalogue, tmp_path: Path) -> None:
    run_pack(melon_catalogue, tmp_path, "one", workers=1)
    run_pack(melon_catalogue, tmp_path, "three", workers=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


def test_a_pack_goes_on_where_it_stopped(melon_catalogue: Catalogue, tmp_path: Path) -> None:
    run_pack(melon_catalogue, tmp_path, "whole")
    with pytest.raises(UserError):
        run_pack(melon_catalogue, tmp_path, "again", max_reject_share=0.0)  # leaves its finished work
    [work] = (tmp_path / "checkpoints").iterdir()
    (work / "unit-00000.json").unlink()  # as if killed before it was written
    (work / "unit-00000.frames").write_bytes(b"half")
    (work / "unit-00002.h5").unlink()  # as if killed while moving shards
    kept = work / "unit-00001.json"
    untouched = kept.stat().st_mtime_ns
    with pytest.raises(UserError):
        run_pack(melon_catalogue, tmp_path, "again", max_reject_share=0.0)
    assert kept.stat().st_mtime_ns == untouched
    run_pack(melon_catalogue, tmp_path, "again")
    assert contents(tmp_path / "whole") == contents(tmp_path / "again")


def test_changed_raw_data_starts_anew(melon_catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        run_pack(melon_catalogue, tmp_path, max_reject_share=0.0)
    (melon_catalogue.root / "new.txt").touch()
    with pytest.raises(UserError):
        run_pack(melon_catalogue, tmp_path, max_reject_share=0.0)
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2


def test_too_many_rejects_stop_with_the_reasons(melon_catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        run_pack(melon_catalogue, tmp_path, max_reject_share=0.05)
    message = str(caught.value)
    assert "mine: 2 of 7 tracks cannot be used, more than pack.max_reject_share = 0.05 allows" in message
    assert "all zero (1)" in message and "truncated .npy (1)" in message
    [listing] = (tmp_path / "checkpoints").glob("*/rejects.csv")
    assert str(listing) in message
    assert len(pd.read_csv(listing)) == 2
    assert not (tmp_path / "out").exists()


def test_a_tar_that_lost_members_since_it_was_read(melon_catalogue: Catalogue, tmp_path: Path) -> None:
    tar = melon_catalogue.root / "arena_mel_0.tar"
    tar.write_bytes(tar.read_bytes()[:10_000])  # within the second of three members
    assert run_pack(melon_catalogue, tmp_path)["rejects"] == {
        "all zero": 1,
        "missing mel": 1,
        "truncated .npy": 2,
    }


def write_music(root: Path) -> Catalogue:
    """Real files, good and bad, of every kind."""
    root.mkdir()
    rng = np.random.default_rng(0)
    noise = rng.uniform(-0.3, 0.3, (24000, 6))
    soundfile.write(root / "rate.wav", noise[:, :1], 8000)
    soundfile.write(root / "six.flac", noise, 48000)
    soundfile.write(root / "stereo.ogg", noise[:, :2], 22050)
    soundfile.write(root / "Long!.mp3", noise[:, :2], 44100)
    soundfile.write(root / "opus.opus", noise[:, :1], 48000, format="OGG", subtype="OPUS")
    (root / "mel.npy").write_bytes(GOOD)
    soundfile.write(root / "silent.wav", np.zeros(16000), 16000)
    soundfile.write(root / "none.wav", np.zeros((0, 1)), 16000)
    soundfile.write(root / "short.wav", noise[:300, 0], 16000)
    soundfile.write(root / "nan.wav", np.array([np.nan] * 9000), 16000, subtype="FLOAT")
    (root / "text.wav").write_text("no audio")
    (root / "empty.ogg").write_bytes(b"")
    names = [*sorted(path.name for path in root.iterdir()), "gone.wav", "gone.npy"]
    rows = "".join(f"{name},{name},noise\n" for name in names)
    (root / "tracks.csv").write_text(f"track_id,path,genres\n{rows}")
    return folder.read(root)


def test_audio_goes_through_the_front_end(tmp_path: Path) -> None:
    catalogue = write_music(tmp_path / "music")
    metrics = run_pack(catalogue, tmp_path)
    store = FrameStore.open(tmp_path / "out")
    assert store.index.index.tolist() == ["Long!.mp3", "mel.npy", "opus.opus", "rate.wav", "six.flac", "stereo.ogg"]
    for name in ("rate.wav", "six.flac", "stereo.ogg", "Long!.mp3", "opus.opus"):
        whole = LogMel(MEL)(load_audio(catalogue.root / name, 16000))
        torch.testing.assert_close(torch.from_numpy(store.read(name)).float(), whole, atol=0.1, rtol=1e-3)
    rejects = pd.read_csv(tmp_path / "out" / "rejects.csv").set_index("track_id")["reason"].to_dict()
    assert rejects == {
        "empty.ogg": "empty file",
        "gone.npy": "missing file",
        "gone.wav": "missing file",
        "nan.wav": "NaN or infinite values",
        "none.wav": "zero-length audio",
        "short.wav": "too short",
        "silent.wav": "all zero",
        "text.wav": "undecodable audio",
    }
    assert metrics["rejected"] == 8


def test_waveforms_are_packed_as_frames_of_one_band(tmp_path: Path) -> None:
    catalogue = write_music(tmp_path / "music")
    metrics = run_pack(catalogue, tmp_path, mel=Waves(sample_rate=22050), max_frames=20)
    store = FrameStore.open(tmp_path / "out")
    assert store.n_bands == 1
    for name in ("short.wav", "rate.wav", "six.flac", "stereo.ogg", "Long!.mp3", "opus.opus"):
        whole = load_audio(catalogue.root / name, 22050)
        np.testing.assert_allclose(store.read(name)[:, 0], whole, atol=1e-3)
    rejects = pd.read_csv(tmp_path / "out" / "rejects.csv").set_index("track_id")["reason"].to_dict()
    assert rejects["mel.npy"] == "a mel, not audio" and rejects["silent.wav"] == "all zero"
    assert rejects["nan.wav"] == "NaN or infinite values" and rejects["none.wav"] == "zero-length audio"
    seconds = store.index["n_frames"].sum() / 22050
    assert metrics["hours"] == pytest.approx(seconds / 3600)


def test_max_frames_keeps_the_first(tmp_path: Path) -> None:
    catalogue = write_music(tmp_path / "music")
    run_pack(catalogue, tmp_path, "all")
    run_pack(catalogue, tmp_path, "first", max_frames=20)
    whole, first = FrameStore.open(tmp_path / "all"), FrameStore.open(tmp_path / "first")
    assert first.index["n_frames"].max() == 20
    for track in whole.index.index:
        np.testing.assert_array_equal(first.read(track), whole.read(track, n_frames=20))


def test_readers_rejects_are_counted_and_a_corpus_without_a_usable_track_stops(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    catalogue = Catalogue(
        root=tmp_path / "root",
        tracks=pd.DataFrame({"genres": [[]], "source": ["a.npy"]}, index=pd.Index(["a"], name="track_id")),
        rejects=rejects_table([("b", "b.npy", "missing mel")]),
    )
    with pytest.raises(UserError, match=r"2 of 2 tracks cannot be used.*missing mel \(1\), missing file \(1\)"):
        run_pack(catalogue, tmp_path)


def test_units_are_tars_and_then_runs_of_loose_files() -> None:
    tars = {"1": "a.tar!0/1.npy", "2": "b.tar!0/2.npy", "3": "a.tar!0/3.npy"}
    loose = {f"l{number}": f"{number}.wav" for number in range(2000)}
    units = cut_into_units(tars | loose)
    assert [list(unit.sources) for unit in units[:2]] == [["1", "3"], ["2"]]
    assert [track for unit in units[2:] for track in unit.sources] == list(loose)
    assert {len(unit.sources) for unit in units[2:-1]} == {32}
    assert [unit.number for unit in units] == list(range(len(units)))
