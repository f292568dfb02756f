"""What the writers share: jobs for worker processes, JSON whose bytes are fixed, the ground truth."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unisono.sample.vocabulary import GENRES, INSTRUMENTS, MOODS
from unisono.sample.world import Track

DRUMS = ("none", "kit", "machine")


@dataclass(frozen=True)
class Plan:
    """A corpus whose lists are written and whose audio is still to be made.

    Attributes:
        facts: the corpus's part of manifest.json: counts and planted faults.
        truth: the latents of the tracks by their id.
        jobs: independent, picklable calls; each writes files of its own, so that their order does not matter.
    """

    facts: dict[str, Any]
    truth: dict[str, Track]
    jobs: list[Callable[[], None]] = field(default_factory=list)


def write_json(path: Path, content: Any) -> None:
    """Write JSON as Kakao Arena does, unescaped UTF-8, with sorted keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def write_truth(path: Path, truth: dict[str, Track]) -> None:
    """Write what the tracks really are, for whoever wants to know what an embedding has understood."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("track_id", "artist", "genre", "detail_genre", "mood", "lead", "backing", "drums", "bass"))
        for track_id, track in truth.items():
            genre = GENRES[track.genre]
            sound = (INSTRUMENTS[track.lead].name, INSTRUMENTS[track.backing].name, DRUMS[track.drums], int(track.bass))
            detail = genre.details[track.detail].name
            writer.writerow((track_id, track.artist, genre.name, detail, MOODS[track.mood].name, *sound))
