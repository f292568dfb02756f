"""The second system: its encoder, augmentation, pre-training and fine-tuning."""

from typing import Annotated, Literal

from pydantic import model_validator

from unisono.params.section import (
    Between,
    Entries,
    Epochs,
    FFTSize,
    HopLength,
    Schedule,
    Section,
    Share,
    Temperature,
    Weight,
    Width,
)

EXCERPT_HOPS = 128  # of the inception network's excerpts


class SimilarityEncoder(Section):
    kind: Literal["sample_cnn", "inception"]
    channels: Annotated[list[Width], Entries(5, 12, "each makes the excerpt three times as long, 3 ** entries samples")]
    embedding_dim: Width


class Inception(Section):
    """The baseline's mel spectrogram, and its widths."""

    n_fft: FFTSize
    hop_length: HopLength
    n_mels: Annotated[int, Between(2, 1024)]
    channels: Width
    embedding_dim: Width

    @model_validator(mode="after")
    def excerpt_fills_a_frame(self) -> "Inception":
        if self.channels % 4:
            raise ValueError(f"channels is {self.channels}, expected a multiple of 4: a module has four branches")
        if self.n_fft >= 2 * EXCERPT_HOPS * self.hop_length:
            raise ValueError(
                f"n_fft is {self.n_fft}, expected less than twice the excerpt, which is {EXCERPT_HOPS} times the"
                f" hop_length of {self.hop_length}; raise hop_length, or lower n_fft"
            )
        return self


class Similarity(Section):
    """The second system: what it learns from, and with which encoder."""

    labels: str
    encoder: SimilarityEncoder
    inception: Inception
    projection_dim: Width
    temperature: Temperature


class Band(Section):
    """A range to draw from, from `low` to `high`."""

    low: Annotated[float, Between(-1_000_000, 1_000_000)]
    high: Annotated[float, Between(-1_000_000, 1_000_000)]

    @model_validator(mode="after")
    def in_order(self) -> "Band":
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g} and high is {self.high:g}; expected low <= high")
        return self


# Cutoffs have to fit the sample rate too, which the augmentation itself checks.
POSSIBLE = {
    "noise_snr": (-100, 200, "dB"),
    "gain_range": (-100, 40, "dB"),
    "high_pass": (0, 96_000, "Hz"),
    "low_pass": (0, 96_000, "Hz"),
    "delay_range": (0, 10_000, "ms"),
    "pitch_range": (-24, 24, "semitones"),
    "reverb_range": (0, 100, "%"),
}


class Augmentation(Section):
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
    delay_step: Annotated[int, Between(1, 10_000)]  # ms
    delay_volume: Share
    pitch: Share
    pitch_range: Band  # semitones
    reverb: Share
    reverb_range: Band  # per cent of room size, reverberation and damping

    @model_validator(mode="after")
    def ranges_are_possible(self) -> "Augmentation":
        for name, (low, high, unit) in POSSIBLE.items():
            band = getattr(self, name)
            if band.low < low or band.high > high:
                raise ValueError(
                    f"{name} is {band.low:g} to {band.high:g} {unit}, expected within {low:g} to {high:g} {unit}"
                )
        return self


class Pretrain(Schedule):
    """The self-supervised loss alone; with no epochs the encoder stays as it was drawn."""


class Finetune(Schedule):
    epochs: Epochs
    augment: bool
    contrastive: bool
    load_pretrained: bool
    freeze: bool
    alpha: Annotated[float, Between(1e-6, 1000)]
    r: Annotated[float | Literal["auto"], Between(0.001, 1000, "auto")]
    label_fraction: Share
    reduce_after: Epochs
    weight_decay: Weight

    @model_validator(mode="after")
    def has_something_to_learn_from(self) -> "Finetune":
        if self.label_fraction == 0 and not self.contrastive:
            raise ValueError(
                "label_fraction is 0 and contrastive is false, so there is nothing to learn from;"
                " raise label_fraction, or set contrastive to true"
            )
        return self
