"""A trained encoder in a user's hands: audio in, vectors out."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from unisono.audio.rejects import RejectError
from unisono.embeddings.encode import LAYERS, encode, layer_dim, windows_of
from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.saved import load_encoder
from unisono.errors import UserError
from unisono.frames.sources import FrameReader, Reading
from unisono.params import Mel, Waves
from unisono.training.devices import pick_device

BATCH = 128  # windows that are embedded at once

Audio = str | os.PathLike[str] | np.ndarray | torch.Tensor


@dataclass(frozen=True)
class Windows:
    """The windows of one track, in order.

    Attributes:
        vectors_MD: (m, d) float32.
        start_M, end_M: (m,) float64, where each begins and ends, in seconds.
        warning: what is not quite right with the audio, such as "shorter than its header says"; may be empty.
    """

    vectors_MD: np.ndarray
    start_M: np.ndarray
    end_M: np.ndarray
    warning: str = ""

    @property
    def mean_D(self) -> np.ndarray:
        """The track's embedding, the mean of its windows: (d,) float32."""
        total_D = np.add.reduceat(self.vectors_MD, [0], axis=0)[0]  # sums in the order of the export
        return (total_D / len(self.vectors_MD)).astype(np.float32)


class Model:
    """An audio encoder, with the front end that its input comes through.

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
        folder: str | os.PathLike[str],
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
        self.front_end = (Waves if self.encoder.n_bands == 1 else Mel)(**front_end)
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
        hop = self.front_end.hop_length if isinstance(self.front_end, Mel) else 1
        return self.encoder.crop_frames * hop / self.front_end.sample_rate

    def embed(self, audio: Audio | Sequence[Audio], sample_rate: int | None = None) -> np.ndarray:
        """Embed one track or several.

        Args:
            audio: a file, or samples in -1..1, mono (s,) or with channels (s, c); or a list of either.
            sample_rate: of samples, in Hz.

        Returns:
            (n, d) float32: a vector a track, the mean of its windows, in the order given; one track is n = 1.

        Raises:
            UserError: a file or samples cannot be used; see `embed_files`, which goes on with the others.
        """
        tracks = self.embed_windows(audio, sample_rate)
        return np.stack([track.mean_D for track in tracks]) if tracks else np.zeros((0, self.dim), np.float32)

    def embed_windows(self, audio: Audio | Sequence[Audio], sample_rate: int | None = None) -> list[Windows]:
        """As `embed`, but every track's non-overlapping windows with their times."""
        several = isinstance(audio, Sequence) and not isinstance(audio, str)
        items: list[Audio] = list(audio) if several else [audio]  # type: ignore[arg-type, list-item]
        found = []
        for item, track in zip(items, self._in_threads(items, sample_rate), strict=True):
            if isinstance(track, RejectError):
                name = item if isinstance(item, str | os.PathLike) else "samples"
                raise UserError(f"{name}: {track}")
            found.append(track)
        return found

    def embed_files(self, files: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[Path, Windows | RejectError]]:
        """Each file with its windows, or with the reason why it has none, in the order given.

        Files are decoded and embedded on all cores, a few ahead of the one that is asked for, so that any number of
        them takes little memory.
        """
        paths = [Path(file) for file in files]
        return zip(paths, self._in_threads(paths, None), strict=True)

    def _in_threads(self, items: Iterable[Audio], sample_rate: int | None) -> Iterator[Windows | RejectError]:
        """One thread a core, each of which takes a track from its file to its vectors."""
        workers = os.cpu_count() or 1
        waiting: list[Future[Windows | RejectError]] = []
        items = iter(items)
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            try:
                while True:
                    waiting += [
                        pool.submit(self._track, item, sample_rate)
                        for item in islice(items, 2 * workers - len(waiting))
                    ]
                    if not waiting:
                        return
                    yield waiting.pop(0).result()
            finally:
                for future in waiting:
                    future.cancel()

    def _track(self, audio: Audio, sample_rate: int | None) -> Windows | RejectError:
        found = self._reading(audio, sample_rate)
        if isinstance(found, RejectError):
            return found
        windows_MTF = windows_of(found.frames_TF, self.encoder.crop_frames)
        parts = [
            encode(
                self.encoder,
                windows_MTF[first : first + BATCH],
                layer=self.layer,
                device=self.device,
                precision=self.precision,
            )
            for first in range(0, len(windows_MTF), BATCH)
        ]
        vectors_MD = np.concatenate(parts)
        if not np.isfinite(vectors_MD).all():
            return RejectError("an embedding that is not finite")
        start_M = np.arange(len(vectors_MD)) * self.window_seconds
        return Windows(vectors_MD, start_M, start_M + self.window_seconds, found.warning)

    def _reading(self, audio: Audio, sample_rate: int | None) -> Reading | RejectError:
        if isinstance(audio, str | os.PathLike):
            return self._reader.read(Path(audio))
        if sample_rate is None:
            return RejectError("samples need their rate; give sample_rate, in Hz")
        return self._reader.read_samples(np.asarray(audio), sample_rate)
