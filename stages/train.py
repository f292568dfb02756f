"""Train the audio encoder: alignment with the other modalities, or the paper's B-lines.

    python stages/train.py CORPUS

Curves: data/curves/; checkpoints of an unfinished run: .checkpoints/train/.
"""

import shutil
from pathlib import Path

from unisono.alignment.alignments import CROP, Alignment, aligned, all_alignments, lambdas, weighted_alignments
from unisono.alignment.build import build_objective
from unisono.alignment.encoder import build_audio_encoder
from unisono.alignment.examples import Examples
from unisono.alignment.objective import CrossModalAlignment
from unisono.artifacts.read import read_table
from unisono.encoders.saved import save_encoder
from unisono.errors import UserError
from unisono.frames.store import FrameStore
from unisono.modalities.modality import Modality
from unisono.modalities.registry import MODALITIES
from unisono.params import Loss, Params
from unisono.stage import run_stage, write_metrics
from unisono.training.checkpoint import checkpoint_path
from unisono.training.crops import fit_on_crops, headline, training_metrics

DATA = Path("data")
OUT = DATA / "models" / "trained"


def main(params: Params, corpus: str) -> None:
    train, frames, split = params.train, DATA / "frames" / corpus, DATA / "split" / f"{corpus}.parquet"
    alignments = weighted_alignments(params.loss, train.objective, MODALITIES)
    kinds = [kind for kind in MODALITIES if kind.name in aligned(alignments)]
    modalities = [kind.load(DATA / kind.folder) for kind in kinds]
    columns = [column for kind in kinds for column in kind.columns]
    tracks = read_table(frames / "tracks.parquet", "track_id", *columns).set_index("track_id")
    part_of = read_table(split, "track_id", "split").set_index("track_id")["split"]
    store = FrameStore.open(frames)
    training, validation = (
        Examples.of(tracks.loc[part_of.index[part_of == part]], store, modalities, train)
        for part in ("train", "validation")
    )
    for modality in modalities:
        if not training.present[modality.name].any():
            raise UserError(_missing(modality, params.loss))
    audio = build_audio_encoder(params.encoder, train, params.front_end)
    module = build_objective(audio, modalities, alignments, params.encoder, params.loss, train)
    vectors = [path for kind in kinds for path in (DATA / kind.folder).iterdir()]
    inputs = [split, *vectors, *frames.glob("*.parquet")]
    settings = params.model_dump(include={"mel", "vectors", "encoder", "loss", "train", "precision"}, mode="json")
    checkpoint = checkpoint_path("train", settings, inputs, Path(__file__))
    progress = fit_on_crops(
        module,
        training,
        validation,
        stage="train",
        crop_frames=train.crop_frames,
        n_views=2 if CROP in aligned(alignments) else 1,
        schedule=train,
        machine=params.machine,
        precision=params.precision,
        checkpoint=checkpoint,
        curves_folder=Path("data/curves"),
        weight_decay=train.weight_decay,
        suspects=_suspects(params, alignments),
    )
    if OUT.exists():  # another objective may have left other encoders
        shutil.rmtree(OUT)
    save_encoder(OUT, audio, params.front_end.model_dump())
    if isinstance(module, CrossModalAlignment):
        for modality in modalities:
            modality.save_encoder(OUT, module.encoders[modality.name])
    metrics = training_metrics(progress, training, validation, params.machine, params.precision)
    write_metrics("train", {"train": headline(metrics)}, metrics)
    checkpoint.unlink()


def _missing(modality: Modality, loss: Loss) -> str:
    """What to say when no training track has the modality."""
    without = lambdas(row for row in all_alignments(loss, MODALITIES) if modality.name in (row.a, row.b))
    what = f"the catalogue has no {modality.name}s to learn from"
    return f"{what}: {modality.missing}, or train without them: {without} 0"


def _suspects(params: Params, alignments: list[Alignment]) -> list[str]:
    """The params that the losses are multiplied or divided by."""
    temperature = [f"loss.temperature ({params.loss.temperature:g})"] if params.train.objective == "contrastive" else []
    return [*temperature, *(f"{lambdas([row])} ({row.weight:g})" for row in alignments)]


if __name__ == "__main__":
    run_stage(main)
