"""Corpora, their front ends, and the split of the catalogue."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import field_validator, model_validator

from unisono.params.mels import SLANEY, refuse_empty_bands
from unisono.params.room import Between, Entries, FFTSize, HopLength, Room, SampleRate, Seed, Share


class Sample(Room):
    corpora: Annotated[
        list[Literal["melon", "gtzan", "jamendo", "magnatagatune"]],
        Entries(0, 4, "the corpora to simulate", different=True),
    ]
    seed: Seed
    songs: Annotated[int, Between(200, 100_000)]
    playlists: Annotated[int, Between(50, 100_000)]
    gtzan_tracks: Annotated[int, Between(60, 100_000)]
    jamendo_tracks: Annotated[int, Between(60, 100_000)]
    magnatagatune_clips: Annotated[int, Between(60, 100_000)]
    seconds: Annotated[float, Between(5, 30)]


class CorpusParams(Room):
    format: Literal["melon", "folder", "gtzan", "jamendo", "magnatagatune"]
    root: Path

    @field_validator("root", mode="before")
    @classmethod
    def names_a_folder(cls, root: object) -> object:
        if not isinstance(root, str | Path) or not str(root).strip() or "\0" in str(root):
            raise ValueError("expected the path of a folder")
        return root


class Mel(Room):
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


class Waves(Room):
    sample_rate: SampleRate


class Pack(Room):
    workers: Annotated[int, Between(1, 256)]
    max_frames: Annotated[int | None, Between(1, 100_000_000, "null")]
    max_reject_share: Share


class Split(Room):
    validation: Share
    test: Share
    seed: Seed

    @model_validator(mode="after")
    def every_part_has_a_share(self) -> "Split":
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test is {self.validation + self.test:g}, which leaves nothing to train on")
        for part in ("validation", "test"):
            if getattr(self, part) == 0:
                raise ValueError(f"{part} is 0, which leaves nothing for it; expected a share above 0, such as 0.1")
        return self
