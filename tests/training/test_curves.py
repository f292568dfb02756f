"""Curves as DVCLive writes them for `dvc plots`."""

import csv
from pathlib import Path

from unisono.training.curves import curves


def test_each_loss_is_a_curve_with_a_row_an_epoch(tmp_path: Path) -> None:
    with curves(tmp_path / "curves") as log:
        for epoch in range(3):
            log({"train": {"loss": 1.0 / (epoch + 1), "a2g": 0.5}, "validation": {"loss": 2.0 - epoch}})
    found = {
        str(path.relative_to(tmp_path / "curves/plots/metrics")): [
            float(row[path.stem]) for row in csv.DictReader(path.open(), delimiter="\t")
        ]
        for path in (tmp_path / "curves").rglob("*.tsv")
    }
    assert found == {
        "train/loss.tsv": [1.0, 0.5, 1 / 3],
        "train/a2g.tsv": [0.5] * 3,
        "validation/loss.tsv": [2.0, 1.0, 0.0],
    }
