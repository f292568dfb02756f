"""python stages/pack.py CORPUS

Pack the mels or the audio of a corpus into the frame store data/frames/CORPUS; metrics/pack/CORPUS.json says how many
tracks were usable. A pack that was interrupted goes on where it stopped.
"""

from pathlib import Path

from unisono.corpora.registry import read_catalogue
from unisono.frames.packing import pack
from unisono.params import Params
from unisono.stage import run_stage, write_metrics


def main(params: Params, corpus: str) -> None:
    source = params.corpora[corpus]
    metrics = pack(
        catalogue=read_catalogue(source.format, source.root),
        corpus=corpus,
        out=Path("data/frames") / corpus,
        front_end=params.mel,
        params=params.pack,
        inventory=Path("data/inventory") / f"{corpus}.csv",
        checkpoints=Path(".checkpoints/pack"),
    )
    write_metrics(Path("metrics/pack") / f"{corpus}.json", metrics)


if __name__ == "__main__":
    run_stage(main)
