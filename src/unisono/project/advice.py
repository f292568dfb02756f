"""What the pipeline does with a corpus of each format, and what params.yaml has to say for it."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unisono.params import Mel

# As in params/*.yaml, which an installed package does not have; a test compares them.
MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
MAX_REJECT_SHARE = 0.05
LEAST_TRACKS = 40  # a tenth of them are 4, the fewest that the picture of the similarity space shows


@dataclass(frozen=True)
class Use:
    """How a file of params/ uses a format.

    Attributes:
        file: of params.
        corpus: its name there.
        workers: processes that pack.
        waves: the sample rate in Hz of the waveforms that the second system learns from; None where it does not.
        does: what happens to it.
    """

    file: str
    corpus: str
    workers: int
    waves: int | None
    does: str


USES = {
    "melon": Use(
        "params/melon.yaml",
        "catalogue",
        8,
        None,
        "the first system learns from its mels, genres and playlists; the second needs audio, which it does not have."
        " The file names GTZAN and MTG-Jamendo as well: remove what you do not have",
    ),
    "gtzan": Use(
        "params/melon.yaml", "gtzan", 8, None, "embeddings are judged by how well a probe tells its genres from them"
    ),
    "jamendo": Use(
        "params/melon.yaml",
        "jamendo",
        8,
        22050,
        "the second system learns from its audio and tags, and embeddings are judged by them",
    ),
    "magnatagatune": Use(
        "params/magnatagatune.yaml",
        "catalogue",
        8,
        22050,
        "the second system learns from its audio and tags, the first from its audio alone, and both are judged by its"
        " tags",
    ),
    "folder": Use("params/folder.yaml", "catalogue", 2, 7350, "both systems learn from its audio"),
    "vectors": Use("params/vectors.yaml", "catalogue", 2, None, "the first system learns from its vectors"),
}
OWN = ("folder", "vectors")  # what users bring of their own
# Tasks of params/folder.yaml.
OF_GENRES, OF_PLAYLISTS, OF_EITHER = ["tags", "retrieval", "autotagging"], ["playlists"], ["crossmodal"]


def params_for(
    format: str, root: Path, genres: Sequence[Sequence[str]], playlists: int, dim: int = 0
) -> tuple[dict[str, Any], list[str]]:
    """The keys of params.yaml to set for a corpus, and the tasks that are left out of its evaluation.

    Args:
        format: the corpus's format.
        root: its folder.
        genres: of each track.
        playlists: how many there are.
        dim: how many numbers its vectors have, if it has vectors.
    """
    to_set: dict[str, Any] = {f"corpora.{USES[format].corpus}.root": os.path.abspath(root)}  # noqa: PTH100 (follows no links)
    if format not in OWN:
        return to_set, []
    if dim:
        to_set["vectors.dim"] = dim
    left_out = []
    if any(genres):
        to_set["report.tag_pair"] = tag_pair(genres)
    else:
        to_set |= {"loss.lambda_a2g": 0, "loss.lambda_g2p": 0, "finetune.label_fraction": 0}
        left_out += OF_GENRES
    if not playlists:
        to_set |= {"loss.lambda_a2p": 0, "loss.lambda_g2p": 0}
        left_out += OF_PLAYLISTS
    if not any(genres) and not playlists:
        to_set["loss.lambda_a2a"] = 1
        left_out += OF_EITHER
    return to_set, left_out


def tag_pair(genres: Sequence[Sequence[str]]) -> list[str]:
    """The two genres that colour most tracks: the most frequent, and the most frequent of tracks without it."""
    counts = Counter(name for names in genres for name in names)
    first = min(counts, key=lambda name: (-counts[name], name))
    alone = Counter(name for names in genres if first not in names for name in names)
    others = sorted((counts.keys() - {first}), key=lambda name: (-alone[name], -counts[name], name))
    return [first, *others[:1]]
