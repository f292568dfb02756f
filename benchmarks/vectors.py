"""An epoch of alignment of vectors with genres and playlists, from the frame store, beside one from memory.

python benchmarks/vectors.py [SONGS] [DIM]

At Melon's number of songs and a width that embeddings often have, 649,091 x 768, float16; the encoders are those of
params/vectors.yaml, in batches of 1,024. The arrays' side computes the same losses of batches that it slices from
memory, and neither reads, nor validates, nor saves: it is what no store and no loop could be faster than.
"""

import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch
from harness import report

from unisono.alignment.alignments import weighted_alignments
from unisono.alignment.build import build_objective
from unisono.alignment.encoder import build_audio_encoder
from unisono.alignment.examples import Examples
from unisono.frames.store import FrameStore, shard_name, write_index
from unisono.modalities.genres import Genres
from unisono.modalities.playlists import Playlists
from unisono.modalities.registry import MODALITIES
from unisono.params import Vectors, load_params
from unisono.training.crops import fit_on_crops

MELON, N_GENRES, N_FACTORS, BATCH, BLOCK = 649_091, 219, 300, 1024, 1 << 14
HELD = 4 * BATCH  # songs of the validation part


def write_store(folder: Path, songs: int, dim: int) -> FrameStore:
    rng = np.random.default_rng(0)
    with h5py.File(folder / shard_name(0), "w") as file:
        frames = file.create_dataset("frames", (songs, dim), np.float16)
        for first in range(0, songs, BLOCK):
            block = rng.standard_normal((min(BLOCK, songs - first), dim), np.float32)
            frames[first : first + len(block)] = block.astype(np.float16)
    ids = [str(number) for number in range(songs)]
    write_index(folder, pd.DataFrame({"track_id": ids, "shard": 0, "first_frame": range(songs), "n_frames": 1}))
    return FrameStore.open(folder)


def main(songs: str = str(MELON), dim: str = "768") -> None:
    n_songs, width = int(songs), int(dim)
    params = load_params(Path("params/vectors.yaml"))
    train = params.train.model_copy(update={"batch_size": BATCH, "epochs": 1})
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as scratch:
        store = write_store(Path(scratch), n_songs, width)
        ids = store.index.index
        names = [f"genre {number}" for number in range(N_GENRES)]
        genres = Genres(pd.Index(names), rng.standard_normal((N_GENRES, params.genres.dim), np.float32))
        playlists = Playlists(ids, rng.standard_normal((n_songs, N_FACTORS), np.float32))
        tracks = pd.DataFrame(
            {"genres": [[names[number]] for number in rng.integers(N_GENRES, size=n_songs)]}, index=ids
        )
        modalities = [genres, playlists]
        rows = weighted_alignments(params.loss, train.objective, MODALITIES)
        parts = [Examples.of(part, store, modalities, train) for part in (tracks[HELD:], tracks[:HELD])]

        def module() -> torch.nn.Module:
            audio = build_audio_encoder(params.encoder, train, Vectors(dim=width, licence=""))
            return build_objective(audio, modalities, rows, params.encoder, params.loss, train)

        started = time.perf_counter()
        fit_on_crops(
            module(),
            *parts,
            stage="train",
            crop_frames=1,
            n_views=1,
            schedule=train,
            machine=params.machine,
            precision=params.precision,
            checkpoint=Path(scratch, "checkpoint"),
            curves_folder=Path(scratch, "curves"),
            suspects=[],
        )
        ours = time.perf_counter() - started

        plain, in_memory = module(), torch.from_numpy(np.stack([store.read(ids[row])[0] for row in range(8 * BATCH)]))
        optimizer = torch.optim.Adam(plain.parameters(), lr=train.learning_rate)
        present = {name: torch.ones(BATCH, dtype=torch.bool) for name in ("audio", "genre", "playlist")}
        inputs = {name: torch.from_numpy(rows_N[: len(in_memory)]) for name, rows_N in parts[0].inputs.items()}
        batches = (n_songs - HELD) // BATCH
        started = time.perf_counter()
        for number in range(batches):
            chosen = slice(number % 8 * BATCH, (number % 8 + 1) * BATCH)
            audio = in_memory[chosen].float().unsqueeze(2)
            losses = plain({"audio": audio, **{name: of[chosen] for name, of in inputs.items()}}, present)
            optimizer.zero_grad(set_to_none=True)
            losses["loss"].backward()
            optimizer.step()
        bare = time.perf_counter() - started
    name, speed = f"alignment of vectors, {n_songs:,} x {width}", batches * BATCH / ours
    report(name, speed, "songs/s", ratio=bare / ours, against="the same losses from memory", epoch_seconds=ours)


if __name__ == "__main__":
    main(*sys.argv[1:])
