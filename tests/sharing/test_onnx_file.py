"""One file that onnxruntime runs alone: its vectors, its metadata, and when it does not appear."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import soundfile
from encoders import small_model, write_clip

import unisono
from unisono.audio.decode import load_audio
from unisono.embeddings.model import Model
from unisono.errors import UserError
from unisono.sharing import onnx_file
from unisono.sharing.onnx_file import Check, export_onnx


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    (folder / "broken.wav").write_bytes(b"RIFF")
    return [folder / "broken.wav", *(write_clip(folder / f"{n}.wav", 7, seed=n) for n in range(2))]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return unisono.load(small_model(tmp_path_factory.mktemp("models") / "m"), device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def exported(model: Model, clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Check]:
    path = tmp_path_factory.mktemp("onnx") / "m.onnx"
    before = os.umask(0o022)
    check = export_onnx(model, path, clips, licence="apache-2.0")
    os.umask(before)
    return path, check


def test_its_vectors_are_the_pipeline_s_for_any_batch(
    model: Model, clips: list[Path], exported: tuple[Path, Check]
) -> None:
    path, check = exported
    session = onnxruntime.InferenceSession(path.read_bytes())  # no other file is at hand
    [samples] = session.get_inputs()
    assert samples.name == "samples" and samples.shape[1] == 128 * 256 and isinstance(samples.shape[0], str)
    first_BS = np.stack([load_audio(clip, 16000)[: 128 * 256].numpy() for clip in clips[1:]])
    expected_BD = np.stack([track.vectors_MD[0] for track in model.embed_windows(clips[1:])])
    for repeats in (1, 3):
        [found] = session.run(None, {"samples": first_BS.repeat(repeats, axis=0)})
        np.testing.assert_allclose(found, expected_BD.repeat(repeats, axis=0), atol=1e-3)
    [one] = session.run(None, {"samples": first_BS[:1]})
    np.testing.assert_allclose(one, expected_BD[:1], atol=1e-3)
    assert (check.windows, check.clips) == (6, 2) and 0 <= check.difference < 2e-3
    assert check.later_cosine is not None and 0.9 < check.later_cosine < 1


def test_it_says_what_it_is_and_others_may_read_it(exported: tuple[Path, Check]) -> None:
    path, _ = exported
    file = onnx.load(path)
    said = {entry.key: entry.value for entry in file.metadata_props}
    assert {key: said[key] for key in ("name", "sample_rate", "window_samples", "layer", "licence")} == {
        "name": "unisono MelCNN", "sample_rate": "16000", "window_samples": "32768", "layer": "projection",
        "licence": "apache-2.0",
    }  # fmt: skip
    assert json.loads(said["encoder"])["crop_frames"] == 128 and json.loads(said["front_end"])["n_mels"] == 48
    assert [entry.version for entry in file.opset_import if not entry.domain] == [onnx_file.OPSET]
    assert [entry.name for entry in path.parent.iterdir()] == ["m.onnx"]
    assert b".py" not in path.read_bytes(), "paths of the machine that wrote it"
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "kind", ["missing folder", "existing file", "no clips", "short clips", "silence", "broken clips"]
)
def test_what_cannot_be_written_is_said_at_once(model: Model, tmp_path: Path, kind: str) -> None:
    path, clips = tmp_path / "m.onnx", []
    match kind:
        case "missing folder":
            path, clips = tmp_path / "no/m.onnx", [write_clip(tmp_path / "a.wav", 3)]
        case "existing file":
            path.write_text("mine")
        case "short clips":
            clips = [write_clip(tmp_path / "a.wav", 1)]
        case "silence":
            soundfile.write(tmp_path / "a.wav", np.zeros(50_000), 16000)
            clips = [tmp_path / "a.wav"]
        case "broken clips":
            clips = [tmp_path / "none.wav"]
    messages = {
        "missing folder": "there is no folder",
        "existing file": "exists already, and nothing is overwritten",
        "no clips": "no clip to check the file on; name audio files of at least 2.0 s: one window",
        "short clips": r"a.wav: shorter than one window\); name audio",
        "silence": r"a.wav: silent\); name audio",
        "broken clips": r"none.wav: missing file\); name audio",
    }
    with pytest.raises(UserError, match=messages[kind]):
        export_onnx(model, path, clips, licence="unknown")
    assert not path.exists() or path.read_text() == "mine"


def test_a_file_that_differs_from_torch_does_not_appear(
    model: Model, clips: list[Path], exported: tuple[Path, Check], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(_: object, path: Path) -> None:
        """Another encoder's graph: all its weights are zero but those that onnxruntime needs as they are."""
        file = onnx.load(exported[0])
        for tensor in file.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and tensor.name.startswith("encoder."):
                tensor.CopyFrom(onnx.numpy_helper.from_array(values * np.float32(1.01), tensor.name))
        onnx.save(file, path)

    write: Callable[..., None] = copy
    monkeypatch.setattr(onnx_file, "_write", write)
    with pytest.raises(UserError, match=r"not written: the ONNX file differs from torch by .* and 0.002 is tolerated"):
        export_onnx(model, tmp_path / "m.onnx", clips, licence="unknown")
    assert not any(tmp_path.iterdir())
