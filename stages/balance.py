"""Measure r = converged L_SSL / converged L_ML, by which the second system weighs its losses.

    python stages/balance.py CORPUS

Akama et al. 2023, section 5.2: L_SSL comes from the pre-training, L_ML from a training with all labels and that loss
alone, from scratch and without augmentation. Nothing is trained when params.finetune needs no r, or gives it, and
where no track has a tag: there is only one loss then, and r is 1.
"""

from pathlib import Path

from unisono.artifacts.read import read_json
from unisono.errors import UserError
from unisono.params import Params
from unisono.stage import run_stage, write_json

PRETRAINED, BALANCE = Path("metrics/details/pretrain.json"), Path("metrics/details/balance.json")
CURVES = Path("data/curves_balance")


def main(params: Params, corpus: str) -> None:
    CURVES.mkdir(parents=True, exist_ok=True)
    schedule = params.finetune
    if schedule.contrastive and schedule.r == "auto":
        measure(params, corpus)
    else:
        write_json(BALANCE, {"r": schedule.r} if schedule.contrastive else {})


def measure(params: Params, corpus: str) -> None:
    """Write r and the two losses that it comes from."""
    from unisono.metric_learning.build import (  # torch takes seconds
        build_encoder,
        build_objective,
        load_examples,
        train,
    )

    schedule = params.finetune
    contrastive = read_json(PRETRAINED, "converged")
    if contrastive is None:
        raise UserError("finetune.r is 'auto', but pretrain.epochs is 0, so L_SSL is not known; set finetune.r")
    waves, split = Path("data/waves", corpus), Path("data/split", f"{corpus}.parquet")
    names, training, validation = load_examples(waves, split, params.similarity.labels)
    if not names:
        write_json(BALANCE, {"r": 1.0})
        return
    encoder = build_encoder(params, schedule.seed)
    module = build_objective(params, encoder, len(names), metric=1, contrastive=0, augment=False)
    inputs = [split, *waves.glob("*.parquet")]
    progress, checkpoint = train(
        "balance", module, training, validation, schedule, params, inputs, Path(__file__), CURVES
    )
    metric = progress.history[-1]["train"]["metric"]
    write_json(BALANCE, {"contrastive": contrastive, "metric": metric, "r": contrastive / metric})
    checkpoint.unlink()


if __name__ == "__main__":
    run_stage(main)
