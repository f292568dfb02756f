"""All six models of the paper, compared on one's own data.

    python -m unisono.experiments.six_models SEED [SEED ...]        (make tables SEEDS="0 1 2")

Runs each model with each training seed as a DVC experiment named MODEL-SEED, on the same data, split and vectors, and
writes report/tables.md and metrics/tables.json. Finished runs are not trained again.
"""

from pathlib import Path

from unisono.experiments.runner import Overrides, details_at, parse_seeds, run_experiment
from unisono.params import Params
from unisono.report.markdown import page
from unisono.report.models import SIX_MODELS, row_titles
from unisono.report.scores import MODELS, Results, Row, mean_of_runs, rows_of
from unisono.report.tables import tables
from unisono.stage import run_stage, write_json

Runs = dict[str, list[Results]]  # model -> each seed's


def compare(runs: Runs) -> dict[str, Row]:
    """Return the rows of the baselines that there are and each model's, averaged over its runs."""
    rows = {model: [rows_of(results) for results in of_seeds] for model, of_seeds in runs.items()}
    # The baselines do not depend on the model, so that any model's runs hold them.
    runs_of_one = next(iter(rows.values()))
    baselines = {row: mean_of_runs([run[row] for run in runs_of_one]) for row in runs_of_one[0] if row not in MODELS}
    return {
        **{row: scores for row, scores in baselines.items() if scores},
        **{model: mean_of_runs([run["trained"] for run in of_seeds]) for model, of_seeds in rows.items()},
    }


def means(rows: dict[str, Row]) -> dict[str, dict[str, float]]:
    """Return the rows' means, as metrics/tables.json has them."""
    return {model: {key: score.mean for key, score in row.items()} for model, row in rows.items()}


def main(params: Params, *arguments: str) -> None:
    seeds = parse_seeds(arguments)
    runs: Runs = {
        model: [_run(f"{model}-{seed}", {**overrides, "train.seed": seed}, params) for seed in seeds]
        for model, overrides in SIX_MODELS.items()
    }
    rows = compare(runs)
    write_json(Path("metrics/tables.json"), means(rows))
    one_seed = len(seeds) == 1
    spread = "the repeats of a task" if one_seed else f"the {len(seeds)} training seeds {', '.join(map(str, seeds))}"
    first = next(iter(runs.values()))[0]
    titles = row_titles(params.encoder.kind, rows, first.without_vector)
    own = {titles[name]: row for name, row in rows.items()}
    text = page(
        "The six models",
        own,
        tables(params.evaluation, first.evaluated),
        comparable=params.report.comparable,
        spread=spread,
        left_out=first.left_out,
    )
    output = Path("report/tables.md")
    output.parent.mkdir(exist_ok=True)
    output.write_text(text, encoding="utf-8")


def _run(name: str, overrides: Overrides, params: Params) -> Results:
    revision = run_experiment(name, overrides)
    return Results(*(details_at(revision, stage, params.evaluation) for stage in ("evaluate", "baselines")))


if __name__ == "__main__":
    run_stage(main)
