"""A trained encoder in a user's hands: audio in, vectors out."""

import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from unisono.artifacts.read import damaged, reading
from unisono.artifacts.vectors import load_vectors
from unisono.audio.rejects import RejectError
from unisono.embeddings.encode import LAYERS, encode, layer_dim
from unisono.embeddings.tags import TAG_HEAD, tag_probabilities
from unisono.embeddings.windows import windows_of
from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.saved import CONFIG, load_encoder
from unisono.encoders.vectors import VectorMLP
from unisono.errors import UserError
from unisono.frames.sources import FrameReader, Reading
from unisono.params import Mel, Waves
from unisono.training.devices import in_threads, n_cores, pick_device

BATCH = 128  # windows that are embedded at once

File = str | os.PathLike[str]
Samples = np.ndarray | torch.Tensor
Audio = File | Samples


@dataclass(frozen=True)
class Windows:
    """The windows of one track, in order.

    Attributes:
        vectors_MD: (m, d) float32.
        start_M, end_M: (m,) float64, where each begins and ends, in seconds.
        seconds: how long the track is, to a frame.
        warning: what is not quite right with the audio, such as "shorter than its header says"; may be empty.
    """

    vectors_MD: np.ndarray
    start_M: np.ndarray
    end_M: np.ndarray
    seconds: float
    warning: str = ""

    @property
    def mean_D(self) -> np.ndarray:
        """The track's embedding, the mean of its windows: (d,) float32."""
        total_D = np.add.reduceat(self.vectors_MD, [0], axis=0)[0]  # sums in the order of the export
        return (total_D / len(self.vectors_MD)).astype(np.float32)


def audio_front_end(folder: Path, encoder: AudioEncoder, settings: dict[str, Any]) -> Mel | Waves:
    """What makes an encoder's input of audio.

    Raises:
        UserError: the encoder of `folder` takes none, or its settings are damaged.
    """
    if isinstance(encoder, VectorMLP):
        raise UserError(
            f"{folder}: aligns vectors of {encoder.n_bands} numbers that another model made, and hears no audio; embed"
            " audio with that model, and name tracks of the catalogue by their ids, titles or files"
        )
    with reading(folder / CONFIG):
        return (Waves if encoder.n_bands == 1 else Mel)(**settings)


