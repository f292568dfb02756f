"""The second system: its encoder, augmentation, pre-training and fine-tuning."""

from typing import Literal

from pydantic import model_validator

from unisono.params.room import Positive, Rate, Room, Schedule, Share, Weight


class SimilarityEncoder(Room):
    kind: Literal["sample_cnn", "inception"]
    channels: list[Positive]
    embedding_dim: Positive


class Inception(Room):
    """The baseline's mel spectrogram, and its widths."""

    n_fft: Positive
    hop_length: Positive
    n_mels: Positive
    channels: Positive
    embedding_dim: Positive


class Similarity(Room):
    """The second system: what it learns from, and with which encoder."""

    corpus: str
    labels: str
    encoder: SimilarityEncoder
    inception: Inception
    projection_dim: Positive
    temperature: Rate


class Band(Room):
    """A range to draw from, from `low` to `high`."""

    low: float
    high: float

    @model_validator(mode="after")
    def in_order(self) -> "Band":
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g} and high is {self.high:g}; expected low <= high")
        return self


class Augmentation(Room):
    """Each operation's probability, and the range that its strength is drawn from."""

    polarity: Share
    noise: Share
    noise_snr: Band  # dB
    gain: Share
    gain_range: Band  # dB
    filter: Share
    high_pass: Band  # Hz
    low_pass: Band  # Hz
    delay: Share
    delay_range: Band  # ms
    delay_step: Positive  # ms
    delay_volume: Share
    pitch: Share
    pitch_range: Band  # semitones
    reverb: Share
    reverb_range: Band  # per cent of room size, reverberation and damping


class Pretrain(Schedule):
    """The self-supervised loss alone; with no epochs the encoder stays as it was drawn."""


class Finetune(Schedule):
    epochs: Positive
    augment: bool
    contrastive: bool
    load_pretrained: bool
    freeze: bool
    alpha: Rate
    r: Rate | Literal["auto"]
    label_fraction: Share
    reduce_after: Positive
    weight_decay: Weight

    @model_validator(mode="after")
    def has_something_to_learn_from(self) -> "Finetune":
        if self.label_fraction == 0 and not self.contrastive:
            raise ValueError(
                "label_fraction is 0 and contrastive is false, so there is nothing to learn from;"
                " raise label_fraction, or set contrastive to true"
            )
        return self
