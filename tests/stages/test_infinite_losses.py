"""A loss that is not finite: where, with which tracks, and what is to blame."""

import shutil
from pathlib import Path
from typing import Any

import h5py
import pytest
from pydantic import BaseModel
from small_data import TRACKS, run_main, write_small_data

from unisono.errors import UserError
from unisono.params import Band, load_params


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    write_small_data(folder)
    return folder


def unchecked(section: BaseModel, key: str, value: Any) -> Any:
    """A copy of params with one value that no params.yaml may have."""
    name, _, rest = key.partition(".")
    return section.model_copy(update={name: unchecked(getattr(section, name), rest, value) if rest else value})


COMMAND = {
    "train.py": "train.py catalogue",
    **{script: f"{script} magnatagatune" for script in ("pretrain.py", "balance.py", "finetune.py")},
}
LOUD = Band.model_construct(low=4000.0, high=4000.0)
CASES = [
    (
        "train.py", {"train.learning_rate": 1e30}, "batch 2 of epoch 1",
        "; lower train.learning_rate (1e+30) or train.weight_decay (0.0001), or see loss.t",
    ),
    ("pretrain.py", {"pretrain.learning_rate": 1e30}, "batch 2 of epoch 1", "; lower pretrain.learning_rate (1e+30)"),
    ("balance.py", {"finetune.learning_rate": 1e30}, "batch 2 of epoch 1", "; lower finetune.learning_rate (1e+30)"),
    ("finetune.py", {"finetune.learning_rate": 1e30}, "batch 2 of epoch 1", "; lower finetune.learning_rate (1e+30)"),
    (
        "finetune.py", {"finetune.alpha": 1e39}, "(loss) from batch 1 of epoch 1",
        "no step of training led to it, so see params.yaml: finetune.alpha / finetune.r (5e+38), similarity.temp",
    ),
    (
        "pretrain.py", {"augmentation.gain": 1.0, "augmentation.gain_range": LOUD}, "batch 1 of epoch 1",
        "no step of training led to it, so see params.yaml: similarity.temperature (0.5), the ranges in augmentation",
    ),
    ("train.py", {"loss.lambda_a2g": 1e39}, "(loss) from batch 1", "so see params.yaml: loss.temperature"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "changes", "where", "advice"), CASES)
def test_the_params_to_blame_are_named(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, script: str, changes: dict[str, Any], where: str, advice: str
) -> None:
    monkeypatch.chdir(inputs)
    params = load_params(inputs / "params.yaml")
    for key, value in changes.items():
        params = unchecked(params, key, value)
    with pytest.raises(UserError) as caught:
        run_main(inputs, COMMAND[script], params)
    said = str(caught.value)
    assert where in said and advice in said and "in the train part" in said
    section = script.removesuffix(".py").replace("balance", "finetune")
    assert said.startswith(f"{section}: the loss is not finite") and said.count("learning_rate") == advice.count(
        "learning_rate"
    )
    named = said.split("the batch has the tracks ")[1].split(";")[0].split(", ")
    assert len(named) == 4 and set(named) <= set(TRACKS[:12])


@pytest.mark.parametrize(
    ("script", "store"),
    [("train.py", "frames/catalogue"), ("finetune.py", "waves/magnatagatune")],
)
def test_tracks_that_are_not_finite_are_named(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, store: str
) -> None:
    folder = shutil.copytree(inputs, tmp_path / "copy")
    monkeypatch.chdir(folder)
    with h5py.File(folder / "data" / store / "frames-00000.h5", "r+") as file:
        length = len(file["frames"]) // len(TRACKS)
        file["frames"][5 * length : 6 * length] = float("inf")
    with pytest.raises(UserError, match=r"; the input of t5 is not finite: pack the corpus anew"):
        run_main(folder, COMMAND[script])
