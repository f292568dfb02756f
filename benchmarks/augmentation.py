"""Excerpts a second of the augmentation chain on a batch, against the same chain on one excerpt at a time.

python benchmarks/augmentation.py [DEVICE]
"""

import json
import sys
import time

import torch

from unisono import params
from unisono.audio.augmentation import AugmentationChain

SAMPLE_RATE, SAMPLES, BATCH, ROUNDS = 7_350, 19_683, 96, 10
PAPER = params.Augmentation.model_validate(
    {
        "polarity": 0.8,
        "noise": 0.01,
        "noise_snr": {"low": 40, "high": 80},
        "gain": 0.3,
        "gain_range": {"low": -6, "high": 0},
        "filter": 0.8,
        "high_pass": {"low": 200, "high": 1200},
        "low_pass": {"low": 2200, "high": 3600},  # the paper's 4,000 Hz does not exist at this rate
        "delay": 0.3,
        "delay_range": {"low": 200, "high": 500},
        "delay_step": 50,
        "delay_volume": 0.5,
        "pitch": 0.6,
        "pitch_range": {"low": -7, "high": 7},
        "reverb": 0.6,
        "reverb_range": {"low": 0, "high": 100},
    }
)


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
    wave_BS = torch.rand(BATCH, SAMPLES, device=device) * 2 - 1
    chain = AugmentationChain(PAPER, SAMPLE_RATE)
    together = excerpts_per_second(chain, wave_BS, BATCH)
    alone = excerpts_per_second(chain, wave_BS, 1)
    result = {"excerpts_per_second": together, "one_at_a_time_per_second": alone, "ratio": together / alone}
    machine = {"batch": BATCH, "device": device, "threads": torch.get_num_threads()}
    print(json.dumps({"benchmark": "augmentation"} | result | machine))


if __name__ == "__main__":
    main(*sys.argv[1:])
