"""`python stages/report.py`: Tables 1 to 3 for the current model beside the paper's, and both systems' retrieval.

Reads metrics/evaluate/; writes report/report.md and report/figures/.
"""

from pathlib import Path

from unisono.artifacts.read import read_json
from unisono.params import Params
from unisono.report.figures import draw
from unisono.report.markdown import own_and_published, page
from unisono.report.models import SECOND_SYSTEM, TITLES, model_name
from unisono.report.scores import BASELINES, UNTRAINED, rows_of
from unisono.report.tables import rows_in, tables
from unisono.stage import run_stage

METRICS, OUT = Path("metrics/evaluate"), Path("report")


def main(params: Params) -> None:
    metrics = {task: read_json(METRICS / f"{task}.json", task) for task in (*params.evaluation.tasks(), UNTRAINED)}
    levels = rows_of(metrics)
    title = TITLES[model_name(params.loss, params.train.objective)]
    own = {**{name: levels[name] for name in BASELINES}, f"{title} (this run)": levels["model"]}
    own[f"{SECOND_SYSTEM} (this run)"] = levels["similarity"]
    shown = tables(params.evaluation.playlists.k if params.evaluation.playlists else 100)
    for table in shown:
        if rows_in(table, own):
            draw(table, own_and_published(own), own, OUT / "figures" / f"{table.name}.png")
    text = page(f"Results: {title}", own, shown, comparable=params.report.comparable, figures="figures")
    OUT.mkdir(exist_ok=True)
    (OUT / "report.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_stage(main)
