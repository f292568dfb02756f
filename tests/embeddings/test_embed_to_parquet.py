"""Files into a Parquet table: what stands in it, what is said, and a kill at any moment."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile
import torch
from audio_and_encoders import save_model, write_audio
from killing import files_below, killed_at_byte, left_by_kills

import unisono
from unisono.embeddings import files as module
from unisono.embeddings.files import embed_to_parquet
from unisono.embeddings.model import Model
from unisono.errors import UserError


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return unisono.load(save_model(tmp_path_factory.mktemp("model"), "mel_cnn"))


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_audio(tmp_path_factory.mktemp("audio"))


def write(model: Model, files: list[Path], out: Path, windows: bool = False) -> tuple[int, list[str]]:
    said: list[str] = []
    return embed_to_parquet(model, files, out, windows=windows, say=said.append), said


def test_a_row_a_track(model: Model, audio: list[Path], tmp_path: Path) -> None:
    assert write(model, audio, tmp_path / "new" / "out.parquet") == (0, [])
    table = pd.read_parquet(tmp_path / "new" / "out.parquet")
    assert list(table) == ["path", "seconds", "vector"] and list(table["path"]) == list(map(str, audio))
    np.testing.assert_array_equal(np.stack(table["vector"]), model.embed(audio))
    assert [round(seconds) for seconds in table["seconds"]] == [25, 9, 7, 5, 6, 6, 0]
    assert list(files_below(tmp_path)) == ["new/out.parquet"]


def test_a_row_a_window(model: Model, audio: list[Path], tmp_path: Path) -> None:
    write(model, audio, tmp_path / "out.parquet", windows=True)
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert list(table) == ["path", "start", "end", "vector"]
    tracks = model.embed_windows(audio)
    np.testing.assert_array_equal(np.stack(table["vector"]), np.concatenate([track.vectors_MD for track in tracks]))
    np.testing.assert_array_equal(table["start"], np.concatenate([track.start_M for track in tracks]))
    np.testing.assert_array_equal(table["end"], np.concatenate([track.end_M for track in tracks]))
    assert list(table["path"]) == [str(path) for path, track in zip(audio, tracks, strict=True) for _ in track.start_M]


@pytest.mark.parametrize("group_rows", [1, 100])
def test_places_stand_beside_their_vectors(
    model: Model, audio: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group_rows: int
) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    monkeypatch.setattr(module, "GROUP_ROWS", group_rows)
    named = [tmp_path / "none.wav", tmp_path / "neither.wav", *audio]  # a part without rows

    def first_two(vectors_ND: np.ndarray) -> np.ndarray:
        return vectors_ND[:, :2] * 2

    embed_to_parquet(model, named, tmp_path / "out.parquet", windows=True, say=str, layout=first_two)
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert list(table) == ["path", "start", "end", "vector", "x", "y"]
    np.testing.assert_array_equal(table[["x", "y"]], np.stack(table["vector"])[:, :2] * 2)
    assert json.loads(pq.read_schema(tmp_path / "out.parquet").metadata[b"unisono"])["dimensions"] == 10


def test_the_schema_names_the_model_and_reads_as_lists_of_floats(
    model: Model, audio: list[Path], tmp_path: Path
) -> None:
    write(model, audio[1:2], tmp_path / "out.parquet")
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert str(schema.field("vector").type) == "list<element: float>"
    about = json.loads(schema.metadata[b"unisono"])
    assert about["model"] == str(model.folder) and about["layer"] == "projection" and about["dimensions"] == 10
    assert about["window_seconds"] == 2.048 and len(about["weights_sha256"]) == 64


def test_bad_files_are_named_and_skipped(model: Model, audio: list[Path], tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no audio")
    (tmp_path / "cut.wav").write_bytes(audio[0].read_bytes()[:2_000_000])
    odd = tmp_path / os.fsdecode(b"\xff.wav")
    soundfile.write(tmp_path / "plain.wav", np.sin(np.arange(9000)), 16000)
    (tmp_path / "plain.wav").rename(odd)
    named = [tmp_path / "text.mp3", audio[1], tmp_path / "none.wav", tmp_path / "cut.wav", odd]
    rejected, said = write(model, named, tmp_path / "out.parquet")
    assert rejected == 2
    assert said == [
        f"{tmp_path}/text.mp3: skipped: undecodable audio",
        f"{tmp_path}/none.wav: skipped: missing file",
        f"{tmp_path}/cut.wav: shorter than its header says",
    ]
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert list(table["path"]) == [str(audio[1]), f"{tmp_path}/cut.wav", f"{tmp_path}/\\xff.wav"]


def test_nothing_is_overwritten(model: Model, audio: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    out.symlink_to("nowhere")
    with pytest.raises(UserError, match=r"out.parquet: exists, and is not overwritten; name another file"):
        write(model, audio, out)
    assert list(tmp_path.iterdir()) == [out]


def test_no_usable_file_is_no_table(model: Model, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none of the 2 files can be embedded"):
        write(model, [tmp_path / "a.wav", tmp_path / "b.wav"], tmp_path / "out.parquet")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_a_sentence(model: Model, audio: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"embedding into .*: Not a directory .*it goes on where it stopped"):
        write(model, audio, tmp_path / "file" / "out.parquet")


# Interruption. Chunks of two files; the second is a reject, and the last has a warning.


def some_audio(folder: Path) -> list[Path]:
    folder.mkdir()
    for number in range(5):
        noise = np.random.default_rng(number).normal(0, 0.1, 16000 * 4)
        soundfile.write(folder / f"{number}.wav", noise, 16000)
    (folder / "1.wav").write_text("no audio")
    (folder / "4.wav").write_bytes((folder / "4.wav").read_bytes()[:100_000])
    return sorted(folder.iterdir())


def embed_in(folder: Path, model: Path, audio: Path) -> None:
    torch.set_num_threads(1)  # unfinished work is one number of threads' alone
    module.CHUNK = 2
    rejected, said = write(unisono.load(model), sorted(audio.iterdir()), folder / "out.parquet")
    assert rejected == 1
    assert [line.rpartition("/")[2] for line in said] == [
        "1.wav: skipped: undecodable audio",
        "4.wav: shorter than its header says",
    ]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", module.CHUNK)  # so that what `embed_in` sets is put back


def new_folder(tmp_path: Path) -> Callable[[int], Path]:
    def make(n: int) -> Path:
        (tmp_path / str(n)).mkdir(exist_ok=True)
        return tmp_path / str(n)

    return make


@pytest.mark.usefixtures("small_chunks")
def test_killed_before_any_change_of_a_file_it_ends_as_if_it_was_not(model: Model, tmp_path: Path) -> None:
    some_audio(tmp_path / "audio")
    arguments = (model.folder, tmp_path / "audio")
    embed_in(new_folder(tmp_path)(99), *arguments)
    whole = files_below(tmp_path / "99")
    assert list(whole) == ["out.parquet"]
    for folder in left_by_kills(embed_in, new_folder(tmp_path)(0), tmp_path / "states", *arguments):
        out = folder / "out.parquet"
        if out.exists():  # killed while it cleaned up
            assert out.read_bytes() == whole["out.parquet"]
        else:
            embed_in(folder, *arguments)
            assert files_below(folder) == whole, folder


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("n_bytes", [0, 4, 1000, 1900])
def test_killed_within_a_write_it_ends_as_if_it_was_not(model: Model, tmp_path: Path, n_bytes: int) -> None:
    some_audio(tmp_path / "audio")
    arguments = (model.folder, tmp_path / "audio")
    embed_in(new_folder(tmp_path)(99), *arguments)
    folder = new_folder(tmp_path)(0)
    assert killed_at_byte(embed_in, folder, n_bytes, *arguments)
    assert not (folder / "out.parquet").exists()
    embed_in(folder, *arguments)
    assert files_below(folder) == files_below(tmp_path / "99")


def stopped_before_the_end(model: Model, files: list[Path], folder: Path) -> list[Path]:
    """The finished parts of an embedding that could not write its last file."""
    whole = folder / "out.parquet.unfinished" / "whole"
    whole.mkdir(parents=True)
    with pytest.raises(UserError, match="Is a directory"):
        write(model, files, folder / "out.parquet")
    whole.rmdir()
    return sorted(whole.parent.iterdir())


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_damaged_unfinished_work_is_made_again(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    files = some_audio(tmp_path / "audio")
    write(model, files, tmp_path / "whole.parquet")
    parts = stopped_before_the_end(model, files, tmp_path)
    assert len(parts) == 3
    content = parts[0].read_bytes()
    changed = {
        "cut": content[:-100],
        "flipped": content[:100] + bytes(255 - byte for byte in content[100:140]) + content[140:],
        "empty": b"",
        "other": (tmp_path / "whole.parquet").read_bytes(),
    }
    parts[0].write_bytes(changed[damage])
    assert write(model, files, tmp_path / "out.parquet")[0] == 1
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_what_is_finished_is_not_decoded_again_unless_it_changed(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was away, or that is another one now, is read; one that is as it was is not."""
    monkeypatch.setattr(module, "CHUNK", 1)
    files = [*some_audio(tmp_path / "audio"), tmp_path / "audio" / "away.wav"]
    times = {path: path.stat() for path in files[:-1]}
    stopped_before_the_end(model, files, tmp_path)
    soundfile.write(files[-1], np.sin(np.arange(90000)), 16000)  # it is back
    soundfile.write(files[2], np.sin(np.arange(95000)), 16000)  # another length
    content = bytearray(files[3].read_bytes())
    content[2000:] = bytes(len(content) - 2000)
    files[3].write_bytes(content)  # same length, and we pretend that the time is the same
    os.utime(files[3], ns=(times[files[3]].st_atime_ns, times[files[3]].st_mtime_ns))
    write(model, files, tmp_path / "out.parquet")
    found = pd.read_parquet(tmp_path / "out.parquet").set_index("path")["vector"]
    for path in (files[0], files[2], files[4], files[5]):
        np.testing.assert_array_equal(found[str(path)], model.embed(path)[0])
    assert not np.array_equal(found[str(files[3])], model.embed(files[3])[0])


def test_unfinished_work_of_another_model_or_level_is_not_used(model: Model, tmp_path: Path) -> None:
    files = some_audio(tmp_path / "audio")
    stopped_before_the_end(model, files, tmp_path)
    other = unisono.load(model.folder, layer="backbone")
    write(other, files, tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    np.testing.assert_array_equal(table["vector"][0], other.embed(files[0])[0])
    (tmp_path / "out.parquet").unlink()
    stopped_before_the_end(model, files, tmp_path)
    write(model, files, tmp_path / "out.parquet", windows=True)
    assert "start" in pd.read_parquet(tmp_path / "out.parquet")


def test_many_rows_lie_in_groups(
    model: Model, audio: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    monkeypatch.setattr(module, "GROUP_ROWS", 3)
    write(model, audio, tmp_path / "out.parquet")
    found = pq.ParquetFile(tmp_path / "out.parquet").metadata
    assert [found.row_group(n).num_rows for n in range(found.num_row_groups)] == [4, 3]
