"""A model embeds what the pipeline embeds, to the last bit, and says what is wrong with the rest."""

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from audio_and_encoders import AUDIO, encoder_of, front_end_of, save_model, write_audio

import unisono
from unisono.artifacts.vectors import save_vectors
from unisono.audio.rejects import RejectError
from unisono.corpora import folder
from unisono.corpora.reading.inventory import take_inventory, write_inventory
from unisono.embeddings.export import export_embeddings
from unisono.embeddings.model import Model, Windows
from unisono.embeddings.read import Embeddings
from unisono.encoders.saved import load_encoder, save_encoder
from unisono.encoders.vectors import VectorMLP
from unisono.errors import UserError
from unisono.evaluation.tasks.autotagging import track_probabilities
from unisono.frames.packing import pack
from unisono.frames.space import Cache
from unisono.frames.store import FrameStore
from unisono.params import Pack

KINDS = ("mel_cnn", "sample_cnn", "inception")


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_audio(tmp_path_factory.mktemp("audio"))


@pytest.fixture(scope="module")
def stores(audio: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, FrameStore]:
    """The audio, packed by the pipeline: a store for each kind of encoder."""
    root, where = audio[0].parent, tmp_path_factory.mktemp("stores")
    (root / "tracks.csv").write_text("track_id,path\n" + "".join(f"{path.name},{path.name}\n" for path in audio))
    write_inventory(take_inventory(root), where / "inventory.csv")
    found = {}
    for kind in ("mel_cnn", "sample_cnn"):
        pack(
            folder.read(root), "mine", where / kind, front_end_of(kind), Pack(max_frames=None, max_reject_share=0), 1,
            where / "inventory.csv", where / "checkpoints", Cache(where),
        )  # fmt: skip
        found[kind] = FrameStore.open(where / kind)
    return {**found, "inception": found["sample_cnn"]}


