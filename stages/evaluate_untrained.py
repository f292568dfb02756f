"""`python stages/evaluate_untrained.py`: all tasks on the untrained encoder, a baseline that no training changes.

Reads data/untrained/, data/frames/ and data/split/; writes metrics/evaluate/untrained.json.
"""

from pathlib import Path

from unisono.embeddings.read import load_embeddings
from unisono.evaluation.tasks import TASKS, Corpus
from unisono.params import Params
from unisono.stage import run_stage, write_metrics

UNTRAINED, FRAMES, SPLIT = Path("data/untrained"), Path("data/frames"), Path("data/split/split.parquet")


def main(params: Params) -> None:
    results = {}
    for name, task in params.evaluation.tasks().items():
        if name in TASKS:
            corpus = Corpus(FRAMES / task.corpus, SPLIT, f"evaluation.{name} ({task.corpus})")
            results[name] = TASKS[name](task, load_embeddings(UNTRAINED / task.corpus), corpus)
    scores = {
        name: {score: value for score, value in result.items() if score not in ("chance", "counts")}
        for name, result in results.items()
    }
    write_metrics(Path("metrics/evaluate/untrained.json"), {"untrained": scores})


if __name__ == "__main__":
    run_stage(main)
