"""Train the audio encoder: alignment with genres and playlists, or the paper's B-lines.

    python stages/train.py

Curves: data/curves/; checkpoints of an unfinished run: .checkpoints/train/.
"""

from pathlib import Path

from unisono.alignment.build import build_audio_encoder, build_objective
from unisono.alignment.examples import Examples, cf_rows, genre_rows
from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import load_vectors
from unisono.encoders.saved import save_encoder
from unisono.errors import UserError
from unisono.frames.store import FrameStore
from unisono.params import Params
from unisono.stage import run_stage, write_metrics
from unisono.training.checkpoint import checkpoint_path
from unisono.training.crops import fit_on_crops, training_metrics

FRAMES, SPLIT, CF, GENRES = (Path("data", name) for name in ("frames/catalogue", "split", "cf", "genres"))
WITHOUT = {
    "genre": "none of the training tracks has a genre; add genres (tracks.csv: genres; song_meta.json:"
    " song_gn_dtl_gnr_basket), or train without them: loss.lambda_a2g and loss.lambda_g2p 0",
    "playlist": "no two training tracks are in playlists; add playlists, check that they use the tracks' ids and"
    " paths, or train without them: loss.lambda_a2p and loss.lambda_g2p 0",
}


def main(params: Params) -> None:
    train = params.train
    genre_names, genre_vectors_GW = load_vectors(GENRES)
    cf_ids, cf_vectors_MC = load_vectors(CF)
    tracks = read_table(FRAMES / "tracks.parquet", "track_id", "genres").set_index("track_id")
    part_of = read_table(SPLIT / "split.parquet", "track_id", "split").set_index("track_id")["split"]
    store = FrameStore.open(FRAMES)

    def examples(part: str) -> Examples:
        ids = part_of.index[part_of == part]
        return Examples(
            store,
            store.rows(ids),
            genre_rows(tracks.loc[ids, "genres"], genre_names, params.genres.max_per_track),
            cf_rows(ids, cf_ids, cf_vectors_MC),
        )

    training, validation = examples("train"), examples("validation")
    audio = build_audio_encoder(params.encoder, train, params.mel)
    module = build_objective(audio, params.encoder, params.loss, train, genre_vectors_GW, cf_vectors_MC.shape[1])
    for modality in sorted(module.modalities):
        if not training.has(modality):
            raise UserError(f"the catalogue has no {modality}s to learn from: {WITHOUT[modality]}")
    inputs = [*(p for folder in (SPLIT, CF, GENRES) for p in folder.iterdir()), *FRAMES.glob("*.parquet")]
    settings = params.model_dump(include={"mel", "genres", "encoder", "loss", "train"}, mode="json")
    checkpoint = checkpoint_path("train", settings, [Path(__file__), *inputs])
    progress = fit_on_crops(
        module,
        training,
        validation,
        stage="train",
        crop_frames=train.crop_frames,
        n_views=2 if "crop" in module.modalities else 1,
        schedule=train,
        machine=train,
        checkpoint=checkpoint,
        curves_folder=Path("data/curves"),
        weight_decay=train.weight_decay,
        suspects=_weights(params),
    )
    save_encoder(Path("data/models/trained"), audio, params.mel.model_dump())
    write_metrics(Path("metrics/train.json"), {"train": training_metrics(progress, training, validation)})
    checkpoint.unlink()


def _weights(params: Params) -> list[str]:
    """The params that the losses are multiplied by."""
    loss = params.loss.model_dump()
    if params.train.objective == "prediction":
        loss = {name: loss[name] for name in ("lambda_a2g", "lambda_a2p")}
    return [f"loss.{name} ({value:g})" for name, value in loss.items() if value]


if __name__ == "__main__":
    run_stage(main)
