"""Training steps of the first system at the paper's width, beside the published code's way, on all cores.

python benchmarks/train.py [ROUNDS]

The published way: the same modules, batch, losses and optimizer in fp32, in torch's default layout, with memory that is
given back after each step. Ours goes through the same step as `unisono.training.loop`. The three take turns, some steps
each, in processes of their own, since what is set for memory holds for a process; a ratio is the median of the turns'.
The batch lies in memory: reading is not what is measured.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from harness import report

from unisono.alignment.alignments import weighted_alignments
from unisono.alignment.build import build_objective
from unisono.alignment.encoder import build_audio_encoder
from unisono.modalities.genres import Genres
from unisono.modalities.playlists import Playlists
from unisono.modalities.registry import MODALITIES
from unisono.params import load_params
from unisono.training.devices import keep_freed_memory, mixed_precision, n_cores, training_precision

N_GENRES, WARM_UP, STEPS = 219, 2, 4
WAYS = ("auto", "fp32", "published")


def take_turns(way: str) -> None:
    """Set up one side, then answer each line of input with the seconds that STEPS steps take."""
    device = torch.device("cpu")
    torch.set_num_threads(n_cores())
    torch.manual_seed(0)
    params = load_params(Path("params/melon.yaml"))
    size = params.train.batch_size
    rng = np.random.default_rng(0)
    ids = pd.Index([str(number) for number in range(size)])
    names = pd.Index([f"genre {number}" for number in range(N_GENRES)])
    genres = Genres(names, rng.standard_normal((N_GENRES, params.genres.dim), np.float32))
    playlists = Playlists(ids, rng.standard_normal((size, params.cf.dim), np.float32))
    rows = weighted_alignments(params.loss, params.train.objective, MODALITIES)
    audio = build_audio_encoder(params.encoder, params.train, params.mel)
    module = build_objective(audio, [genres, playlists], rows, params.encoder, params.loss, params.train)
    if way == "published":
        module.to(memory_format=torch.contiguous_format)
    else:
        keep_freed_memory()
    precision = training_precision("fp32" if way == "published" else way, device)
    tracks = pd.DataFrame({"genres": [[names[number]] for number in rng.integers(N_GENRES, size=size)]}, index=ids)
    inputs = {
        "audio": torch.from_numpy(rng.normal(-60, 20, (size, params.mel.n_mels, params.train.crop_frames))).float(),
        **{one.name: torch.from_numpy(one.rows(tracks, params.train)) for one in (genres, playlists)},
    }
    present = {name: torch.ones(size, dtype=torch.bool) for name in inputs}
    optimizer = torch.optim.Adam(module.parameters(), lr=params.train.learning_rate)

    def step() -> None:
        with mixed_precision(precision, device):
            losses = module(inputs, present)
        optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    print(f"{size} {precision}", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        for _ in range(STEPS):
            step()
        print(time.perf_counter() - started, flush=True)


def main(rounds: str = "5") -> None:
    sides = {
        way: subprocess.Popen(
            [sys.executable, __file__, "--side", way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for way in WAYS
    }
    facts = {way: side.stdout.readline().split() for way, side in sides.items()}
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(int(rounds)):
        for way, side in sides.items():
            side.stdin.write("\n")
            side.stdin.flush()
            seconds[way].append(float(side.stdout.readline()))
    for side in sides.values():
        side.stdin.close()
        side.wait()
    songs = STEPS * int(facts["auto"][0])
    for way in ("auto", "fp32"):
        ratios = [theirs / ours for ours, theirs in zip(seconds[way], seconds["published"], strict=True)]
        report(
            f"training, the paper's width, precision {way}",
            songs / statistics.median(seconds[way]),
            "songs/s",
            ratio=statistics.median(ratios),
            against="the published way, fp32",
            computed_in=facts[way][1],
            against_songs_a_second=songs / statistics.median(seconds["published"]),
            ratios=ratios,
        )


if __name__ == "__main__":
    take_turns(sys.argv[2]) if sys.argv[1:2] == ["--side"] else main(*sys.argv[1:])
