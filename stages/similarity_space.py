"""`python stages/similarity_space.py`: the second system's test tracks as a map, coloured by params.report.tag_pair.

Reads data/embeddings/; writes report/similarity_space.png.
"""

from pathlib import Path

from unisono.params import Params
from unisono.report.similarity_space import draw_panels, similarity_map
from unisono.stage import run_stage


def main(params: Params) -> None:
    panel = similarity_map(Path("data/embeddings", params.similarity.corpus, "similarity"), params, "test tracks")
    first, second = params.report.tag_pair
    draw_panels([panel], (first, second), Path("report/similarity_space.png"))


if __name__ == "__main__":
    run_stage(main)
