"""Embedding a folder of audio (decoding, mels, encoder, Parquet) beside decoding it alone, on all cores.

python benchmarks/embed.py [FOLDER [ROUNDS]]

FOLDER holds audio files; by default, chords and noise as Ogg Vorbis and MP3, half of the files each.

The two take turns, a few files each, so that what else the machine does slows both. Decoding alone reads as embedding
does, and drops what it read. The encoder is the untrained one of params.yaml, which takes as long as a trained one.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from harness import report

from unisono.alignment.encoder import build_audio_encoder
from unisono.audio.decode import PIECE_FRAMES, Forwards
from unisono.corpora.audio_files import find_audio
from unisono.embeddings.files import embed_to_parquet
from unisono.embeddings.model import Model
from unisono.encoders.saved import save_encoder
from unisono.params import load_params
from unisono.training.devices import in_threads, n_cores

TURN = 50  # files
CLIPS, CLIP_SECONDS, RATE = 50, 30, 44_100
LIMIT = 1.5


def untrained_model() -> Model:
    params = load_params(Path("params.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        encoder = build_audio_encoder(params.encoder, params.train, params.front_end)
        save_encoder(Path(folder), encoder, params.front_end.model_dump())
        return Model(folder, device="cpu")


def decode(path: Path) -> None:
    with Forwards(str(path)) as file:
        while len(file.read(PIECE_FRAMES, dtype="float32", always_2d=True)):
            pass


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """The seconds, and the processor's seconds, that some work takes."""
    started, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - processor


def write_clips(root: Path) -> None:
    """Clips that decode about as music does: chords that fade, and some noise."""
    rng = np.random.default_rng(0)
    time_S = np.arange(CLIP_SECONDS * RATE) / RATE
    fade_S = np.exp(-3 * (time_S % 0.5))
    for number in range(CLIPS):
        hertz = 110 * 2 ** (rng.integers(0, 36, 4) / 12)
        chord_S = sum(np.sin(2 * np.pi * one * time_S) for one in hertz) * fade_S / 8
        samples_SC = np.stack([chord_S, chord_S], axis=1) + rng.normal(0, 0.02, (len(time_S), 2))
        soundfile.write(root / f"{number}.{('ogg', 'mp3')[number % 2]}", samples_SC, RATE)


def refuse(line: str) -> None:
    raise SystemExit(f"{line}; the benchmark needs files that can all be used")


def main(folder: str = "", rounds: str = "3") -> None:
    model = untrained_model()
    sums = []
    with tempfile.TemporaryDirectory() as scratch:
        if not folder:
            write_clips(Path(scratch))
        files = find_audio([Path(folder or scratch)])
        out = Path(scratch, "out.parquet")
        for _ in range(int(rounds)):
            total = np.zeros(4)
            for first in range(0, len(files), TURN):
                turn = files[first : first + TURN]
                decoding = timed(lambda turn=turn: list(in_threads(decode, turn, n_cores())))
                embedding = timed(lambda turn=turn: embed_to_parquet(model, turn, out, windows=False, say=refuse))
                out.unlink()
                total += [*decoding, *embedding]
            sums.append(total)
    ratios = [float(embedding / decoding) for decoding, _, embedding, _ in sums]
    decoding, processor_decoding, embedding, processor_embedding = np.median(sums, axis=0)
    report(
        "embedding of audio files",
        len(files) / float(embedding),
        "files/s",
        ratio=1 / statistics.median(ratios),
        against="decoding alone",
        ratios=[1 / ratio for ratio in ratios],
        limit=1 / LIMIT,
        decode_seconds=float(decoding),
        embed_seconds=float(embedding),
        processor_ratio=float(processor_decoding / processor_embedding),
        files=len(files),
        threads=n_cores(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
