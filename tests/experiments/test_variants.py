"""The second paper's variants: the params that make them, and what is written about them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from changed import set_keys

from unisono.evaluation.task import Column
from unisono.experiments.variants import CURVES, FRACTIONS, SWEPT, VARIANTS, curve, page, title, to_json
from unisono.params import Params
from unisono.report.markdown import NOT_COMPARABLE
from unisono.report.scores import Row, Score
from unisono.report.tables import Table

REPO = Path(__file__).parents[2]


def with_overrides(overrides: dict[str, Any]) -> Params:
    raw = yaml.safe_load((REPO / "params.yaml").read_text())
    return Params.model_validate(set_keys(raw, overrides))


def row(score: float) -> Row:
    return {"retrieval.r@1": Score(score), "retrieval.m@10": Score(score / 2), "autotagging.roc_auc": Score(0.6, 0.01)}


def all_rows() -> dict[tuple[str, float], Row]:
    whole = {(name, 1.0): row(40.0 + i) for i, name in enumerate(VARIANTS)}
    return whole | {(name, fraction): row(100 * fraction) for name in SWEPT for fraction in FRACTIONS if fraction < 1}


@pytest.mark.parametrize(
    ("name", "augment", "contrastive", "load_pretrained", "alpha"),
    [
        ("A", False, False, False, None),
        ("B", True, False, False, None),
        ("C", False, False, True, None),
        ("D", True, True, True, 0.1),
        ("E", False, True, True, 0.1),
        ("F", True, True, True, 1),
        ("G", False, True, True, 1),
        ("H", True, True, True, 10),
        ("I", False, True, True, 10),
    ],
)
def test_the_paper_s_variants(
    name: str, augment: bool, contrastive: bool, load_pretrained: bool, alpha: float | None
) -> None:
    params = with_overrides(dict(VARIANTS[name]))
    assert params.finetune.augment == augment
    assert params.finetune.contrastive == contrastive
    assert params.finetune.load_pretrained == load_pretrained
    assert alpha is None or params.finetune.alpha == alpha
    assert params.similarity.encoder.kind == "sample_cnn" and not params.finetune.freeze


def test_the_baselines() -> None:
    inception, clmr = with_overrides(dict(VARIANTS["inception"])), with_overrides(dict(VARIANTS["clmr"]))
    assert inception.similarity.encoder.kind == "inception" and inception.pretrain.epochs == 0
    assert not (inception.finetune.augment or inception.finetune.contrastive or inception.finetune.load_pretrained)
    assert clmr.finetune.freeze and clmr.finetune.load_pretrained and not clmr.finetune.contrastive


def test_means_by_variant_and_score() -> None:
    means = to_json(all_rows())
    assert means["G"] == {"retrieval.r@1": 48.0, "retrieval.m@10": 24.0, "autotagging.roc_auc": 0.6}
    assert set(means) == {*VARIANTS, *(title(name, f) for name in SWEPT for f in FRACTIONS)}
    assert title("G", 0.01) == "G, 1% of the labels"


def test_the_label_sweep_as_a_curve_that_dvc_plots() -> None:
    table = curve(all_rows(), "retrieval.m@10")
    assert list(table.columns) == ["label_fraction", *SWEPT] and table["label_fraction"].tolist() == sorted(FRACTIONS)
    assert table.set_index("label_fraction").loc[0.1, "G"] == 5.0
    plots = yaml.safe_load((REPO / "dvc.yaml").read_text())["plots"]
    drawn = {file: columns for plot in plots if isinstance(plot, dict) for p in plot.values() if isinstance(p, dict)
             for file, columns in (p.get("y") or {}).items()}  # fmt: skip
    assert all(drawn[f"report/label_fractions/{file}.csv"] == list(SWEPT) for file in CURVES.values())


def test_the_page_has_both_tables_with_all_and_with_fewer_labels() -> None:
    shown = [
        Table("retrieval", "Similarity-based retrieval", (Column("r@1", "R@1", 1),)),
        Table("autotagging", "Automatic tagging", (Column("roc_auc", "ROC AUC", 3),)),
    ]
    text = page(all_rows(), shown, [0, 1], comparable=False)
    assert NOT_COMPARABLE in text and "training seeds 0, 1" in text
    assert "| G | 48.0 |" in text and "| G, 1% of the labels | 1.0 |" in text and "| clmr |" in text
    assert text.count("## Similarity-based retrieval") == text.count("## Automatic tagging") == 2
    assert NOT_COMPARABLE not in page(all_rows(), shown, [0], comparable=True)
