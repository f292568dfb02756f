"""The first system: factors, genre vectors, encoders, losses, training."""

from typing import Annotated, Literal

from pydantic import model_validator

from unisono.params.section import (
    Between,
    Dropout,
    Entries,
    Epochs,
    LearningRate,
    Schedule,
    Section,
    Seed,
    Temperature,
    Weight,
    Width,
)


class CF(Section):
    model: Literal["warp", "bpr", "als"]
    dim: Width
    epochs: Epochs
    learning_rate: LearningRate
    max_sampled: Annotated[int, Between(1, 1000)]
    batch_size: Annotated[int, Between(1, 1_000_000)]
    holdout: Annotated[float, Between(0, 0.99)]
    count_power: Annotated[float, Between(0, 2)] = 0.0
    seed: Seed

    @model_validator(mode="after")
    def model_knows_weights(self) -> "CF":
        if self.model == "bpr" and self.count_power:
            raise ValueError(
                f"count_power is {self.count_power:g}, but model bpr knows no weights; set it to 0, or model to warp or"
                " als"
            )
        return self


class NameVectors(Section):
    """Word2Vec over the names that songs have together."""

    dim: Width
    epochs: Epochs
    seed: Seed


class WordVectors(NameVectors):
    least: Annotated[int, Between(1, 1_000_000)]


class Encoder(Section):
    """The audio encoder, and what the other modalities' encoders share with it.

    Attributes:
        channels: of a mel_cnn; other kinds have none.
    """

    kind: Literal["mel_cnn", "vectors"] = "mel_cnn"
    channels: Annotated[list[Width], Entries(7, 7, "the output channels of each block")] | None = None
    hidden: Width
    embedding_dim: Width
    dropout: Dropout
    genre_heads: Width


class Loss(Section):
    temperature: Temperature
    lambda_a2g: Weight
    lambda_a2p: Weight
    lambda_g2p: Weight
    lambda_a2a: Weight
    # A Loss of before these were there, as of a model that is shared, has none of them.
    lambda_a2t: Weight = 0.0
    lambda_g2t: Weight = 0.0
    lambda_p2t: Weight = 0.0
    lambda_a2r: Weight = 0.0


class Train(Schedule):
    epochs: Epochs
    objective: Literal["contrastive", "prediction"]
    crop_frames: Annotated[int, Between(1, 8192)]
    mask_frames: Annotated[int, Between(0, 8192)]
    mask_bands: Annotated[int, Between(0, 1024)]
    genres_per_track: Annotated[int, Between(1, 1000)]
    weight_decay: Weight


class Embedding(Section):
    layer: Literal["projection", "backbone"]