def export(model: Path, store: FrameStore, layer: str, out: Path, batch_size: int, threads: int) -> Embeddings:
    encoder, _ = load_encoder(model)
    with torch_threads(threads):
        return export_embeddings(
            encoder, store, out, layer=layer, batch_size=batch_size, device=torch.device("cpu"),
            precision="fp32", work_root=out.parent / "work",
        )  # fmt: skip


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def cores(n: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:n])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("layer", ["projection", "backbone"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_has_the_vector_that_the_pipeline_exports(
    audio: list[Path], stores: dict[str, FrameStore], tmp_path: Path, kind: str, layer: str
) -> None:
    """To the last bit: whatever the threads, the batch, and the place in it."""
    folder = save_model(tmp_path / "model", kind)
    exported = export(folder, stores[kind], layer, tmp_path / "out", batch_size=128, threads=1)
    model = Model(folder, layer=layer)
    windows = model.embed_windows(audio)
    np.testing.assert_array_equal(np.concatenate([track.vectors_MD for track in windows]), exported.windows_MD)
    np.testing.assert_array_equal(model.embed(audio), exported.tracks_ND)
    assert model.embed(audio).shape == (len(AUDIO), model.dim) and model.embed(audio).dtype == np.float32
    for row in (0, 6, 3):
        np.testing.assert_array_equal(model.embed(audio[row]), exported.tracks_ND[[row]])
    with cores(1):
        np.testing.assert_array_equal(model.embed(audio[::-1]), exported.tracks_ND[::-1])
    other = export(folder, stores[kind], layer, tmp_path / "other", batch_size=5, threads=3)
    np.testing.assert_array_equal(other.windows_MD, exported.windows_MD)
    np.testing.assert_array_equal(other.tracks_ND, exported.tracks_ND)
    assert np.ptp(exported.tracks_ND, axis=0).max() > 0.01  # they are not all one vector


@pytest.mark.parametrize("kind", ["mel_cnn", "sample_cnn"])
def test_samples_have_the_vector_of_the_file_that_they_were_read_from(
    audio: list[Path], tmp_path: Path, kind: str
) -> None:
    """To the last bit: they go through the same blocks; what is read as float64 was nothing finer than float32."""
    model = unisono.load(save_model(tmp_path, kind))
    for path in audio:
        vector_1D = model.embed(path)
        for dtype in ("float32", "float64"):
            samples, rate = soundfile.read(path, dtype=dtype)
            np.testing.assert_array_equal(model.embed(samples, rate), vector_1D)
            np.testing.assert_array_equal(
                model.embed(torch.from_numpy(samples).requires_grad_(), float(rate)), vector_1D
            )
    mixed = model.embed([samples, audio[0], samples[::-1][::-1]], rate)
    np.testing.assert_array_equal(mixed, np.concatenate([vector_1D, model.embed(str(audio[0])), vector_1D]))


def test_windows_have_their_times(audio: list[Path], tmp_path: Path) -> None:
    model = unisono.load(save_model(tmp_path, "mel_cnn"))
    long, *_, short = model.embed_windows(audio)
    assert model.window_seconds == 128 * 256 / 16000
    np.testing.assert_allclose(long.start_M, np.arange(12) * 2.048)  # 25 s
    np.testing.assert_allclose(long.end_M, long.start_M + 2.048)
    np.testing.assert_allclose(long.mean_D, long.vectors_MD.mean(axis=0), rtol=1e-5, atol=1e-6)
    assert abs(long.seconds - 25) < 257 / 16000
    assert len(short.vectors_MD) == 1 and short.start_M == [0] and abs(short.end_M[0] - 0.4) < 257 / 16000


TONE = np.sin(np.arange(30000, dtype=np.float32))
UNUSABLE: dict[str, tuple[Any, Any, str]] = {
    "no rate": (TONE, None, r"audio: samples without their rate; give it in Hz"),
    "a rate that is no number": (TONE, "16000", r"sample_rate is '16000', expected a whole number"),
    "a broken rate": (TONE, 22050.5, r"sample_rate is 22050.5, expected a whole number"),
    "no rate at all": (TONE, float("nan"), r"sample_rate is nan, expected a whole number"),
    "a rate beyond all": (TONE, 100, r"sample rate outside 4000 to 384000 Hz"),
    "int16": ((TONE * 32767).astype(np.int16), 16000, r"samples are int16, expected floats .* divide them by 32768"),
    "uint8": (np.ones(30000, np.uint8), 16000, r"samples are uint8, expected floats from -1 to 1$"),
    "int32 tensor": (torch.ones(9, dtype=torch.int32), 16000, r"samples are int32.*divide them by 2147483648"),
    "integers as floats": (TONE * 32767, 16000, r"values far beyond full scale"),
    "objects": (np.array([None, "x"]), 16000, r"samples are object, expected floats"),
    "complex": (TONE.astype(complex), 16000, r"samples are complex128, expected floats"),
    "channels first": (np.stack([TONE, TONE]), 16000, r"shape \(2, 30000\), expected \(s, channels\); transpose them"),
    "three dimensions": (TONE[None, :, None], 16000, r"shape \(1, 30000, 1\), expected mono \(s,\) or \(s, channels\)"),
    "one number": (np.array(0.5), 16000, r"shape \(\), expected mono"),
    "none": (TONE[:0], 16000, r"zero-length audio"),
    "no channel": (TONE[:, None][:, :0], 16000, r"zero-length audio"),
    "NaN": (np.where(TONE > 0.99, np.nan, TONE), 16000, r"NaN or infinite values"),
    "silence": (TONE * 0, 16000, r"all zero"),
    "too few": (TONE[:20], 16000, r"too short"),
    "a list of numbers": ([0.1, 0.2], 16000, r"audio 1 of 2: a float, expected the path of a file, or samples"),
    "the second": ([TONE, TONE[:20]], 16000, r"audio 2 of 2: cannot be embedded: too short"),
    "nothing": (None, None, r"audio: a NoneType, expected the path"),
    "bytes": (b"song.mp3", None, r"audio: a bytes, expected the path"),
    "no file": ("none.wav", None, r"^none.wav: cannot be embedded: missing file$"),
    "no path": ("a\0b", None, r"no path of a file"),
    "a folder": (Path(), None, r"^\.: cannot be embedded: no regular file$"),
    "a file that is no audio": ([__file__], None, r"test_model.py: cannot be embedded: undecodable audio"),
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return unisono.load(save_model(tmp_path_factory.mktemp("model"), "mel_cnn"))


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_embedded_is_a_sentence(model: Model, name: str) -> None:
    audio, rate, said = UNUSABLE[name]
    with pytest.raises(UserError, match=said):
        model.embed(audio, rate)


def test_no_track_is_no_vector(model: Model) -> None:
    assert model.embed([]).shape == (0, model.dim) and model.embed_windows([]) == []


def test_bad_files_among_good_ones_have_their_reasons(model: Model, audio: list[Path], tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no audio")
    content = audio[0].read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[: len(content) // 2])
    files = [audio[1], tmp_path / "text.mp3", tmp_path / "none.ogg", tmp_path / "cut.wav", str(audio[2])]
    found = list(model.embed_files(files))
    assert [path for path, _ in found] == list(map(Path, files))
    good, text, missing, cut, last = (track for _, track in found)
    assert isinstance(text, RejectError) and str(text) == "undecodable audio"
    assert isinstance(missing, RejectError) and str(missing) == "missing file"
    assert isinstance(cut, Windows) and cut.warning == "shorter than its header says" and abs(cut.seconds - 12.5) < 0.1
    assert isinstance(good, Windows) and isinstance(last, Windows) and not good.warning
    np.testing.assert_array_equal([good.mean_D, last.mean_D], model.embed(audio[1:3]))


def test_files_are_taken_as_they_are_asked_for(model: Model, audio: list[Path]) -> None:
    endless = itertools.cycle(audio[1:3])
    with closing(model.embed_files(endless)) as found:
        assert [path.name for path, _ in itertools.islice(found, 5)] == ["mono.flac", "six.wav"] * 2 + ["mono.flac"]


def in_a_new_thread(function: Any, *arguments: Any) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function(*arguments)))
    thread.start()
    thread.join()
    return found[0]


def test_the_calling_program_keeps_its_threads(model: Model, audio: list[Path]) -> None:
    def embed_and_count() -> int:
        model.embed(audio[1:3])
        return torch.get_num_threads()

    with torch_threads(3):
        assert embed_and_count() == 3
        assert in_a_new_thread(embed_and_count) == 3  # which torch had not told its number before
        assert in_a_new_thread(torch.get_num_threads) == 3
        with closing(model.embed_files(audio)) as found:
            next(found)
            assert torch.get_num_threads() == in_a_new_thread(torch.get_num_threads) == 3
    before = threading.active_count()
    model.embed(audio[1:3])
    assert threading.active_count() == before


def test_several_threads_may_embed_at_once(model: Model, audio: list[Path]) -> None:
    expected = model.embed(audio)
    found: dict[int, np.ndarray] = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: model.embed(audio)})) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(3):
        np.testing.assert_array_equal(found[n], expected)


