"""Measure r = converged L_SSL / converged L_ML, by which the second system weighs its losses.

    python stages/balance.py

Akama et al. 2023, section 5.2: L_SSL comes from the pre-training, L_ML from a training with all labels and that loss
alone, from scratch and without augmentation. Nothing is trained when params.finetune needs no r, or gives it.
"""

import json
from pathlib import Path

from unisono.errors import UserError
from unisono.params import Params
from unisono.similarity import build_encoder, build_objective, load_examples, train
from unisono.stage import run_stage, write_metrics

PRETRAINED = Path("metrics/pretrain.json")


def main(params: Params) -> None:
    Path("data/curves_balance").mkdir(parents=True, exist_ok=True)
    write_metrics(Path("metrics/balance.json"), {"balance": measure(params)})


def measure(params: Params) -> dict[str, float]:
    """r, and the two losses that it comes from when it is measured."""
    schedule = params.finetune
    if not schedule.contrastive:
        return {}
    if schedule.r != "auto":
        return {"r": schedule.r}
    contrastive = json.loads(PRETRAINED.read_text(encoding="utf-8"))["pretrain"].get("converged")
    if contrastive is None:
        raise UserError("finetune.r is 'auto', but pretrain.epochs is 0, so L_SSL is not known; set finetune.r")
    names, training, validation = load_examples(params)
    encoder = build_encoder(params, schedule.seed)
    module = build_objective(params, encoder, len(names), metric=1, contrastive=0, augment=False)
    progress, checkpoint = train("balance", module, training, validation, schedule, params, [Path(__file__)])
    checkpoint.unlink()
    metric = progress.history[-1]["train"]["metric"]
    return {"contrastive": contrastive, "metric": metric, "r": contrastive / metric}


if __name__ == "__main__":
    run_stage(main)
