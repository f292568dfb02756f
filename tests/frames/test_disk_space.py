"""What packing will take is told beforehand: near what it then takes, on each disk, and refused if it is too much."""

import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from unisono.errors import UserError
from unisono.frames.space import Cache, bytes_to_pack, dvc_cache, frame_bytes, needed_in, refuse_without_space
from unisono.frames.units import cut_into_units
from unisono.params import Mel, Vectors, Waves

MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
SECONDS = 20


@pytest.mark.parametrize("kind", ["wav", "mp3", "ogg", "flac"])
def test_audio_is_reckoned_by_how_long_it_is(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(4):
        samples = np.cumsum(rng.standard_normal(SECONDS * 22050)) % 2 - 1
        soundfile.write(tmp_path / f"{number}.{kind}", 0.3 * samples, 22050)
    for number in range(4, 40):
        shutil.copy(tmp_path / f"{number % 4}.{kind}", tmp_path / f"{number}.{kind}")
    (tmp_path / f"broken.{kind}").write_bytes(rng.bytes(5000))
    sources = {name: name for name in [*(f"{number}.{kind}" for number in range(40)), f"broken.{kind}", "gone.wav"]}
    units, waves = cut_into_units(sources), Waves(sample_rate=7350)
    exact = frame_bytes(40 * SECONDS * MEL.sample_rate / MEL.hop_length, MEL.n_mels)
    assert bytes_to_pack(units, tmp_path, MEL) == pytest.approx(exact, rel=0.05)
    exact = frame_bytes(40 * SECONDS * waves.sample_rate, 1)
    assert bytes_to_pack(units, tmp_path, waves) == pytest.approx(exact, rel=0.05)


def test_ready_mels_are_half_of_their_files(tmp_path: Path) -> None:
    mels = [np.zeros((48, 1000 + number), np.float32) for number in range(6)]
    with tarfile.open(tmp_path / "arena_mel_0.tar", "w") as archive:
        for number, mel_FT in enumerate(mels[:3]):
            stream = io.BytesIO()
            np.save(stream, mel_FT)
            member = tarfile.TarInfo(f"0/{number}.npy")
            member.size = stream.tell()
            archive.addfile(member, io.BytesIO(stream.getvalue()))
    for number, mel_FT in enumerate(mels[3:], 3):
        np.save(tmp_path / f"{number}.npy", mel_FT)
    sources = {str(number): f"arena_mel_0.tar!0/{number}.npy" for number in range(3)}
    sources |= {str(number): f"{number}.npy" for number in range(3, 6)}
    units = cut_into_units(sources)
    exact = frame_bytes(sum(mel_FT.shape[1] for mel_FT in mels), 48)
    assert bytes_to_pack(units, tmp_path, MEL) == pytest.approx(exact, rel=0.05)
    assert bytes_to_pack(units, tmp_path, MEL, max_frames=100) == frame_bytes(600, 48)


def test_vectors_are_counted(tmp_path: Path) -> None:
    units = cut_into_units({"a": "vectors.parquet!0+1", "b": "vectors.parquet!1+1"})
    assert bytes_to_pack(units, tmp_path, Vectors(dim=200, licence="")) == 2 * 200 * 2


def test_a_disk_of_its_own_for_the_cache_needs_the_room_too(tmp_path: Path) -> None:
    here = Cache(tmp_path / "cache/not/there/yet")
    assert needed_in(tmp_path, here, 100) == {tmp_path: 100}
    assert needed_in(tmp_path, Cache(tmp_path, links=False), 100) == {tmp_path: 200}
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    assert needed_in(tmp_path, Cache(other), 100) == {tmp_path: 100, other: 100}


def test_the_cache_is_where_dvc_s_settings_say(tmp_path: Path) -> None:
    assert dvc_cache(tmp_path) == Cache(tmp_path / "cache", links=False)  # DVC copies, if nobody says otherwise
    settings = (
        "[core]\n    analytics = false\n[cache]\n    dir = ../shared\n    type = reflink, symlink\n['remote \"a\"']\n"
    )
    (tmp_path / "config").write_text(settings)
    assert dvc_cache(tmp_path) == Cache(tmp_path / "../shared")
    (tmp_path / "config.local").write_text("[cache]\n    dir = /mnt/100%/cache\n")
    assert dvc_cache(tmp_path) == Cache(Path("/mnt/100%/cache"))


def test_too_little_room_is_refused_in_a_sentence(tmp_path: Path) -> None:
    refuse_without_space("packing mine", {tmp_path: 10**9}, {tmp_path: 10**9})
    with pytest.raises(
        UserError, match=r"packing mine: it takes about 120.0 GB, but 90.0 GB are free in .*; make room"
    ):
        refuse_without_space("packing mine", {tmp_path: 120 * 10**9}, {tmp_path: 90 * 10**9})
