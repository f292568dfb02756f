"""Checkpoints: what their names depend on, and that they are whole or not there."""

from pathlib import Path

import pytest
import torch

from unisono.training.checkpoint import checkpoint_path, fingerprint, load_checkpoint, save_checkpoint
from unisono.training.imports import modules_used_by

REPO = Path(__file__).parents[2]


def test_checkpoints_are_keyed_by_params_and_inputs(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_text("a")
    first = checkpoint_path("train", {"lr": 1}, [file], Path(__file__))
    assert checkpoint_path("train", {"lr": 1}, [file], Path(__file__)) == first
    assert checkpoint_path("train", {"lr": 2}, [file], Path(__file__)) != first
    file.write_text("b")
    assert checkpoint_path("train", {"lr": 1}, [file], Path(__file__)) != first


def test_a_processor_that_computes_in_bf16_does_not_go_on_with_another_s_work(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for native in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda native=native: {"amx_bf16": native})
        keys.add(fingerprint({"precision": "auto"}, [], Path(__file__)))
    assert len(keys) == 2


def test_only_code_that_the_training_uses_loses_its_checkpoint() -> None:
    used = {str(path.relative_to(REPO / "src/unisono")) for path in modules_used_by(REPO / "stages/train.py")}
    assert {"training/loop.py", "alignment/objective.py", "frames/store.py", "modalities/genres.py"} <= used
    others = ("metric_learning", "report", "evaluation", "embeddings", "params", "stage.py", "modalities/warp")
    assert not [name for name in used if name.startswith(others)]


def test_a_change_of_used_code_is_another_key(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("")
    keys = {fingerprint({}, [], script)}
    for text in ("# a comment", "import unisono.errors", "from unisono.training import loop"):
        script.write_text(text)
        keys.add(fingerprint({}, [], script))
    assert len(keys) == 4


def test_a_checkpoint_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "c.pt"
    assert load_checkpoint(path, torch.device("cpu")) is None
    save_checkpoint(path, {"x": torch.ones(2)})
    save_checkpoint(path, {"x": torch.zeros(2)})
    state = load_checkpoint(path, torch.device("cpu"))
    assert state is not None and torch.equal(state["x"], torch.zeros(2))
    assert [p.name for p in path.parent.iterdir()] == ["c.pt"]


@pytest.mark.parametrize("n_bytes", [0, 1, 50, 200])
def test_a_damaged_checkpoint_is_set_aside(tmp_path: Path, n_bytes: int, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"x": torch.ones(2)})
    path.write_bytes(path.read_bytes()[:n_bytes])
    assert load_checkpoint(path, torch.device("cpu")) is None
    assert "c.pt: a damaged checkpoint" in caplog.text and "c.damaged, and training starts anew" in caplog.text
    assert [p.name for p in tmp_path.iterdir()] == ["c.damaged"]
