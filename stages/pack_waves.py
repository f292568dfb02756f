"""python stages/pack_waves.py

Pack the audio of params.similarity.corpus as mono waveforms into the frame store data/waves; metrics/pack_waves.json
says how many tracks were usable. A pack that was interrupted goes on where it stopped.
"""

from pathlib import Path

from unisono.corpora.registry import read_catalogue
from unisono.frames.packing import pack
from unisono.params import Params
from unisono.stage import run_stage, write_metrics


def main(params: Params) -> None:
    corpus = params.similarity.corpus
    source = params.corpora[corpus]
    metrics = pack(
        catalogue=read_catalogue(source.format, source.root),
        corpus=corpus,
        out=Path("data/waves"),
        front_end=params.waves,
        params=params.pack,
        inventory=Path("data/inventory") / f"{corpus}.csv",
        checkpoints=Path(".checkpoints/pack_waves"),
    )
    write_metrics(Path("metrics/pack_waves.json"), {"pack_waves": metrics})


if __name__ == "__main__":
    run_stage(main)
