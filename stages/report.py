"""`python stages/report.py`: what the run found, as tables in Markdown and as a page to look at.

Reads metrics/details/ and data/inventory/; writes report/report.md, report/figures/ and report/index.html.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from unisono.artifacts.read import damaged, read_json
from unisono.corpora.reading.inventory import read_inventory
from unisono.params import Params
from unisono.report.figures import draw
from unisono.report.markdown import NOT_COMPARABLE, page, published
from unisono.report.models import SECOND_SYSTEM, TITLES, model_name, row_titles
from unisono.report.page.data import packed_section, run_section, split_section
from unisono.report.page.document import render
from unisono.report.page.learning import TRAININGS, map_section, sanity_section, training_section
from unisono.report.page.results import classes_section, playlists_section, tasks_section, tiles, worth_section
from unisono.report.scores import Details, Results, rows_of
from unisono.report.tables import rows_in, tables
from unisono.stage import run_stage

DETAILS, INVENTORY, OUT = Path("metrics/details"), Path("data/inventory"), Path("report")
NOT_RUN = {"left_out": "not evaluated in this run"}


def main(params: Params) -> None:
    results = Results(evaluated=read("evaluate", params), baselines=read("baselines", params))
    rows = rows_of(results)
    titles = {"trained": TITLES[model_name(params.loss, params.train.objective)], "similarity": SECOND_SYSTEM}
    others = row_titles(params.encoder.kind, rows.keys() - titles.keys(), results.without_vector)
    titled = {**others, **{row: f"{title} (this run)" for row, title in titles.items()}}
    own = {titled[row]: scores for row, scores in rows.items() if scores}
    measured = " and ".join(title for row, title in titles.items() if rows[row])
    shown = [table for table in tables(params.evaluation, results.evaluated) if rows_in(table, own)]
    (OUT / "figures").mkdir(parents=True, exist_ok=True)
    for table in shown:
        bars = {**own, **published()} if params.report.comparable else own
        draw(table, bars, own, OUT / "figures" / f"{table.name}.png")
    title = f"Results: {measured}" if measured else "Results"
    comparable, left_out = params.report.comparable, results.left_out
    text = page(title, own, shown, comparable=comparable, figures="figures", left_out=left_out)
    (OUT / "report.md").write_text(text, encoding="utf-8")

    trained = details_of(TRAININGS, params)
    sections = [
        tasks_section(shown, own, published(), comparable=comparable, left_out=left_out),
        worth_section(read_if_there("worth")),
        map_section(read_if_there("map") if params.systems.alignment else None),
        classes_section(results, titled),
        playlists_section(results, titled),
        training_section(trained),
        sanity_section(details_of(("factorize", "genres", "words", "artists"), params)),
        split_section(of_corpora("split", params)),
        packed_section(of_corpora("pack", params)),
        run_section(as_yaml(params), raw_data(params), {name: of["machine"] for name, of in trained.items() if of}),
    ]
    lead = [] if comparable else [NOT_COMPARABLE.replace("**", "").removeprefix("> ")]
    html = render(title, lead, tiles(shown, rows, titles), sections)
    (OUT / "index.html").write_text(html, encoding="utf-8")


def read(stage: str, params: Params) -> dict[str, Details]:
    """What a stage wrote of each task; of a task that did not run, that."""
    return {name: read_if_there(f"{stage}/{name}") or NOT_RUN for name in params.evaluation}


def read_if_there(name: str) -> dict[str, Any] | None:
    """A stage's details, or None."""
    file = DETAILS / f"{name}.json"
    if not file.exists():
        return None
    details = read_json(file)
    if not isinstance(details, dict):
        raise damaged(file, f"holds a {type(details).__name__}, expected a mapping")
    return details


def details_of(stages: Mapping[str, str] | tuple[str, ...], params: Params) -> dict[str, dict[str, Any]]:
    """What the stages wrote that these params run; of the others files may lie there that are older."""
    runs = {stage: params.systems.metric_learning if stage in ("pretrain", "finetune") else params.systems.alignment
            for stage in stages}  # fmt: skip
    return {stage: read_if_there(stage) or {} for stage, corpora in runs.items() if corpora}


def of_corpora(stage: str, params: Params) -> dict[str, dict[str, Any]]:
    """What a stage wrote of each corpus."""
    found = {corpus: read_if_there(f"{stage}/{corpus}") for corpus in params.corpora}
    return {corpus: details for corpus, details in found.items() if details is not None}


def raw_data(params: Params) -> dict[str, dict[str, str]]:
    """Each corpus's version, format and number of files."""
    found = {}
    for name, corpus in params.corpora.items():
        file = INVENTORY / f"{name}.csv"
        if file.exists():
            files = read_inventory(file)[["name", "size"]]  # times differ wherever the data were copied to
            listed = files.to_csv(index=False).encode(errors="surrogateescape")
            version = hashlib.md5(listed, usedforsecurity=False).hexdigest()
            found[name] = {"version": version, "format": corpus.format, "files": f"{len(files):,}"}
    return found


def as_yaml(params: Params) -> str:
    return yaml.safe_dump(params.model_dump(mode="json", exclude={"machine"}), sort_keys=False, allow_unicode=True)


if __name__ == "__main__":
    run_stage(main)
