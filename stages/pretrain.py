"""Pre-train the second system's encoder: the self-supervised loss alone, Akama et al. 2023, section 4.3.

    python stages/pretrain.py CORPUS

Curves: data/curves_pretrain/; checkpoints of an unfinished run: .checkpoints/pretrain/. With pretrain.epochs 0 the
encoder stays as it was drawn.
"""

from pathlib import Path

from unisono.encoders.saved import save_encoder, save_projector
from unisono.metric_learning.build import build_encoder, build_objective, load_examples, train
from unisono.params import Params
from unisono.stage import run_stage, write_metrics
from unisono.training.crops import headline, training_metrics

OUT, CURVES = Path("data/models/pretrained"), Path("data/curves_pretrain")


def main(params: Params, corpus: str) -> None:
    schedule = params.pretrain
    encoder = build_encoder(params, schedule.seed)
    if schedule.epochs == 0:
        save_encoder(OUT, encoder, params.waves.model_dump())
        CURVES.mkdir(parents=True, exist_ok=True)
        write_metrics("pretrain", {}, {"epochs": 0, "converged": None})
        return
    waves, split = Path("data/waves", corpus), Path("data/split", f"{corpus}.parquet")
    names, training, validation = load_examples(waves, split, params.similarity.labels)
    module = build_objective(params, encoder, len(names), metric=0, contrastive=1, augment=True)
    inputs = [split, *waves.glob("*.parquet")]
    progress, checkpoint = train(
        "pretrain", module, training, validation, schedule, params, inputs, Path(__file__), CURVES
    )
    save_encoder(OUT, encoder, params.waves.model_dump())
    save_projector(OUT, module.projector)
    metrics = training_metrics(progress, training, validation, params.machine, params.precision)
    converged = {"converged": progress.history[-1]["train"]["contrastive"]}
    write_metrics("pretrain", {"pretrain": headline(metrics)}, {**metrics, **converged})
    checkpoint.unlink()


if __name__ == "__main__":
    run_stage(main)
