"""`python stages/report.py`: Tables 1 to 3 for the current model beside the paper's, and a table for any other task.

Reads metrics/details/evaluate/ and metrics/details/baselines/; writes report/report.md and report/figures/.
"""

from pathlib import Path

from unisono.artifacts.read import damaged, read_json
from unisono.params import Params
from unisono.report.figures import draw
from unisono.report.markdown import page, published
from unisono.report.models import SECOND_SYSTEM, TITLES, model_name, row_titles
from unisono.report.scores import Details, Results, rows_of
from unisono.report.tables import rows_in, tables
from unisono.stage import run_stage

DETAILS, OUT = Path("metrics/details"), Path("report")
NOT_RUN = {"left_out": "not evaluated in this run"}


def main(params: Params) -> None:
    results = Results(evaluated=read("evaluate", params), baselines=read("baselines", params))
    rows = rows_of(results)
    titles = {"trained": TITLES[model_name(params.loss, params.train.objective)], "similarity": SECOND_SYSTEM}
    others = row_titles(params.encoder.kind, rows.keys() - titles.keys(), results.without_vector)
    own = {
        f"{titles[row]} (this run)" if row in titles else others[row]: scores for row, scores in rows.items() if scores
    }
    measured = " and ".join(title for row, title in titles.items() if rows[row])
    shown = [table for table in tables(params.evaluation, results.evaluated) if rows_in(table, own)]
    (OUT / "figures").mkdir(parents=True, exist_ok=True)
    for table in shown:
        bars = {**own, **published()} if params.report.comparable else own
        draw(table, bars, own, OUT / "figures" / f"{table.name}.png")
    text = page(
        f"Results: {measured}" if measured else "Results",
        own,
        shown,
        comparable=params.report.comparable,
        figures="figures",
        left_out=results.left_out,
    )
    (OUT / "report.md").write_text(text, encoding="utf-8")


def read(stage: str, params: Params) -> dict[str, Details]:
    """What a stage wrote of each task; of a task that did not run, that."""
    details = {}
    for name in params.evaluation:
        file = DETAILS / stage / f"{name}.json"
        details[name] = read_json(file) if file.exists() else NOT_RUN
        if not isinstance(details[name], dict):
            raise damaged(file, f"holds a {type(details[name]).__name__}, expected a mapping")
    return details


if __name__ == "__main__":
    run_stage(main)
