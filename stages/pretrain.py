"""Pre-train the second system's encoder: the self-supervised loss alone, Akama et al. 2023, section 4.3.

    python stages/pretrain.py

Curves: data/curves_pretrain/; checkpoints of an unfinished run: .checkpoints/pretrain/. With pretrain.epochs 0 the
encoder stays as it was drawn.
"""

from pathlib import Path

from unisono.encoders.saved import save_encoder, save_projector
from unisono.metric_learning.build import build_encoder, build_objective, load_examples, train
from unisono.params import Params
from unisono.stage import run_stage, write_metrics
from unisono.training.crops import training_metrics

OUT, METRICS = Path("data/models/pretrained"), Path("metrics/pretrain.json")


def main(params: Params) -> None:
    schedule = params.pretrain
    encoder = build_encoder(params, schedule.seed)
    if schedule.epochs == 0:
        save_encoder(OUT, encoder, params.waves.model_dump())
        Path("data/curves_pretrain").mkdir(parents=True, exist_ok=True)
        write_metrics(METRICS, {"pretrain": {"epochs": 0}})
        return
    names, training, validation = load_examples(params)
    module = build_objective(params, encoder, len(names), metric=0, contrastive=1, augment=True)
    progress, checkpoint = train("pretrain", module, training, validation, schedule, params, [Path(__file__)])
    save_encoder(OUT, encoder, params.waves.model_dump())
    save_projector(OUT, module.projector)
    metrics = training_metrics(progress, training, validation)
    write_metrics(METRICS, {"pretrain": {**metrics, "converged": progress.history[-1]["train"]["contrastive"]}})
    checkpoint.unlink()


if __name__ == "__main__":
    run_stage(main)
