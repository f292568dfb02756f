"""python stages/inventory.py CORPUS

List the raw data of a corpus in data/inventory/CORPUS.csv, and in CORPUS.json what it has: genres, playlists and
their words, artists, labels. To look again after adding files: make inventory.
"""

from pathlib import Path

import pandas as pd

from unisono.corpora.reading.inventory import take_inventory, write_inventory
from unisono.corpora.reading.registry import read_catalogue
from unisono.corpora.reading.vector_files import DIMENSIONS
from unisono.errors import UserError
from unisono.params import Params
from unisono.params.holdings import GENRES, Holdings
from unisono.stage import run_stage, write_json


def main(params: Params, corpus: str) -> None:
    root = params.corpora[corpus].root
    if not root.is_dir():
        raise UserError(
            f"corpora.{corpus}.root is {root}, where there is no folder; put the data there (docs/data.md says what),"
            " or set the key in params.yaml to where it lies"
        )
    out = Path("data/inventory")
    out.mkdir(parents=True, exist_ok=True)
    write_inventory(take_inventory(root), out / f"{corpus}.csv")
    catalogue = read_catalogue(params.corpora[corpus].format, root)
    sets = {str(task): labels["tags"] for task, labels in catalogue.labels.groupby("task")}
    tags = {name: by_frequency(found) for name, found in {GENRES: catalogue.tracks["genres"], **sets}.items()}
    holdings = Holdings(
        tracks=len(catalogue.tracks),
        playlists=len(catalogue.playlists),
        tags=tags,
        words=int((catalogue.playlists["words"].map(len) > 0).sum()),
        artists=int((catalogue.tracks["artists"].map(len) > 0).sum()),
        dim=catalogue.counts.get(DIMENSIONS, 0),
    )
    write_json(out / f"{corpus}.json", holdings.model_dump())


def by_frequency(tags: pd.Series) -> list[str]:
    """Every tag of some tracks' lists, the most frequent first; of equally frequent ones, in alphabetical order."""
    counts = tags.explode().dropna().value_counts()
    return sorted(counts.index, key=lambda tag: (-counts[tag], tag))


if __name__ == "__main__":
    run_stage(main)
