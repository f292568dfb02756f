"""All six models of the paper, compared on one's own data.

    python -m unisono.experiments.six_models SEED [SEED ...]        (make tables SEEDS="0 1 2")

Runs each model with each training seed as a DVC experiment named MODEL-SEED, on the same data, split and vectors, and
writes report/tables.md and metrics/tables.json. Finished runs are not trained again.
"""

from pathlib import Path
from typing import Any

from unisono.experiments.runner import parse_seeds, run_experiment
from unisono.params import Params
from unisono.report.markdown import page
from unisono.report.models import SIX_MODELS, TITLES
from unisono.report.scores import BASELINES, UNTRAINED, Row, mean_of_runs, rows_of
from unisono.report.tables import tables
from unisono.stage import run_stage, write_metrics

Runs = dict[str, list[dict[str, Any]]]  # model -> each seed's metrics


def compare(runs: Runs) -> dict[str, Row]:
    """Return the rows random, untrained and each model's, averaged over its runs."""
    rows = {model: [rows_of(metrics) for metrics in of_seeds] for model, of_seeds in runs.items()}
    # The baselines do not depend on the model, so that any model's runs hold them.
    baselines = {level: mean_of_runs([run[level] for run in next(iter(rows.values()))]) for level in BASELINES}
    return {
        **baselines,
        **{model: mean_of_runs([run["model"] for run in of_seeds]) for model, of_seeds in rows.items()},
    }


def means(rows: dict[str, Row]) -> dict[str, dict[str, float]]:
    """Return the rows' means, as metrics/tables.json has them."""
    return {model: {key: score.mean for key, score in row.items()} for model, row in rows.items()}


def main(params: Params, *arguments: str) -> None:
    seeds = parse_seeds(arguments)
    tasks = [*params.evaluation.tasks(), UNTRAINED]
    runs: Runs = {
        model: [run_experiment(f"{model}-{seed}", {**overrides, "train.seed": seed}, tasks)[1] for seed in seeds]
        for model, overrides in SIX_MODELS.items()
    }
    rows = compare(runs)
    write_metrics(Path("metrics/tables.json"), means(rows))
    k = params.evaluation.playlists.k if params.evaluation.playlists else 100
    one_seed = len(seeds) == 1
    spread = "the repeats of a task" if one_seed else f"the {len(seeds)} training seeds {', '.join(map(str, seeds))}"
    own = {TITLES[name]: row for name, row in rows.items()}
    text = page("The six models", own, tables(k), comparable=params.report.comparable, spread=spread)
    output = Path("report/tables.md")
    output.parent.mkdir(exist_ok=True)
    output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_stage(main)
