"""The variants of the second paper, and how they fare with few labels.

    python -m unisono.experiments.variants SEED [SEED ...]        (make variants SEEDS="0 1 2", after make repro)

Runs each variant with each seed as a DVC experiment on the same data, and writes report/variants.md,
metrics/variants.json, curves over the share of labels in report/label_fractions/ (for `dvc plots`) and pictures of the
similarity space with all and with few labels in report/similarity_space/. Finished runs are not trained again.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from unisono.corpora.labels import corpus_labels
from unisono.errors import UserError
from unisono.experiments.runner import (
    Overrides,
    details_at,
    fetch_output,
    parse_seeds,
    refuse_before_repro,
    run_experiment,
)
from unisono.params import Params
from unisono.report.markdown import NOT_COMPARABLE
from unisono.report.scores import Results, Row, mean_of_runs, rows_of
from unisono.report.similarity_space import draw_panels, similarity_map
from unisono.report.tables import Table, render, tables
from unisono.stage import run_stage, write_json

TASKS = ("retrieval", "autotagging")
FRACTIONS = (1.0, 0.1, 0.01)
SWEPT = ("inception", "A", "G")  # the baseline, none of the techniques, and the paper's best on MagnaTagATune
DRAWN = ("inception", "G")
CURVES = {"retrieval.m@10": "retrieval_m10", "autotagging.roc_auc": "autotagging_roc_auc"}  # score -> file


def _variant(techniques: str, alpha: float = 1.0) -> Overrides:
    """Techniques: a augment, c contrastive, p load the pre-trained weights (section 5.5)."""
    return {
        "similarity.encoder.kind": "sample_cnn",
        "finetune.freeze": False,
        "finetune.augment": "a" in techniques,
        "finetune.contrastive": "c" in techniques,
        "finetune.load_pretrained": "p" in techniques,
        "finetune.alpha": alpha,
    }


VARIANTS: dict[str, Overrides] = {
    # Nothing is loaded into the inception network, so nothing is pre-trained.
    "inception": _variant("") | {"similarity.encoder.kind": "inception", "pretrain.epochs": 0},
    "clmr": _variant("p") | {"finetune.freeze": True},
    "A": _variant(""),
    "B": _variant("a"),
    "C": _variant("p"),
    "D": _variant("acp", 0.1),
    "E": _variant("cp", 0.1),
    "F": _variant("acp", 1.0),
    "G": _variant("cp", 1.0),
    "H": _variant("acp", 10.0),
    "I": _variant("cp", 10.0),
}
# (variant, label fraction) -> each seed's revision and results
Runs = dict[tuple[str, float], list[tuple[str, Results]]]


def main(params: Params, *arguments: str) -> None:
    seeds = parse_seeds(arguments)
    missing = [task for task in TASKS if task not in params.evaluation]
    if missing:
        raise UserError(f"params.yaml: evaluation has no {' and no '.join(missing)}; variants are compared by them")
    refuse_before_repro()
    settings = [(name, 1.0) for name in VARIANTS] + [(name, f) for name in SWEPT for f in FRACTIONS if f < 1]
    runs: Runs = {(name, fraction): [_run(name, fraction, seed) for seed in seeds] for name, fraction in settings}
    means = {
        setting: mean_of_runs([rows_of(results)["similarity"] for _, results in of_seeds])
        for setting, of_seeds in runs.items()
    }
    write_json(Path("metrics/variants.json"), to_json(means))
    out = Path("report")
    out.mkdir(exist_ok=True)
    (out / "label_fractions").mkdir(exist_ok=True)
    for score, file in CURVES.items():
        curve(means, score).to_csv(out / "label_fractions" / f"{file}.csv", index=False)
    for name in DRAWN:
        revisions = {fraction: runs[name, fraction][0][0] for fraction in (1.0, min(FRACTIONS))}
        _draw_space(params, name, revisions, out / "similarity_space" / f"{name}.png")
    shown = tables({task: params.evaluation[task] for task in TASKS}, next(iter(runs.values()))[0][1].evaluated)
    (out / "variants.md").write_text(page(means, shown, seeds, params.report.comparable), encoding="utf-8")


def learnt_corpus(params: Params) -> str:
    """The corpus that the second system learns from."""
    return params.systems.metric_learning[0]


def _run(name: str, fraction: float, seed: int) -> tuple[str, Results]:
    overrides = {**VARIANTS[name], "finetune.label_fraction": fraction, "finetune.seed": seed, "pretrain.seed": seed}
    experiment = f"variant-{name}-{round(100 * fraction)}-{seed}"
    revision = run_experiment(experiment, overrides, [f"evaluate@{task}" for task in TASKS])
    results = Results(details_at(revision, "evaluate", TASKS), baselines={})
    for task, reason in results.left_out.items():
        raise UserError(f"evaluation.{task} is left out: {reason}; variants are compared by it")
    return revision, results


def to_json(means: Mapping[tuple[str, float], Row]) -> dict[str, Any]:
    """{variant: {score: mean}}; a variant with fewer labels is named like "G, 10% of the labels"."""
    return {title(*setting): {key: score.mean for key, score in row.items()} for setting, row in means.items()}


def title(name: str, fraction: float) -> str:
    """What a variant is called in tables."""
    return name if fraction == 1 else f"{name}, {100 * fraction:g}% of the labels"


def curve(means: Mapping[tuple[str, float], Row], score: str) -> pd.DataFrame:
    """The label sweep of one score for `dvc plots`: columns label_fraction and the swept variants."""
    rows = [{"label_fraction": f} | {name: means[name, f][score].mean for name in SWEPT} for f in sorted(FRACTIONS)]
    return pd.DataFrame(rows)


def page(means: Mapping[tuple[str, float], Row], shown: list[Table], seeds: list[int], comparable: bool) -> str:
    """The Markdown page: the `shown` tables, with all and with fewer labels."""
    spread = (
        f"± is the standard deviation over the training seeds {', '.join(map(str, seeds))}."
        if len(seeds) > 1
        else f"One training seed, {seeds[0]}."
    )
    parts = [
        "# The second system's variants",
        f"{spread} Techniques: a augments while fine-tuning, c keeps the self-supervised loss beside the tags, p starts"
        " from the pre-trained encoder. A none, B a, C p; D to I c and p at alpha 0.1, 1 and 10, each with a (D, F, H)"
        " and without (E, G, I). `clmr`: the pre-trained encoder frozen under the tag head; `inception`: the baseline"
        " over mels.",
    ]
    if not comparable:
        parts.insert(1, NOT_COMPARABLE)
    whole = {title(*setting): row for setting, row in means.items() if setting[1] == 1}
    sweep = {title(name, f): means[name, f] for name in SWEPT for f in FRACTIONS}
    for heading, rows in (("", whole), (" with fewer labels", sweep)):
        parts += [part for table in shown for part in (f"## {table.title}{heading}", render(table, rows))]
    for name in DRAWN:
        parts += [f"## The similarity space of {name}", f"![{name}](similarity_space/{name}.png)"]
    return "\n\n".join(parts) + "\n"


def _draw_space(params: Params, name: str, revisions: dict[float, str], path: Path) -> None:
    """Maps of the test tracks, one for each revision."""
    corpus, labelled = learnt_corpus(params), params.similarity.labels
    folder = Path("data/frames", corpus)
    labels = corpus_labels(folder, labelled, Path("data/split", f"{corpus}.parquet"))
    panels = []
    for fraction, revision in revisions.items():
        with tempfile.TemporaryDirectory() as temporary:
            fetched = Path(temporary, "similarity")
            fetch_output(revision, Path("data/embeddings", corpus, "similarity"), fetched)
            title = f"{100 * fraction:g}% of the labels"
            panels.append(similarity_map(fetched, labels, params.report.tag_pair, title, f"{folder} ({labelled})"))
    a, b = params.report.tag_pair
    draw_panels(panels, (a, b), path)


if __name__ == "__main__":
    run_stage(main)