def test_a_weight_that_is_not_finite_is_said(audio: list[Path], tmp_path: Path) -> None:
    encoder = encoder_of("mel_cnn")
    with torch.no_grad():
        encoder.head[0].bias[0] = float("nan")
    save_encoder(tmp_path, encoder, front_end_of("mel_cnn").model_dump())
    with pytest.raises(UserError, match=r"mono.flac: cannot be embedded: an embedding that is not finite"):
        unisono.load(tmp_path).embed(audio[1])


def test_a_model_of_vectors_says_that_it_hears_nothing(tmp_path: Path) -> None:
    save_encoder(tmp_path, VectorMLP(200, hidden=4, embedding_dim=3, dropout=0.0), {"dim": 200, "licence": ""})
    with pytest.raises(UserError, match=r"aligns vectors of 200 numbers that another model made, and hears no audio"):
        unisono.load(tmp_path)


def test_arguments_and_folders_that_are_none_are_named(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "model", "mel_cnn")
    for changes in ({"layer": "head"}, {"device": "tpu"}, {"precision": "fp16"}):
        (name,) = changes
        with pytest.raises(UserError, match=f"{name} is '.*', expected one of"):
            unisono.load(folder, **changes)
    with pytest.raises(UserError, match=r"no encoder.safetensors and no config.json \(there is nothing\)"):
        unisono.load(tmp_path / "none")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"hop_length": 256', '"hop_length": 0'))
    with pytest.raises(UserError, match=r"config.json: damaged"):
        unisono.load(folder)


def test_tags_are_the_mean_of_the_excerpts_probabilities(
    audio: list[Path], stores: dict[str, FrameStore], tmp_path: Path
) -> None:
    """Akama et al. 2023, eq. 5 and 17, as the evaluation has them."""
    folder = save_model(tmp_path / "model", "sample_cnn")
    head_TD = np.random.default_rng(0).normal(0, 3, (4, 12)).astype(np.float32)
    save_vectors(folder / "tag_head", ["slow", "loud", "rock", "jazz"], head_TD)
    model = unisono.load(folder)
    assert model.tags == ["slow", "loud", "rock", "jazz"]
    exported = export(folder, stores["sample_cnn"], "projection", tmp_path / "out", batch_size=16, threads=1)
    expected_NT = track_probabilities(exported, head_TD)
    for row, track in enumerate(model.embed_windows(audio)):
        found = model.tags_of(track)
        assert found.is_monotonic_decreasing and (found.index.name, found.name) == ("tag", "probability")
        np.testing.assert_allclose(found[model.tags], expected_NT[row], rtol=1e-6)
        by_hand = [np.mean([1 / (1 + np.exp(-w_D @ z_D)) for z_D in track.vectors_MD.astype(float)]) for w_D in head_TD]
        np.testing.assert_allclose(found[model.tags], by_hand, rtol=1e-4)


def test_a_model_without_tags_says_so(audio: list[Path], tmp_path: Path) -> None:
    folder = save_model(tmp_path / "model", "sample_cnn")
    with pytest.raises(UserError, match=r"has no tag_head, so that it knows no tags; .*data/models/finetuned"):
        print(unisono.load(folder).tags)
    save_vectors(folder / "tag_head", ["slow"], np.zeros((1, 12)))
    with pytest.raises(UserError, match=r"layer is 'backbone', expected projection"):
        print(unisono.load(folder, layer="backbone").tags)
    save_vectors(folder / "tag_head", ["slow"], np.zeros((1, 7)))
    with pytest.raises(UserError, match=r"tag_head: damaged.*7 dimensions, but the encoder has 12"):
        print(unisono.load(folder).tags)
