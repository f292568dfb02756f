"""Embed a corpus by ridge regression from its plain statistics.

python stages/export_ridge.py CORPUS
"""

from pathlib import Path

from unisono.alignment.ridge import LinearAlignment
from unisono.embeddings.read import load_embeddings
from unisono.embeddings.write import save_embeddings
from unisono.params import Params
from unisono.stage import run_stage


def main(params: Params, corpus: str) -> None:
    model = LinearAlignment.load(Path("data/ridge/ridge.safetensors"))
    folder = Path("data/baselines", corpus)
    if not model.weights:  # neither genres nor playlists: there is nothing to regress onto
        (folder / "ridge").mkdir(parents=True, exist_ok=True)
        return
    found = load_embeddings(folder / "statistics")
    tracks_ND, windows_MD = model.embed(found.tracks_ND), model.embed(found.windows_MD)
    save_embeddings(folder / "ridge", found.track_ids, tracks_ND, windows_MD, found.n_windows)


if __name__ == "__main__":
    run_stage(main)
