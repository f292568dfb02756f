"""Whatever a file is, it becomes frames or a reject with its reason, in bounded time and memory."""

import io
import os
import socket
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from unisono.audio.rejects import RejectError
from unisono.frames.sources import SHORT, TOO_LONG, FrameReader, Reading
from unisono.params import Mel, Waves

MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
WAVES = Waves(sample_rate=22050)


def read(root: Path, name: str, front_end: Mel | Waves = MEL) -> Reading | RejectError:
    [(_, found)] = FrameReader(root, front_end, None).read_all({"x": name}, lambda _: None)
    return found


def reason(root: Path, name: str, front_end: Mel | Waves = MEL) -> str:
    found = read(root, name, front_end)
    assert isinstance(found, RejectError), found
    return str(found)


def noise(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (round(seconds * rate), channels)).astype(np.float32)


def write(path: Path, audio: np.ndarray, rate: int, **options: str) -> bytes:
    with soundfile.SoundFile(path, "w", rate, audio.shape[1], **options) as file:
        for first in range(0, len(audio), rate):  # libsndfile crashes on long Vorbis writes
            file.write(audio[first : first + rate])
    return path.read_bytes()


def test_what_is_not_a_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.wav")
    os.mkfifo(tmp_path / "fifo.npy")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.wav"))
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "device.wav").symlink_to("/dev/zero")
    for name in ("fifo.wav", "fifo.npy", "socket.wav", "folder.wav", "device.wav"):
        assert reason(tmp_path, name) == "no regular file", name


