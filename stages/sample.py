"""python stages/sample.py: write the simulated music service into data/raw/sample, in the real corpora's formats."""

from pathlib import Path

from unisono.params import Params
from unisono.sample import write_sample
from unisono.stage import run_stage


def main(params: Params) -> None:
    """Write the corpora that params.sample lists, and manifest.json whatever it lists."""
    sample = params.sample
    write_sample(
        Path("data/raw/sample"),
        sample.corpora,
        seed=sample.seed,
        songs=sample.songs,
        playlists=sample.playlists,
        gtzan_tracks=sample.gtzan_tracks,
        jamendo_tracks=sample.jamendo_tracks,
        magnatagatune_clips=sample.magnatagatune_clips,
        seconds=sample.seconds,
        processes=params.machine.workers,
    )


if __name__ == "__main__":
    run_stage(main)
