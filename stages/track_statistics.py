"""The plain statistics of a corpus's input, as a baseline: what any encoder has to beat.

    python stages/track_statistics.py CORPUS

Mean and standard deviation of each mel band; vectors that came from elsewhere as they came.
"""

from pathlib import Path

from unisono.embeddings.statistics import export_as_they_came, export_statistics
from unisono.frames.store import FrameStore
from unisono.params import Params
from unisono.stage import run_stage


def main(params: Params, corpus: str) -> None:
    store, out = FrameStore.open(Path("data/frames", corpus)), Path("data/baselines", corpus, "statistics")
    if params.corpora[corpus].format == "vectors":
        export_as_they_came(store, out)
    else:
        export_statistics(store, params.train.crop_frames, out)


if __name__ == "__main__":
    run_stage(main)
