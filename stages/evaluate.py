"""`python stages/evaluate.py TASK`: one downstream task on what was trained.

TASK is gtzan, jamendo, playlists, tags, retrieval or autotagging, with its settings in params.evaluation. Reads
data/embeddings/, data/frames/ and data/split/; writes metrics/evaluate/TASK.json. The first four are the first
system's, autotagging is the second's, and retrieval compares both on the same tracks.
"""

from pathlib import Path
from typing import Any

from unisono.artifacts.vectors import load_vectors
from unisono.embeddings.read import load_embeddings
from unisono.errors import UserError
from unisono.evaluation.tasks import TASKS, Corpus, score_retrieval
from unisono.params import AutotaggingTask, Evaluation, Params, RetrievalTask
from unisono.stage import run_stage, write_metrics

EMBEDDINGS, FRAMES, SPLIT = Path("data/embeddings"), Path("data/frames"), Path("data/split/split.parquet")


def main(params: Params, name: str = "") -> None:
    if name not in Evaluation.model_fields:
        raise UserError(f"evaluate: unknown task '{name}'; expected one of {', '.join(Evaluation.model_fields)}")
    task = params.evaluation.tasks().get(name)
    if task is None:
        raise UserError(f"evaluation.{name}: not in params.yaml; add it, or leave out `evaluate.py {name}`")
    corpus = Corpus(FRAMES / task.corpus, SPLIT, f"evaluation.{name} ({task.corpus})")
    embeddings = EMBEDDINGS / task.corpus
    if isinstance(task, AutotaggingTask):
        result = tag_head(task, embeddings / "similarity", corpus)
    elif isinstance(task, RetrievalTask):
        result = both_systems(task, embeddings, corpus)
    else:
        result = TASKS[name](task, load_embeddings(embeddings / "trained"), corpus)
    write_metrics(Path(f"metrics/evaluate/{name}.json"), {name: result})


def both_systems(task: RetrievalTask, embeddings: Path, corpus: Corpus) -> dict[str, Any]:
    """`similarity` is the second system, `alignment` the first; chance and counts are the same for both."""
    similarity, alignment = (
        score_retrieval(task, load_embeddings(embeddings / model), corpus) for model in ("similarity", "trained")
    )
    shared = {level: similarity.pop(level) for level in ("chance", "counts")}
    return {**shared, "similarity": similarity, "alignment": {score: alignment[score] for score in similarity}}


def tag_head(task: AutotaggingTask, embeddings: Path, corpus: Corpus) -> dict[str, Any]:
    from unisono.evaluation.autotagging import evaluate_autotagging  # here for the reason given in tasks

    folder = embeddings / "tag_head"
    if not folder.exists():
        raise UserError(
            f"{corpus.where}: the model has no tag head, as no label was kept; raise finetune.label_fraction"
        )
    labels = corpus.labels(task.labels)
    result = evaluate_autotagging(load_embeddings(embeddings), *load_vectors(folder), labels, corpus.where)
    return {level: result.pop(level) for level in ("chance", "counts")} | {"similarity": result}


if __name__ == "__main__":
    run_stage(main)
