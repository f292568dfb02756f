"""python stages/pack.py mel|waves CORPUS

Pack a corpus into a frame store: mels (of audio, or ready ones) or ready vectors into data/frames/CORPUS, mono
waveforms of the tracks that are there into data/waves/CORPUS. The metrics say how many tracks were usable. A pack that
was interrupted goes on where it stopped.
"""

from pathlib import Path

from unisono.artifacts.read import reading
from unisono.corpora.reading.catalogue import read_tables
from unisono.corpora.reading.registry import read_catalogue
from unisono.frames.packing import pack
from unisono.frames.space import dvc_cache
from unisono.params import Mel, Params, Vectors, Waves
from unisono.params.holdings import Holdings, refuse_what_is_missing
from unisono.stage import run_stage, write_metrics

FRAMES, WAVES, INVENTORY = Path("data/frames"), Path("data/waves"), Path("data/inventory")


def main(params: Params, what: str, corpus: str) -> None:
    # No dependency of the stage: it changes no frame, and only refuses what could not be trained on them.
    with reading(file := INVENTORY / f"{corpus}.json"):
        holdings = Holdings.model_validate_json(file.read_text(encoding="utf-8"))
    refuse_what_is_missing(params, corpus, holdings)
    source, ready = params.corpora[corpus], FRAMES / corpus
    front_end: Waves | Mel | Vectors = params.waves
    if first := what == "mel":
        front_end = params.vectors if source.format == "vectors" else params.mel
    name = "pack" if first else "pack_waves"
    metrics = pack(
        catalogue=read_catalogue(source.format, source.root) if first else read_tables(ready, source.root),
        corpus=corpus,
        out=ready if first else WAVES / corpus,
        front_end=front_end,
        params=params.pack,
        workers=params.machine.workers,
        inventory=INVENTORY / f"{corpus}.csv",
        checkpoints=Path(".checkpoints", name),
        cache=dvc_cache(Path(".dvc")),
    )
    headline = {key: metrics[key] for key in ("packed", "rejected")}
    write_metrics(f"{name}/{corpus}", {name: {corpus: headline}}, metrics)


if __name__ == "__main__":
    run_stage(main)
