"""The second system's training, shared by its stages: pre-training, the balance of its losses, fine-tuning."""

from pathlib import Path

import torch

from unisono.corpora.labels import corpus_labels
from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.inception import MelInception
from unisono.encoders.sample_cnn import SampleCNN
from unisono.errors import UserError
from unisono.frames.store import FrameStore
from unisono.metric_learning.augmentation import AugmentationChain
from unisono.metric_learning.excerpts import Excerpts, load_excerpts, tag_names
from unisono.metric_learning.objective import MetricLearning
from unisono.params import Finetune, Params, Pretrain
from unisono.training.checkpoint import checkpoint_path
from unisono.training.crops import fit_on_crops
from unisono.training.loop import Progress


def load_examples(waves: Path, split: Path, labels: str) -> tuple[list[str], Excerpts, Excerpts]:
    """The tags to learn, if there are any, and the tracks of the training and validation parts, all of them labelled.

    Args:
        waves: the packed corpus.
        split: its split, for labels that have none of their own.
        labels: which of its labels.
    """
    table = corpus_labels(waves, labels, split)
    names = tag_names(table)
    store = FrameStore.open(waves)
    training, validation = (load_excerpts(store, table, names, part) for part in ("train", "validation"))
    return names, training, validation


def build_encoder(params: Params, seed: int) -> AudioEncoder:
    """The encoder that params.similarity describes, with the initial weights of `seed`."""
    torch.manual_seed(seed)
    similarity = params.similarity
    if similarity.encoder.kind == "sample_cnn":
        return SampleCNN(similarity.encoder.channels, similarity.encoder.embedding_dim)
    try:
        return MelInception(params.waves.sample_rate, **similarity.inception.model_dump())
    except ValueError as error:
        raise UserError(f"params.yaml: similarity.inception: {error}") from None


def build_augmentation(params: Params) -> AugmentationChain:
    """The chain that params.augmentation describes.

    Raises:
        UserError: a setting is out of the range that the sample rate allows.
    """
    try:
        return AugmentationChain(params.augmentation, params.waves.sample_rate)
    except ValueError as error:
        raise UserError(f"params.yaml: augmentation: {error}") from None


def build_objective(
    params: Params,
    encoder: AudioEncoder,
    n_tags: int,
    *,
    metric: float,
    contrastive: float,
    augment: bool,
    freeze: bool = False,
) -> MetricLearning:
    """The objective around `encoder`; see `MetricLearning`."""
    return MetricLearning(
        encoder,
        n_tags,
        params.similarity.projection_dim,
        params.similarity.temperature,
        metric=metric,
        contrastive=contrastive,
        augment=build_augmentation(params) if augment else None,
        freeze=freeze,
    )


def train(
    stage: str,
    module: MetricLearning,
    training: Excerpts,
    validation: Excerpts,
    schedule: Pretrain | Finetune,
    params: Params,
    inputs: list[Path],
    code: Path,
    curves: Path,
) -> tuple[Progress, Path]:
    """Train `module` with two excerpts a track, and leave it with the weights of its best validation loss.

    Args:
        stage: pretrain, balance or finetune.
        inputs: the files that the run depends on.
        code: the script that runs it.
        curves: the folder for its curves.

    Returns:
        how it went, and the checkpoint, to be removed once the results are safe.
    """
    sections = {"waves", "similarity", "augmentation", "pretrain", "finetune", "precision"}
    checkpoint = checkpoint_path(stage, params.model_dump(include=sections, mode="json"), inputs, code)
    finetune = schedule if isinstance(schedule, Finetune) else None
    progress = fit_on_crops(
        module,
        training,
        validation,
        stage="finetune" if finetune else "pretrain",
        crop_frames=module.encoder.crop_frames,
        n_views=2,
        schedule=schedule,
        machine=params.machine,
        precision=params.precision,
        checkpoint=checkpoint,
        curves_folder=curves,
        weight_decay=finetune.weight_decay if finetune else 0.0,
        reduce_after=finetune.reduce_after if finetune else None,
        suspects=_suspects(module, params, finetune),
    )
    return progress, checkpoint


def _suspects(module: MetricLearning, params: Params, finetune: Finetune | None) -> list[str]:
    """The params that can, before any step of training, make a loss of `module` infinite."""
    found = []
    contrastive = module.weights["contrastive"]
    if finetune and contrastive:
        found.append(f"finetune.alpha / finetune.r ({contrastive:g})")
    if contrastive:
        found.append(f"similarity.temperature ({params.similarity.temperature:g})")
    if module.augment is not None:
        found.append("the ranges in augmentation")
    return found
