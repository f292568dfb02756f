"""Items' scores as the evaluate stage writes them, made up."""

import numpy as np
import pandas as pd

from unisono.evaluation.task import Column

COLUMNS = [Column("r@1", "R@1", 1, headline=False), Column("ndcg@100", "nDCG@100", 4), Column("map@100", "MAP@100", 4)]
BASE = {"untrained": -0.05, "statistics": 0.0, "ridge": 0.02}


def scored(shifts: dict[str, float], seed: int = 0, n: int = 60) -> pd.DataFrame:
    """A table of n playlists, easy and hard ones, whose score by each model is shifted, with some noise.

    Songs that one playlist holds are to be found in all of them, others in the last third only.
    """
    easy = np.random.default_rng(99).uniform(0.2, 0.6, n)
    rng = np.random.default_rng(seed)
    tables = []
    for model, shift in shifts.items():
        score = easy + shift + rng.normal(0, 0.01, n)
        known = np.where(np.arange(n) < 2 * n // 3, np.nan, score + shift)
        parts = {"ndcg@100.in_1": score - 0.1, "ndcg@100.in_2-4": known}
        table = {"item": [f"p{i}" for i in range(n)], "model": model, "ndcg@100": score, "map@100": 0.1, **parts}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)
