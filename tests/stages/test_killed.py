"""Training stages killed between any two changes of files, and with damaged checkpoints, end as ones that were not."""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from killing import files_below, left_by_kills, run_apart
from small_data import run_main, write_small_data


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    write_small_data(folder)
    return folder


@pytest.mark.parametrize("script", ["train.py catalogue", "finetune.py magnatagatune"])
def test_a_stage_killed_before_any_change_of_a_file_ends_as_one_that_was_not(
    inputs: Path, tmp_path: Path, script: str
) -> None:
    whole = shutil.copytree(inputs, tmp_path / "whole")
    run_apart(run_main, whole, script)

    killed = shutil.copytree(inputs, tmp_path / "killed")
    for folder in left_by_kills(run_main, killed, tmp_path / "states", script):
        run_apart(run_main, folder, script)
        assert files_below(folder) == files_below(whole), folder


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "without its end": lambda data: data[:-30],
    "garbage": lambda data: np.random.default_rng(0).bytes(len(data)),
    "flipped bits": lambda data: data[:9000] + bytes(255 - byte for byte in data[9000:9200]) + data[9200:],
}


def test_a_damaged_checkpoint_is_set_aside_and_training_starts_anew(
    inputs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shutil.copytree(inputs, tmp_path / "whole")
    monkeypatch.chdir(whole)
    run_main(whole, "train.py catalogue")
    folder = shutil.copytree(inputs, tmp_path / "damaged")
    monkeypatch.chdir(folder)
    (folder / "metrics/train.json").mkdir()  # a folder, where a file is to go: all but the end is done
    with pytest.raises(OSError):
        run_main(folder, "train.py catalogue")
    (folder / "metrics/train.json").rmdir()
    (checkpoint,) = (folder / ".checkpoints").rglob("*.pt")
    good = checkpoint.read_bytes()
    for name, damage in DAMAGE.items():
        checkpoint.write_bytes(damage(good))
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            run_main(folder, "train.py catalogue")
        assert f"{os.path.relpath(checkpoint)}: a damaged checkpoint" in caplog.text, name
        aside = checkpoint.with_suffix(".damaged")
        assert aside.read_bytes() == damage(good), name
        aside.unlink()
        assert files_below(folder) == files_below(whole), name
