"""Train the second system: L_ML + alpha / r * L_SSL, Akama et al. 2023, section 4.4.

    python stages/finetune.py CORPUS

Curves: data/curves_finetune/; checkpoints of an unfinished run: .checkpoints/finetune/. The model is the encoder and,
in data/models/finetuned/tag_head, a vector for each tag.
"""

from pathlib import Path

from unisono.artifacts.read import read_json
from unisono.artifacts.vectors import save_vectors
from unisono.encoders.saved import load_pretrained, save_encoder
from unisono.errors import UserError
from unisono.metric_learning.build import build_encoder, build_objective, load_examples, train
from unisono.params import Params
from unisono.stage import run_stage, write_metrics
from unisono.training.crops import headline, training_metrics

PRETRAINED, OUT = Path("data/models/pretrained"), Path("data/models/finetuned")
BALANCE, CURVES = Path("metrics/details/balance.json"), Path("data/curves_finetune")


def main(params: Params, corpus: str) -> None:
    schedule = params.finetune
    waves, split = Path("data/waves", corpus), Path("data/split", f"{corpus}.parquet")
    names, training, validation = load_examples(waves, split, params.similarity.labels)
    if schedule.label_fraction and not names:
        raise UserError(
            f"similarity.labels: no training track has a tag of '{params.similarity.labels}', so there is nothing to"
            " learn; name other labels, or set finetune.label_fraction to 0"
        )
    training = training.keep_labels(schedule.label_fraction, schedule.seed)
    contrastive = 0.0
    if schedule.contrastive:
        contrastive = schedule.alpha / read_json(BALANCE, "r")
    module = build_objective(
        params,
        build_encoder(params, schedule.seed),
        len(names),
        metric=float(schedule.label_fraction > 0),
        contrastive=contrastive,
        augment=schedule.augment,
        freeze=schedule.freeze,
    )
    if schedule.load_pretrained:
        load_pretrained(PRETRAINED, module.encoder, module.projector)
    inputs = [split, BALANCE, *waves.glob("*.parquet"), *PRETRAINED.glob("*")]
    progress, checkpoint = train(
        "finetune", module, training, validation, schedule, params, inputs, Path(__file__), CURVES
    )
    save_encoder(OUT, module.encoder, params.waves.model_dump())
    if module.tag_head is not None:
        save_vectors(OUT / "tag_head", names, module.tag_head.weight.detach().cpu().numpy())
    metrics = training_metrics(progress, training, validation, params.machine, params.precision)
    labelled = {"labelled": int(training.labelled_N.sum()), "lambda": contrastive}
    write_metrics("finetune", {"finetune": headline(metrics)}, {**metrics, **labelled})
    checkpoint.unlink()


if __name__ == "__main__":
    run_stage(main)
