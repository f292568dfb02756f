"""Batches: which crop of which track."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numbered_frames import numbered_frames

from unisono.alignment.examples import Examples
from unisono.training.batches import training_batches, validation_batches

LENGTHS = [300, 40, 257, 512, 700]
ENDS_WHILE_A_WORKER_STARTS = """
import os, time
from pathlib import Path
import numpy as np
from numbered_frames import numbered_frames
from unisono.alignment.examples import Examples
from unisono.training.batches import training_batches

examples = Examples(numbered_frames(Path(), [300]), np.arange(1), inputs={}, present={})
os.register_at_fork(after_in_parent=lambda: os._exit(0), after_in_child=lambda: time.sleep(1))
list(training_batches(examples, 64, 1, seed=0, epoch=0, workers=1))
"""


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    return Examples(numbered_frames(tmp_path, LENGTHS), np.arange(5), inputs={}, present={})


def test_an_epoch_is_random_but_repeatable_whatever_the_workers(examples: Examples) -> None:
    def epoch(number: int, workers: int) -> torch.Tensor:
        batches = training_batches(examples, 64, 2, seed=5, epoch=number, workers=workers)
        return torch.stack([b["inputs"]["audio"] for b in batches])

    assert len(epoch(0, 0)) == 2  # the fifth track does not fill a batch
    assert torch.equal(epoch(0, 0), epoch(0, 2))
    assert not torch.equal(epoch(0, 0), epoch(1, 0))


def test_crops_reach_both_ends_of_a_track(examples: Examples) -> None:
    starts = set()
    for epoch in range(60):
        for batch in training_batches(examples, 256, 5, seed=0, epoch=epoch, workers=0):
            mel = batch["inputs"]["audio"]
            starts |= {int(m[1, 0]) for m in mel if int(m[0, 0]) == 2}
    assert starts == {0, 1}  # 257 frames hold two crops of 256


def test_validation_sees_every_track_in_the_same_crop(examples: Examples) -> None:
    first, second = (list(validation_batches(examples, 64, 2, seed=0)) for _ in range(2))
    assert [len(b["present"]["audio"]) for b in first] == [2, 2, 1]
    assert [int(m[0, 0]) for b in first for m in b["inputs"]["audio"]] == [0, 1, 2, 3, 4]
    for mine, theirs in zip(first, second, strict=True):
        assert torch.equal(mine["inputs"]["audio"], theirs["inputs"]["audio"])


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for it, which only Linux can be")
def test_no_worker_outlives_a_process_that_ends_while_it_starts(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = [sys.executable, "-c", ENDS_WHILE_A_WORKER_STARTS]
    # The worker holds the other end of the pipe, so that this ends with it.
    subprocess.run(script, cwd=tmp_path, env=env, stdout=subprocess.PIPE, timeout=60, check=True)
