"""Excerpts a second of the augmentation chain on a batch, against the same chain on one excerpt at a time.

python benchmarks/augmentation.py [DEVICE]
"""

import sys
import time
from pathlib import Path

import torch
from harness import report

from unisono.metric_learning.augmentation import AugmentationChain
from unisono.params import load_params

BATCH, ROUNDS = 96, 10


def excerpts_per_second(chain: AugmentationChain, wave_BS: torch.Tensor, batch: int) -> float:
    """The best of ROUNDS, since a busy machine only ever slows one down; all rounds' draws are those of one seed."""
    seconds = []
    for _ in range(ROUNDS):
        torch.manual_seed(0)
        started = time.perf_counter()
        for part_BS in wave_BS.split(batch):
            augmented_BS = chain(part_BS)
        float(augmented_BS.sum())  # a GPU answers only when it is done
        seconds.append(time.perf_counter() - started)
    return len(wave_BS) / min(seconds)


def main(device: str = "cpu") -> None:
    params = load_params(Path("params.yaml"))
    n_samples = 3 ** len(params.similarity.encoder.channels)
    wave_BS = torch.rand(BATCH, n_samples, device=device) * 2 - 1
    chain = AugmentationChain(params.augmentation, params.waves.sample_rate)
    together = excerpts_per_second(chain, wave_BS, BATCH)
    alone = excerpts_per_second(chain, wave_BS, 1)
    against = "the same, one excerpt at a time"
    how = {"batch": BATCH, "device": device, "threads": torch.get_num_threads()}
    report("augmentation", together, "excerpts/s", ratio=together / alone, against=against, **how)


if __name__ == "__main__":
    main(*sys.argv[1:])
