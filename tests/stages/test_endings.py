"""How a stage ends: a signal, a full disk, a dead parent; one line and no traceback, and the next run goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killing import files_below
from project import REPO
from small_data import change_params, run_main, write_small_data

TRAIN = [sys.executable, str(REPO / "stages/train.py"), "catalogue"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_small_data(tmp_path)
    change_params(tmp_path, {"train.epochs": 100_000, "train.patience": 100_000, "machine.loaders": 2})
    return tmp_path


def wait_for(path: Path) -> None:
    for _ in range(1200):
        if path.is_dir() and any(path.iterdir()):
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} never appeared")


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pids: list[int]) -> None:
    for _ in range(300):
        if not any(alive(pid) for pid in pids):
            return
        time.sleep(0.1)
    raise AssertionError("processes are left")


def children(pid: int) -> list[int]:
    found = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [grandchild for child in found for grandchild in children(child)]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_stage_in_one_line(folder: Path, number: int, status: int) -> None:
    stage = subprocess.Popen(TRAIN, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)  # fmt: skip
    wait_for(folder / ".checkpoints/train")
    left = children(stage.pid)
    os.killpg(stage.pid, number)  # the terminal sends Ctrl-C to stage and workers alike
    said = stage.communicate(timeout=60)[0]
    assert stage.returncode == status
    assert "Traceback" not in said and "Exception" not in said
    assert said.splitlines()[-1].startswith("stopped; run the same command again: it goes on from its last checkpoint")
    wait_until_gone(left)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for it, which only Linux can be")
def test_nothing_outlives_what_started_the_stage(folder: Path) -> None:
    dvc = subprocess.Popen([sys.executable, "-c", f"import subprocess; subprocess.run({TRAIN!r})"], cwd=folder,
                           stderr=subprocess.DEVNULL)  # fmt: skip
    wait_for(folder / ".checkpoints/train")
    family = children(dvc.pid)
    assert family
    dvc.kill()
    dvc.wait()
    wait_until_gone(family)


def test_ctrl_c_while_libraries_load_is_one_line() -> None:
    script = "import unisono; import signal; signal.raise_signal(signal.SIGINT)"
    env = {**os.environ, "DVC_STAGE": "train"}
    done = subprocess.run([sys.executable, "-c", script], env=env, text=True, stderr=subprocess.PIPE)
    assert done.returncode in (-signal.SIGINT, 130) and done.stderr == "stopped\n"


def test_a_full_disk_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_params(folder, {"train.epochs": 1})
    (folder / "metrics/train.part").symlink_to("/dev/full")
    done = subprocess.run(TRAIN, cwd=folder, text=True, stderr=subprocess.PIPE)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "error: the disk is full ([Errno 28] No space left on device" in done.stderr.splitlines()[-1]
    assert not (folder / "metrics/train.json").exists()
    (folder / "metrics/train.part").unlink()
    monkeypatch.chdir(folder)
    run_main(folder, "train.py catalogue")
    assert (folder / "metrics/train.json").exists()


def test_the_caller_s_threads_change_no_byte(folder: Path) -> None:
    change_params(folder, {"train.epochs": 2, "machine.loaders": 0, "threads": 2})
    for threads in ("1", "2"):
        environment = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)}
        subprocess.run(TRAIN, cwd=folder, env=environment, stderr=subprocess.DEVNULL, check=True)
        (folder / "data/models/trained").rename(folder / f"models{threads}")
        (folder / "data/curves").rename(folder / f"curves{threads}")
        assert json.loads((folder / "metrics/details/train.json").read_text())["machine"]["threads"] == 2
    assert files_below(folder / "models1") == files_below(folder / "models2")
    assert files_below(folder / "curves1") == files_below(folder / "curves2")
