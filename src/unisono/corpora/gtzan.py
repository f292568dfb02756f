"""GTZAN (Tzanetakis and Cook 2002): 30 s clips of ten genres, in the fault-filtered split of Kereliuk et al. 2015.

genres/<genre>/<genre>.NNNNN.wav (or .au); <genre>/ may lie in the root too
train_filtered.txt, valid_filtered.txt, test_filtered.txt    lines of <genre>/<genre>.NNNNN.wav
"""

import re
from pathlib import Path, PurePosixPath

from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import (
    labels_table,
    read_text,
    refuse_duplicates,
    rejects_table,
    require_files,
    require_folder,
    tracks_table,
)
from unisono.errors import UserError

LISTS = {"train": "train_filtered.txt", "validation": "valid_filtered.txt", "test": "test_filtered.txt"}
TASK = "genre"


def read(root: Path) -> Catalogue:
    """Read the listed clips; a track's id is its file's name without suffix, its label the genre.

    Raises:
        UserError: a list is missing or malformed, names a clip twice, two genres have a file of one name, or no listed
            clip is there.
    """
    require_folder(root, "GTZAN (genres/<genre>/*.wav and the three *_filtered.txt lists)")
    require_files(root, LISTS.values())
    split_of = read_lists(root)
    refuse_duplicates(
        root / "*_filtered.txt", (PurePosixPath(clip).name for clip in split_of), "file names (of several genres)"
    )
    folder = root / "genres" if (root / "genres").is_dir() else root
    audio = {
        f"{path.parent.name}/{path.stem}": path.relative_to(root).as_posix()
        for path in sorted(folder.glob("*/*"), reverse=True)
        if path.suffix in (".wav", ".au")
    }
    found = [clip for clip in split_of if clip in audio]
    if not found:
        raise UserError(
            f"{folder}: holds none of the {len(split_of)} clips of the lists, e.g. {next(iter(split_of))}.wav;"
            " put the genre folders there, or set corpora.*.root in params.yaml to the right folder"
        )
    track_ids = {clip: PurePosixPath(clip).name for clip in split_of}
    genres = {clip: [PurePosixPath(clip).parent.name] for clip in split_of}
    return Catalogue(
        root=root,
        tracks=tracks_table(
            [track_ids[clip] for clip in found], [genres[clip] for clip in found], [audio[clip] for clip in found]
        ),
        labels=labels_table([(track_ids[clip], TASK, genres[clip], split_of[clip]) for clip in found]),
        rejects=rejects_table(
            [(track_ids[clip], f"{clip}.wav", "missing file") for clip in split_of if clip not in audio]
        ),
        counts={"unlisted_files": len(audio) - len(found)},
    )


def read_lists(folder: Path) -> dict[str, str]:
    """The split of each listed clip: {"<genre>/<genre>.NNNNN": train | validation | test}.

    Raises:
        UserError: a line is not `<genre>/<file>`, a clip is listed twice, or none is listed for training or for test.
    """
    listed = [(clip, split) for split, name in LISTS.items() for clip in _read_list(folder / name)]
    for split in ("train", "test"):
        if not any(found == split for _, found in listed):
            raise UserError(f"{folder / LISTS[split]}: lists no clip; download it again")
    refuse_duplicates(folder / "*_filtered.txt", (clip for clip, _ in listed), "clips")
    return dict(listed)


def _read_list(path: Path) -> list[str]:
    lines = [line.strip() for line in read_text(path).splitlines()]
    clips = [line.removesuffix(".wav").removesuffix(".au") for line in lines]
    for number, (line, clip) in enumerate(zip(lines, clips, strict=True), start=1):
        if line and not re.fullmatch("[^/]+/[^/]+", clip):
            raise UserError(f"{path}: line {number} is {line[:100]!r}, expected <genre>/<genre>.NNNNN.wav")
    return [clip for clip in clips if clip]
