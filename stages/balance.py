"""Measure r = converged L_SSL / converged L_ML, by which the second system weighs its losses.

    python stages/balance.py

Akama et al. 2023, section 5.2: L_SSL comes from the pre-training, L_ML from a training with all labels and that loss
alone, from scratch and without augmentation. Nothing is trained when params.finetune needs no r, or gives it.
"""

from pathlib import Path

from unisono.artifacts.read import read_json
from unisono.errors import UserError
from unisono.metric_learning.build import build_encoder, build_objective, load_examples, train
from unisono.params import Params
from unisono.stage import run_stage, write_metrics

PRETRAINED, METRICS = Path("metrics/pretrain.json"), Path("metrics/balance.json")


def main(params: Params) -> None:
    Path("data/curves_balance").mkdir(parents=True, exist_ok=True)
    schedule = params.finetune
    if schedule.contrastive and schedule.r == "auto":
        balance, checkpoint = measure(params)
        write_metrics(METRICS, {"balance": balance})
        checkpoint.unlink()
    else:
        write_metrics(METRICS, {"balance": {"r": schedule.r} if schedule.contrastive else {}})


def measure(params: Params) -> tuple[dict[str, float], Path]:
    """r and the two losses that it comes from, and the checkpoint of the training."""
    schedule = params.finetune
    contrastive = read_json(PRETRAINED, "pretrain").get("converged")
    if contrastive is None:
        raise UserError("finetune.r is 'auto', but pretrain.epochs is 0, so L_SSL is not known; set finetune.r")
    names, training, validation = load_examples(params)
    encoder = build_encoder(params, schedule.seed)
    module = build_objective(params, encoder, len(names), metric=1, contrastive=0, augment=False)
    progress, checkpoint = train("balance", module, training, validation, schedule, params, [Path(__file__)])
    metric = progress.history[-1]["train"]["metric"]
    return {"contrastive": contrastive, "metric": metric, "r": contrastive / metric}, checkpoint


if __name__ == "__main__":
    run_stage(main)
