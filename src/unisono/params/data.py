"""What runs on which corpora and on which machine; corpora, their front ends, and the split of the catalogue."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import field_validator, model_validator

from unisono.params.mels import SLANEY, refuse_empty_bands
from unisono.params.section import Between, Entries, FFTSize, HopLength, SampleRate, Section, Seed, Share, Width

OneCorpus = Annotated[list[str], Entries(0, 1, "the corpus to learn from, or none")]


class Systems(Section):
    """What runs: each system on the corpus that it learns from, if any, and the corpora that the first one embeds."""

    alignment: OneCorpus
    metric_learning: OneCorpus
    embed: Annotated[list[str], Entries(0, 1000, "the corpora to embed", different=True)]


class Machine(Section):
    """What changes no result beyond its last digits, and is therefore declared by no stage."""

    device: Literal["auto", "cpu", "cuda"]
    workers: Annotated[int, Between(1, 256)]
    loaders: Annotated[int, Between(0, 256)]
    export_batch: Annotated[int, Between(1, 100_000)]


class Sample(Section):
    """The simulated corpora; with none of them the rest says nothing and may be left out."""

    corpora: Annotated[
        list[Literal["melon", "gtzan", "jamendo", "magnatagatune"]],
        Entries(0, 4, "the corpora to simulate", different=True),
    ]
    seed: Seed = 0
    songs: Annotated[int, Between(200, 100_000)] = 2400
    playlists: Annotated[int, Between(50, 100_000)] = 550
    gtzan_tracks: Annotated[int, Between(60, 100_000)] = 400
    jamendo_tracks: Annotated[int, Between(60, 100_000)] = 240
    magnatagatune_clips: Annotated[int, Between(60, 100_000)] = 480
    seconds: Annotated[float, Between(5, 30)] = 8.5

    @model_validator(mode="after")
    def is_complete_or_empty(self) -> "Sample":
        missing = [name for name in type(self).model_fields if name not in self.model_fields_set]
        if self.corpora and missing:
            raise ValueError(f"{', '.join(missing)} missing; see the commented params.yaml of the repository")
        return self


class CorpusParams(Section):
    format: Literal["melon", "folder", "vectors", "gtzan", "jamendo", "magnatagatune"]
    root: Path

    @field_validator("root", mode="before")
    @classmethod
    def names_a_folder(cls, root: object) -> object:
        if not isinstance(root, str | Path) or not str(root).strip() or "\0" in str(root):
            raise ValueError("expected the path of a folder")
        return root


class Mel(Section):
    sample_rate: SampleRate
    n_fft: FFTSize
    hop_length: HopLength
    n_mels: Annotated[int, Between(32, 1024)]  # the encoder's pooling leaves nothing of fewer than 32

    @model_validator(mode="after")
    def hears_everything(self) -> "Mel":
        if self.hop_length > self.n_fft:
            raise ValueError(
                f"hop_length is {self.hop_length} and n_fft is {self.n_fft}, so samples between two frames would be"
                " skipped; expected hop_length <= n_fft"
            )
        refuse_empty_bands(SLANEY, self.sample_rate, self.n_fft, self.n_mels)
        return self

    @property
    def n_bands(self) -> int:
        return self.n_mels


class Waves(Section):
    sample_rate: SampleRate

    @property
    def n_bands(self) -> int:
        return 1


class Vectors(Section):
    """Embeddings that somebody else's model made, as frames of `dim` bands.

    Attributes:
        licence: of that model's weights, for the report; may be empty.
    """

    dim: Width
    licence: str

    @property
    def n_bands(self) -> int:
        return self.dim


class Pack(Section):
    max_frames: Annotated[int | None, Between(1, 100_000_000, "null")]
    max_reject_share: Share


class Split(Section):
    by: Literal["track", "artist", "time"] = "track"
    validation: Share
    test: Share
    held_out: Annotated[float, Between(0, 0.9)] = 0.0
    seed: Seed
    folds: Annotated[int, Between(0, 100)] = 0
    fold: Annotated[int, Between(0, 99)] = 0

    @property
    def test_share(self) -> float:
        """The share of the tracks in the test part."""
        return 1 / self.folds if self.folds else self.test

    @model_validator(mode="after")
    def every_part_has_a_share(self) -> "Split":
        if self.validation + self.test_share >= 1:
            test = "1 / folds" if self.folds else "test"
            raise ValueError(
                f"validation + {test} is {self.validation + self.test_share:g}, which leaves nothing to train on"
            )
        for part in ("validation", "test"):
            if getattr(self, part) == 0:
                raise ValueError(f"{part} is 0, which leaves nothing for it; expected a share above 0, such as 0.1")
        if self.by == "time" and self.folds:
            raise ValueError(f"by is time and folds is {self.folds}; time has one end: set folds to 0, or by to track")
        if self.fold >= max(self.folds, 1):
            raise ValueError(f"fold is {self.fold} and folds is {self.folds}; expected a fold below folds, or 0 and 0")
        return self
