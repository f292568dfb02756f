"""The first system: factors, genre vectors, encoders, losses, training."""

from typing import Annotated, Literal

from pydantic import Field

from unisono.params.room import Positive, Rate, Room, Schedule, Weight


class CF(Room):
    model: Literal["warp", "bpr", "als"]
    dim: Positive
    epochs: Positive
    learning_rate: Rate
    max_sampled: Positive
    batch_size: Positive
    holdout: Annotated[float, Field(ge=0, lt=1)]
    seed: int
    device: Literal["auto", "cpu", "cuda"]


class Genres(Room):
    dim: Positive
    epochs: Positive
    max_per_track: Positive
    seed: int


class Encoder(Room):
    channels: list[Positive]
    hidden: Positive
    embedding_dim: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]
    genre_heads: Positive


class Loss(Room):
    temperature: Rate
    lambda_a2g: Weight
    lambda_a2p: Weight
    lambda_g2p: Weight
    lambda_a2a: Weight


class Train(Schedule):
    epochs: Positive
    objective: Literal["contrastive", "prediction"]
    crop_frames: Positive
    mask_frames: Annotated[int, Field(ge=0)]
    mask_bands: Annotated[int, Field(ge=0)]
    weight_decay: Weight
    workers: Annotated[int, Field(ge=0)]
    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "fp32", "bf16"]


class Embedding(Room):
    layer: Literal["projection", "backbone"]
    batch_size: Positive
