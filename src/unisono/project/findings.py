"""What `check` finds out about a corpus."""

from dataclasses import dataclass, field
from typing import Any

from unisono.project.listening import Heard


@dataclass(frozen=True)
class Rejects:
    """Tracks that cannot be used for one reason.

    Attributes:
        tracks: how many.
        examples: a few of them.
        folders: folders of which no track can be used.
    """

    reason: str
    tracks: int
    examples: list[str]
    folders: list[str]


@dataclass(frozen=True)
class Packing:
    """What packing takes, reckoned from the tracks that were read.

    Attributes:
        hours: of music.
        seconds: until it is packed as mels, by `workers` processes.
        mel_bytes, wave_bytes: what its mels, and the waveforms for the second system, take on the disk.
        free_bytes: what is free where the command runs.
    """

    hours: float
    seconds: float
    workers: int
    mel_bytes: int
    wave_bytes: int
    free_bytes: int

    @property
    def needed_bytes(self) -> int:
        return self.mel_bytes + self.wave_bytes


@dataclass
class Check:
    """What was found.

    Attributes:
        root, format: the corpus; the format is empty where none was recognised.
        because: what tells the format.
        stops: why it cannot be used as it is; empty if it can.
        problems: what is worth mending all the same.
        unchecked: what was not looked at.
        tracks: how many are listed.
        usable: how many of them have a file, which need not be sound.
        have: how many tracks have a genre, title, artist, album.
        artists: how many there are.
        genres: {genre: tracks}, the most frequent first.
        playlists, entries: how many, and the tracks that they name in all.
        labels: {set of labels: {tracks, tags, train, validation, test}}.
        counts: what else the format's reader has counted.
        rejects: what cannot be used, as far as names and sizes tell.
        heard: the tracks that were read.
        packing: None if none of them could be used.
        to_set: keys of params.yaml.
        left_out: tasks of its evaluation that are left out.
    """

    root: str
    format: str = ""
    because: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    tracks: int = 0
    usable: int = 0
    have: dict[str, int] = field(default_factory=dict)
    artists: int = 0
    genres: dict[str, int] = field(default_factory=dict)
    playlists: int = 0
    entries: int = 0
    labels: dict[str, dict[str, int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    rejects: list[Rejects] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)
    packing: Packing | None = None
    to_set: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
