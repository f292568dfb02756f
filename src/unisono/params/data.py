"""Corpora, their front ends, and the split of the catalogue."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from unisono.params.room import Positive, Room, Share


class Sample(Room):
    corpora: list[Literal["melon", "gtzan", "jamendo", "magnatagatune"]]
    seed: int
    songs: Annotated[int, Field(ge=200)]
    playlists: Annotated[int, Field(ge=50)]
    gtzan_tracks: Annotated[int, Field(ge=60)]
    jamendo_tracks: Annotated[int, Field(ge=60)]
    magnatagatune_clips: Annotated[int, Field(ge=60)]
    seconds: Annotated[float, Field(ge=5, le=30)]


class CorpusParams(Room):
    format: Literal["melon", "folder", "gtzan", "jamendo", "magnatagatune"]
    root: Path


class Mel(Room):
    sample_rate: Positive
    n_fft: Positive
    hop_length: Positive
    n_mels: Positive


class Waves(Room):
    sample_rate: Positive


class Pack(Room):
    workers: Positive
    max_frames: Positive | None
    max_reject_share: Share


class Split(Room):
    validation: Share
    test: Share
    seed: int

    @model_validator(mode="after")
    def leaves_something_to_train_on(self) -> "Split":
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test is {self.validation + self.test:g}, which leaves nothing to train on")
        return self
