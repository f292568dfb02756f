"""The second system's test tracks as a map, coloured by params.report.tag_pair.

    python stages/similarity_space.py CORPUS

Reads data/embeddings/, data/frames/ and data/split/; writes report/similarity_space.png.
"""

from pathlib import Path

from unisono.corpora.labels import corpus_labels
from unisono.params import Params
from unisono.report.similarity_space import draw_panels, similarity_map
from unisono.stage import run_stage


def main(params: Params, corpus: str) -> None:
    folder, name = Path("data/frames", corpus), params.similarity.labels
    labels = corpus_labels(folder, name, Path("data/split", f"{corpus}.parquet"))
    first, second = params.report.tag_pair
    embeddings = Path("data/embeddings", corpus, "similarity")
    panel = similarity_map(embeddings, labels, [first, second], "test tracks", f"{folder} ({name})")
    draw_panels([panel], (first, second), Path("report/similarity_space.png"))


if __name__ == "__main__":
    run_stage(main)
