"""The model that comes with the package: `unisono.load()` without a folder.

    python -m unisono.experiments.default_model        (make model; after `make repro`)

Trains it as the DVC experiment default-model on the sample's simulated catalogue, and writes its weights and config
into src/unisono/default_model/, beside the card. The same code gives the same bytes on one kind of machine.
"""

import shutil
import tempfile
from pathlib import Path

from unisono.encoders.saved import CONFIG, WEIGHTS
from unisono.errors import UserError
from unisono.experiments.runner import Overrides, fetch_output, run_experiment
from unisono.params import CorpusParams, Params
from unisono.stage import run_stage

# What differs from the paper's objective, for real music's sake: two crops of a song are aligned as well, one of them
# with parts masked; and there are more songs, so that more epochs do not learn them by heart.
RECIPE: Overrides = {
    "sample.songs": 4800,
    "sample.playlists": 1100,
    "loss.lambda_a2a": 1.0,
    "loss.lambda_g2p": 0.0,
    "train.mask_frames": 40,
    "train.mask_bands": 13,
    "train.epochs": 32,
    "train.patience": 32,
}
SIMULATED = CorpusParams(format="melon", root=Path("data/raw/sample/melon"))
OUT = Path("src/unisono/default_model")


def main(params: Params) -> None:
    found = params.corpora.get("catalogue")
    if found != SIMULATED:
        raise UserError(
            f"params.yaml: corpora.catalogue is {found}, expected {SIMULATED}: the model that comes with the package is"
            " made from simulated music alone; `git checkout params.yaml` brings that back"
        )
    revision = run_experiment("default-model", RECIPE, ["train@catalogue"])
    with tempfile.TemporaryDirectory() as temporary:
        trained = Path(temporary, "trained")
        fetch_output(revision, Path("data/models/trained"), trained)
        OUT.mkdir(exist_ok=True)
        for name in (WEIGHTS, CONFIG):
            shutil.copyfile(trained / name, OUT / name)


if __name__ == "__main__":
    run_stage(main)
