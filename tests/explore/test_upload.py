"""What is in an uploaded file decides neither how long nor in how much memory it is decoded."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from embedded import write_tone
from starlette.testclient import TestClient

import unisono
from unisono.errors import UserError
from unisono.explore import upload
from unisono.explore.upload import decode_upload


def write_silence(file: Path, minutes: int, rate: int = 4000, channels: int = 1) -> Path:
    """A FLAC, in which a minute of silence takes no more than some hundred bytes."""
    minute_SC = np.zeros((60 * rate, channels), np.int16)
    with soundfile.SoundFile(file, "w", rate, channels, "PCM_16", format="FLAC") as output:
        for _ in range(minutes):
            output.write(minute_SC)
    return file


def test_what_is_decoded_has_the_same_vector(music: Path, tmp_path: Path) -> None:
    tone, rate = write_tone(tmp_path / "tone.wav", 440, seconds=9), 44_100
    stereo_SC = np.repeat(np.tile(soundfile.read(tone)[0], 4)[:, None], 2, axis=1) * [1, 0.3]
    soundfile.write(tmp_path / "tone.ogg", stereo_SC, rate)
    decode_upload(tmp_path / "tone.ogg", tmp_path / "decoded.wav", 16_000)
    model = unisono.load(music / "data/models/trained")
    np.testing.assert_array_equal(*(model.embed(tmp_path / name) for name in ("decoded.wav", "tone.ogg")))


def test_hours_in_few_bytes_are_not_decoded_to_their_end(page: TestClient, tmp_path: Path) -> None:
    hours = write_silence(tmp_path / "hours.flac", 5 * 60)
    assert hours.stat().st_size < 1 << 20
    for route in ("similar", "embed"):
        answer = page.post(f"/api/{route}", content=hours.read_bytes())
        assert (answer.status_code, answer.json()["detail"].partition(";")[0]) == (
            400, "the file: longer than 30 minutes",
        )  # fmt: skip
    decode_upload(write_silence(tmp_path / "half.flac", 30), tmp_path / "half.wav", 4000)
    assert soundfile.info(tmp_path / "half.wav").duration == 30 * 60


def test_decoding_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = write_silence(tmp_path / "many.flac", 2, rate=96_000, channels=8)
    monkeypatch.setattr(upload, "SECONDS", 0.1)
    with pytest.raises(UserError, match=r"many.flac: takes more than 0.1 s to decode"):
        decode_upload(many, tmp_path / "many.wav", 16_000)


def test_a_decoder_that_ends_is_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tone = write_tone(tmp_path / "tone.wav", 440)
    with pytest.raises(UserError, match=r"tone.wav: crashes its decoder"):
        decode_upload(tone, tmp_path / "none/tone.wav", 16_000)
    capfd.readouterr()