def test_paths_that_cannot_be_are_rejects(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    assert reason(tmp_path, "n" * 300 + ".wav") == "unreadable file (File name too long)"
    assert reason(tmp_path, "loop.wav").startswith("unreadable file (")
    assert reason(tmp_path, "a\0b.wav") == "no path of a file"
    assert reason(tmp_path, "file/x.wav") == "missing file"
    assert reason(tmp_path, "gone.raw") == "missing file"
    soundfile.write(tmp_path / "headless.raw", noise(1, 16000), 16000, subtype="PCM_16")
    assert reason(tmp_path, "headless.raw") == "unreadable file (TypeError)"  # soundfile asks for its sample rate


def test_a_path_may_look_like_a_member_of_a_tar(tmp_path: Path) -> None:
    (tmp_path / "x.tar!y").mkdir()
    for name in ("x.tar!y/z.wav", "a.tar!b.wav"):
        write(tmp_path / name, noise(1, 16000), 16000)
        assert isinstance(read(tmp_path, name), Reading)
    content = io.BytesIO()
    np.save(content, noise(1, 40, 48).T)
    (tmp_path / "c.tar!d.npy").write_bytes(content.getvalue())
    assert isinstance(read(tmp_path, "c.tar!d.npy"), Reading)


@pytest.mark.parametrize(
    "shape", ["(48,True)", "(48,-5)", "(48, 40", "(-" + "-" * 9000 + "48, 40)", "(" * 900, "9j, 3"]
)
def test_odd_npy_headers_are_rejects(tmp_path: Path, shape: str) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    (tmp_path / "x.npy").write_bytes(
        b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + b"\0" * 48 * 40 * 4
    )
    assert reason(tmp_path, "x.npy") in ("wrong shape", "truncated .npy") or "unreadable file" in reason(
        tmp_path, "x.npy"
    )


@pytest.mark.parametrize("rate", [1, 100, 2**31 - 1])
def test_rates_that_no_recording_has_are_refused(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "x.wav", noise(1, 16000), rate)
    assert reason(tmp_path, "x.wav") == "sample rate outside 4000 to 384000 Hz"


def test_an_array_of_days_is_not_read(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (48, 40), }\n"
    with (tmp_path / "x.npy").open("wb") as file:
        file.write(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header)
        file.truncate(1 << 40)  # takes no room on the disk
    assert reason(tmp_path, "x.npy") == TOO_LONG


def test_audio_of_days_is_not_read_to_its_end(tmp_path: Path) -> None:
    write(tmp_path / "x.wav", noise(1, 4000), 4000, subtype="PCM_U8")
    content = (tmp_path / "x.wav").read_bytes()
    with (tmp_path / "x.wav").open("wb") as file:
        file.write(content[:40] + (2**31 - 100).to_bytes(4, "little") + content[44:])
        file.truncate(2**31 - 100)
    assert reason(tmp_path, "x.wav", Waves(sample_rate=4000)) == TOO_LONG


@pytest.mark.parametrize("front_end", [MEL, WAVES])
def test_audio_that_is_not_scaled_to_one_is_refused(tmp_path: Path, front_end: Mel | Waves) -> None:
    for scale in (1e30, 8e6, 3e4):
        soundfile.write(tmp_path / "x.wav", noise(1, 16000) * scale / 0.3, 16000, subtype="FLOAT")
        assert reason(tmp_path, "x.wav", front_end) == "values far beyond full scale, -1 to 1"
    soundfile.write(tmp_path / "x.wav", noise(1, 16000) * 30, 16000, subtype="FLOAT")  # 20 dB over
    found = read(tmp_path, "x.wav", front_end)
    assert isinstance(found, Reading) and np.isfinite(found.frames_TF).all()


CUT = {
    "wav": ("WAV", "PCM_16"), "aiff": ("AIFF", "PCM_16"), "au": ("AU", "PCM_16"), "w64": ("W64", "PCM_16"),
    "rf64": ("RF64", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}  # fmt: skip


@pytest.mark.parametrize("suffix", CUT)
def test_a_file_that_was_cut_gives_what_is_there_and_a_warning(tmp_path: Path, suffix: str) -> None:
    container, subtype = CUT[suffix]
    audio = noise(45, 48000, channels=2)
    content = write(tmp_path / f"whole.{suffix}", audio, 48000, format=container, subtype=subtype)
    (tmp_path / f"cut.{suffix}").write_bytes(content[: len(content) // 2 + 7])
    whole = read(tmp_path, f"whole.{suffix}", WAVES)
    cut = read(tmp_path, f"cut.{suffix}", WAVES)
    assert isinstance(whole, Reading) and whole.warning == ""
    assert isinstance(cut, Reading) and cut.warning == SHORT
    assert abs(len(whole.frames_TF) - 45 * 22050) < 2000
    n_frames = len(cut.frames_TF)
    assert abs(n_frames - 22.5 * 22050) < 1.5 * 22050
    np.testing.assert_allclose(cut.frames_TF[: n_frames - 5000], whole.frames_TF[: n_frames - 5000], atol=1e-3)
    again = read(tmp_path, f"cut.{suffix}", WAVES)
    assert isinstance(again, Reading) and again.frames_TF.tobytes() == cut.frames_TF.tobytes()


def test_a_stream_that_states_no_length_is_whole(tmp_path: Path) -> None:
    content = bytearray(write(tmp_path / "x.flac", noise(45, 22050), 22050))
    content[21] &= 0xF0  # total samples, 36 bits
    content[22:26] = bytes(4)
    (tmp_path / "x.flac").write_bytes(content)
    content = bytearray(write(tmp_path / "x.wav", noise(45, 22050), 22050))
    content[4:8] = content[40:44] = b"\xff" * 4
    (tmp_path / "x.wav").write_bytes(content)
    for name in ("x.flac", "x.wav"):
        found = read(tmp_path, name, WAVES)
        assert isinstance(found, Reading) and found.warning == ""
        assert len(found.frames_TF) == 45 * 22050
        np.testing.assert_allclose(found.frames_TF, noise(45, 22050), atol=1e-3)


def test_an_mp3_that_only_implies_its_length_is_not_short(tmp_path: Path) -> None:
    audio = np.concatenate([np.zeros((44100 * 5, 1), np.float32), noise(40, 44100)])
    options = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
    with soundfile.SoundFile(tmp_path / "x.mp3", "w", 44100, 1, bitrate_mode="VARIABLE", **options) as file:
        file.write(audio)
    content = (tmp_path / "x.mp3").read_bytes()
    start = content.index(b"\xff\xfb", 4)  # the second frame: the first, of the Xing header, is left away
    (tmp_path / "x.mp3").write_bytes(content[start:])
    assert soundfile.info(tmp_path / "x.mp3").frames > 1.5 * len(audio)  # a guess from the quiet start
    found = read(tmp_path, "x.mp3", WAVES)
    assert isinstance(found, Reading) and found.warning == ""


def test_a_tar_with_a_member_of_days(tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("wb") as file:
        member = tarfile.TarInfo("0/1.npy")
        member.size = 1 << 40
        file.write(member.tobuf(tarfile.GNU_FORMAT))
        file.truncate((1 << 40) + 512)
    assert reason(tmp_path, "a.tar!0/1.npy") == TOO_LONG
