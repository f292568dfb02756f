"""python stages/inventory.py CORPUS

List the raw data of a corpus in data/inventory/CORPUS.csv; to look again after adding files: make inventory.
"""

from pathlib import Path

from unisono.corpora.inventory import take_inventory, write_inventory
from unisono.errors import UserError
from unisono.params import Params
from unisono.stage import run_stage


def main(params: Params, corpus: str) -> None:
    root = params.corpora[corpus].root
    if not root.is_dir():
        raise UserError(
            f"corpora.{corpus}.root is {root}, where there is no folder; put the data there (docs/data.md says what),"
            " or set the key in params.yaml to where it lies"
        )
    out = Path("data/inventory") / f"{corpus}.csv"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_inventory(take_inventory(root), out)


if __name__ == "__main__":
    run_stage(main)
