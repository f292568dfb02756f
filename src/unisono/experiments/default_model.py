"""The model that comes with the package, which `unisono.load()` loads without a folder.

    python -m unisono.experiments.default_model        (make model)

Trains it on simulated music alone, by params/pretrain.yaml and the stages of the last commit, and writes its weights
and config into src/unisono/default_model/, beside the card. The same commit gives the same bytes on one machine.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from unisono.encoders.saved import CONFIG, WEIGHTS
from unisono.errors import UserError
from unisono.experiments.runner import run_command

PARAMS = Path("params/pretrain.yaml")
OUT = Path("src/unisono/default_model")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        # A clone, and no experiment: to run a part of the pipeline, those want what all of it has left in the cache.
        clone = Path(temporary, "unisono")
        run_command("git", "clone", "--quiet", ".", str(clone))
        shutil.copy(PARAMS, clone / "params.yaml")
        run_command("dvc", "--cd", str(clone), "repro", "train@catalogue")
        for name in (WEIGHTS, CONFIG):
            shutil.copyfile(clone / "data/models/trained" / name, OUT / name)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