class Model:
    """An audio encoder, with the front end that its input comes through.

        model = unisono.load("data/models/trained")
        model.embed("song.mp3")                     # (1, d): the track
        model.embed([one_S, another_S], 44100)      # (2, d): samples, from -1 to 1
        model.embed_windows("song.mp3")[0]          # a vector every few seconds, with its times

    A vector is the pipeline's own: to the last bit on one machine, if it has a CPU alone, however many tracks are
    embedded together and however many cores there are.

    Args:
        folder: a trained encoder: config.json and encoder.safetensors.
        layer: projection (the embedding, which genres and playlists have shaped) | backbone (the features under it,
            nearer to the sound).
        device: auto | cpu | cuda.
        precision: auto (bf16 on CUDA, fp32 on a CPU) | fp32 | bf16.

    Raises:
        UserError: the folder does not hold an encoder, or an argument is none of these.
    """

    def __init__(
        self,
        folder: File,
        *,
        layer: str = "projection",
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        for name, value, known in (
            ("layer", layer, LAYERS),
            ("device", device, ("auto", "cpu", "cuda")),
            ("precision", precision, ("auto", "fp32", "bf16")),
        ):
            if value not in known:
                raise UserError(f"{name} is {value!r}, expected one of {', '.join(known)}")
        self.folder = Path(folder)
        self.layer = layer
        self.precision = precision
        self.device = pick_device(device)
        self.encoder: AudioEncoder
        self.encoder, front_end = load_encoder(self.folder)
        self.encoder.to(self.device)
        self.front_end = audio_front_end(self.folder, self.encoder, front_end)
        self._reader = FrameReader(Path(), self.front_end, None)

    def __repr__(self) -> str:
        return f"<unisono model {self.folder}: {self.dim} dimensions, {self.layer}>"

    @property
    def dim(self) -> int:
        """Dimensions of a vector."""
        return layer_dim(self.encoder, self.layer)

    @property
    def window_seconds(self) -> float:
        """The length of a window."""
        return self.encoder.crop_frames * self._frame_seconds

    def embed(self, audio: Audio | Sequence[Audio], sample_rate: float | None = None) -> np.ndarray:
        """Embed one track or several.

        Args:
            audio: a file, or samples from -1 to 1, mono (s,) or with channels (s, c); or a list of either.
            sample_rate: of samples, in Hz; files have their own.

        Returns:
            (n, d) float32: a vector a track, the mean of its windows, in the order given; one track is n = 1.

        Raises:
            UserError: a file or samples cannot be used; see `embed_files`, which goes on with the others.
        """
        tracks = self.embed_windows(audio, sample_rate)
        return np.stack([track.mean_D for track in tracks]) if tracks else np.zeros((0, self.dim), np.float32)

    def embed_windows(self, audio: Audio | Sequence[Audio], sample_rate: float | None = None) -> list[Windows]:
        """As `embed`, but every track's non-overlapping windows with their times.

        What is left behind a track's last whole window is not used; a track shorter than one is repeated to fill it.
        """
        items: list[Audio] = list(audio) if isinstance(audio, list | tuple) else [audio]  # type: ignore[list-item]  # str is a sequence
        for number, item in enumerate(items):
            _check(item, sample_rate, _name(item, number, len(items)))
        found = []
        n_threads = max(1, min(n_cores(), len(items)))
        with closing(in_threads(partial(self._track, sample_rate), items, n_threads)) as tracks:
            for number, (item, track) in enumerate(tracks):
                if isinstance(track, RejectError):
                    raise UserError(f"{_name(item, number, len(items))}: cannot be embedded: {track}")
                found.append(track)
        return found

    def embed_files(self, files: Iterable[File]) -> Generator[tuple[Path, Windows | RejectError], None, None]:
        """Each file with its windows, or with the reason why it has none, in the order given.

        Files are decoded and embedded on all cores, a few ahead of the one that is asked for, so that any number of
        them takes little memory.
        """
        return in_threads(partial(self._track, None), map(Path, files), n_cores())

    @property
    def tags(self) -> list[str]:
        """The tags that the model's tag head knows.

        Raises:
            UserError: the model has none, or its vectors are not those that the head reads, which are the projection's.
        """
        return list(self._tag_head[0])

    def tags_of(self, track: Windows) -> pd.Series:
        """The probability of each of the tags, the most probable first; raises as `tags`.

        Source: Akama et al. 2023, eq. 5 and 17.
        """
        names, head_TD = self._tag_head
        [probability_T] = tag_probabilities(track.vectors_MD, np.array([len(track.vectors_MD)]), head_TD)
        return pd.Series(probability_T, names.rename("tag"), name="probability").sort_values(
            ascending=False, kind="stable"
        )

    @cached_property
    def _tag_head(self) -> tuple[pd.Index, np.ndarray]:
        """The tags' names, and a vector for each."""
        folder = self.folder / TAG_HEAD
        if not folder.is_dir():
            raise UserError(
                f"{self.folder}: has no {TAG_HEAD}, so that it knows no tags; name a model that learned from tags, such"
                " as data/models/finetuned"
            )
        if self.layer != "projection":
            raise UserError(f"layer is {self.layer!r}, expected projection, which is what tags are read from")
        names, head_TD = load_vectors(folder)
        if head_TD.shape[1] != self.dim:
            raise damaged(folder, f"{head_TD.shape[1]} dimensions, but the encoder has {self.dim}")
        return names, head_TD

    @property
    def _frame_seconds(self) -> float:
        hop = self.front_end.hop_length if isinstance(self.front_end, Mel) else 1
        return hop / self.front_end.sample_rate

    def _track(self, sample_rate: float | None, audio: Audio) -> Windows | RejectError:
        found = self._read(audio, sample_rate)
        if isinstance(found, RejectError):
            return found
        windows_MTF = windows_of(found.frames_TF, self.encoder.crop_frames)
        vectors_MD = np.concatenate(
            [
                encode(self.encoder, part_BTF, layer=self.layer, device=self.device, precision=self.precision)
                for part_BTF in np.array_split(windows_MTF, range(BATCH, len(windows_MTF), BATCH))
            ]
        )
        if not np.isfinite(vectors_MD).all():
            return RejectError("an embedding that is not finite")
        start_M = np.arange(len(vectors_MD)) * self.window_seconds
        seconds = len(found.frames_TF) * self._frame_seconds
        return Windows(vectors_MD, start_M, np.minimum(start_M + self.window_seconds, seconds), seconds, found.warning)

    def _read(self, audio: Audio, sample_rate: float | None) -> Reading | RejectError:
        if isinstance(audio, str | os.PathLike):
            return self._reader.read(Path(audio))
        assert sample_rate is not None, "samples were checked to have one"
        if isinstance(audio, torch.Tensor):
            audio = audio.detach().cpu()
            audio = (audio.float() if audio.is_floating_point() else audio).numpy()
        return self._reader.read_samples(audio, int(sample_rate))


def _check(item: object, sample_rate: object, name: str) -> None:
    """Refuse what is neither a file nor samples, and samples without a rate."""
    if isinstance(item, str | os.PathLike):
        return
    if not isinstance(item, np.ndarray | torch.Tensor):
        raise UserError(
            f"{name}: a {type(item).__name__}, expected the path of a file, or samples as a numpy array or a torch"
            " tensor; or a list of them"
        )
    if sample_rate is None:
        raise UserError(f"{name}: samples without their rate; give it in Hz: embed(samples, 44100)")
    if not isinstance(sample_rate, Real) or not float(sample_rate).is_integer():
        raise UserError(f"sample_rate is {sample_rate!r}, expected a whole number, in Hz")


def _name(item: object, number: int, count: int) -> str:
    if isinstance(item, str | os.PathLike):
        return str(item)
    return "audio" if count == 1 else f"audio {number + 1} of {count}"
