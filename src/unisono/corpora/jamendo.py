"""MTG-Jamendo (Bogdanov et al. 2019): Creative Commons music with tags in several categories, split-0.

    audio/NN/ID.mp3 (full quality) or audio/NN/ID.low.mp3; NN/ may lie in the root too
    data/splits/split-0/autotagging_{genre,instrument,moodtheme}-{train,validation,test}.tsv, also top50tags

The lists are tab-separated with CRLF ends; everything after column 5 is a tag `category---name`. CC BY-NC-SA 4.0.
"""

import os
import re
from pathlib import Path

import pandas as pd

from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import (
    labels_table,
    read_text,
    refuse_duplicates,
    rejects_table,
    require_folder,
    tracks_table,
)
from unisono.errors import UserError

TASKS = {"genre": "genre", "mood": "moodtheme", "instrument": "instrument"}
OPTIONAL_TASKS = {"top50": "top50tags"}
SPLITS = ("train", "validation", "test")
COLUMNS = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
LIST_FOLDERS = ("data/splits/split-0", "splits/split-0", ".")


def read(root: Path) -> Catalogue:
    """Read the listed tracks of all categories; each category is a task with its own split.

    A track's `genres` are its tags of the genre category. Listed tracks without a file are rejects.

    Raises:
        UserError: a list is missing or malformed, or no listed track is there.
    """
    require_folder(root, "MTG-Jamendo (audio/NN/ID.mp3 and data/splits/split-0/*.tsv)")
    folder = _list_folder(root)
    listed = read_lists(folder)
    if listed.empty:
        raise UserError(f"{folder}: the lists {_list_name('*', '*')} name no track; download them again")
    audio = _audio_files(root)
    path_of = dict(zip(listed["track_id"], listed["path"], strict=True))
    found = {track: audio[_stem(path)] for track, path in path_of.items() if _stem(path) in audio}
    if not found:
        raise UserError(
            f"{root}: holds none of the {len(path_of)} tracks of the lists, e.g. audio/{next(iter(path_of.values()))};"
            " put the audio there, or set corpora.*.root in params.yaml to the right folder"
        )
    labels = listed[listed["track_id"].isin(found.keys())]
    genre = labels[labels["task"] == "genre"]
    genres_of = dict(zip(genre["track_id"], genre["tags"], strict=True))
    return Catalogue(
        root=root,
        tracks=tracks_table(list(found), [genres_of.get(track, []) for track in found], list(found.values())),
        labels=labels.drop(columns="path").reset_index(drop=True),
        rejects=rejects_table([(track, path, "missing file") for track, path in path_of.items() if track not in found]),
        counts={"unlisted_files": len(audio) - len(found)},
    )


def read_lists(folder: Path) -> pd.DataFrame:
    """All lists of a split: columns track_id, task, tags, split, path (as listed).

    Raises:
        UserError: a list is missing or malformed, a track is twice in one task, or tracks and paths do not go together.
    """
    optional = {task: name for task, name in OPTIONAL_TASKS.items() if (folder / _list_name(name, "train")).exists()}
    tables = []
    for task, name in (TASKS | optional).items():
        parts = [_read_list(folder / _list_name(name, split), task, split) for split in SPLITS]
        tables.append(pd.concat(parts, ignore_index=True))
        refuse_duplicates(folder / _list_name(name, "*"), tables[-1]["track_id"])
    listed = pd.concat(tables, ignore_index=True)
    paths = listed[["track_id", "path"]].drop_duplicates()
    refuse_duplicates(folder / _list_name("*", "*"), paths["track_id"], "ids (each time with another path)")
    refuse_duplicates(folder / _list_name("*", "*"), paths["path"], "paths (each time with another id)")
    return listed


def _list_name(name: str, split: str) -> str:
    return f"autotagging_{name}-{split}.tsv"


def _list_folder(root: Path) -> Path:
    for name in LIST_FOLDERS:
        if os.path.lexists(root / name / _list_name("genre", "train")):
            return root / name
    raise UserError(
        f"{root}: has no {_list_name('genre', 'train')} in {', '.join(LIST_FOLDERS)};"
        " copy data/splits/split-0 of the MTG-Jamendo repository there"
    )


def _read_list(path: Path, task: str, split: str) -> pd.DataFrame:
    header, *lines = read_text(path).replace("\r\n", "\n").removesuffix("\n").split("\n")
    if header.split("\t") != COLUMNS:
        raise UserError(f"{path}: the header is {header!r}, expected the tab-separated columns {' '.join(COLUMNS)}")
    labels, paths = [], []
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        tags = cells[5:]
        if not tags or not all(re.fullmatch(r".*\S.*---.*\S.*", tag) for tag in tags):
            raise UserError(
                f"{path}: line {number} is {line[:200]!r}, expected 5 columns and then tags category---name"
            )
        if not cells[0].strip() or not cells[3].strip():
            raise UserError(f"{path}: line {number} has an empty TRACK_ID or PATH; fill it in, or remove the line")
        labels.append((cells[0], task, tags, split))
        paths.append(cells[3])
    return labels_table(labels).assign(path=pd.Series(paths, dtype="str"))


def _audio_files(root: Path) -> dict[str, str]:
    """Audio by "NN/ID"; full quality wins over low quality."""
    folder = root / "audio" if (root / "audio").is_dir() else root
    files = sorted(folder.glob("*/*.mp3"), key=lambda path: path.name.endswith(".low.mp3"), reverse=True)
    return {_stem(path.relative_to(folder).as_posix()): path.relative_to(root).as_posix() for path in files}


def _stem(path: str) -> str:
    return path.removesuffix(".mp3").removesuffix(".low")
