"""The probe of a catalogue's genres at Melon's size, by params/melon.yaml: one model, all its repeats.

python benchmarks/tags.py [SONGS [EPOCHS]]

Melon has 649,091 songs and 219 genres; embeddings have 128 dimensions, and a fifth of what they hold is the genre. In
params/melon.yaml there are at most 100 epochs, and fewer where the validation loss, over a tenth of the songs, stops
falling; here there are EPOCHS (2), each with its validation.
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from harness import report
from split import GENRES, long_tail

from unisono.embeddings.read import Embeddings
from unisono.evaluation.tasks.tagging import evaluate_tags
from unisono.params import load_params
from unisono.params.evaluation import Tagging

MELON = Path(__file__).parents[1] / "params/melon.yaml"
SONGS, DIM, SHARE = 649_091, 128, 0.2


def main(n_songs: int = SONGS, epochs: int = 2) -> None:
    rng = np.random.default_rng(0)
    ids, genres = pd.Index([f"{number:07}" for number in range(n_songs)]), long_tail(n_songs)
    centre_of = dict(zip((f"GN{g}" for g in range(GENRES)), rng.standard_normal((GENRES, DIM)), strict=True))
    vectors_ND = rng.standard_normal((n_songs, DIM), dtype=np.float32)
    vectors_ND += np.sqrt(SHARE / (1 - SHARE)) * np.stack([centre_of[first] for first, *_ in genres])
    part = rng.choice(["train", "validation", "test"], size=n_songs, p=[0.8, 0.1, 0.1])
    labels = pd.DataFrame({"track_id": ids, "tags": genres, "split": part})
    embeddings = Embeddings(ids, vectors_ND, vectors_ND, np.arange(n_songs), np.ones(n_songs, dtype=int))
    task = load_params(MELON).evaluation["tags"]
    assert isinstance(task, Tagging)
    probe = task.probe.model_copy(update={"epochs": epochs, "patience": epochs - 1})  # looks, and never stops early
    task = task.model_copy(update={"probe": probe})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    measured = evaluate_tags(embeddings, labels, task, "generated", "auto")
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report(
        f"probe of {GENRES} genres, {n_songs:,} songs, {task.repeats} repeats, {epochs} epochs",
        seconds, "s", roc_auc=measured.scores["roc_auc"]["mean"],
        peak_gigabytes=peak * 1024 / 1e9, gigabytes_before=before * 1024 / 1e9,
    )  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
