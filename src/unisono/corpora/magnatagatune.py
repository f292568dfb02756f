"""MagnaTagATune (Law et al. 2009): 29 s clips with the tags on which players of the game TagATune agreed.

    annotations_final.csv      tab-separated, quoted: clip_id, 188 tags as 0 or 1, mp3_path
    0/ 1/ ... f/               <artist>-<album>-<track>-<title>-<start>-<end>.mp3

The folders are the usual split: 0-b train, c validation, d-f test (Pons et al. 2017). Albums lie in one folder each;
artists may not. CC BY-NC-SA.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import (
    labels_table,
    read_csv,
    refuse_duplicates,
    rejects_table,
    require_files,
    require_folder,
    tracks_table,
)
from unisono.errors import UserError

ANNOTATIONS = "annotations_final.csv"
ID, PATH = "clip_id", "mp3_path"
SPLIT_OF_FOLDER = dict.fromkeys("0123456789ab", "train") | {"c": "validation"} | dict.fromkeys("def", "test")
ALL, TAGGED = "pons2017", "tagged"  # the tasks: all clips, and only those with one of the frequent tags
N_TAGS = 50


def read(root: Path) -> Catalogue:
    """Read the annotated clips; a track's id is its clip_id, and it has no genres.

    There are two tasks, both with the split by folder and with the `frequent_tags` of each clip, most frequent first:
    "pons2017" has all clips, those without a tag included, "tagged" leaves these out. Clips without a file are rejects.

    Raises:
        UserError: the annotations are missing or malformed, name a clip twice, or no annotated clip is there.
    """
    require_folder(root, f"MagnaTagATune ({ANNOTATIONS} and the folders 0 to f)")
    require_files(root, [ANNOTATIONS])
    annotations = read_annotations(root / ANNOTATIONS)
    path_of: dict[str, str] = dict(zip(annotations[ID], annotations[PATH], strict=True))
    audio = {path.relative_to(root).as_posix() for f in SPLIT_OF_FOLDER for path in (root / f).glob("*.mp3")}
    found = [clip for clip, path in path_of.items() if path in audio]
    if not found:
        raise UserError(
            f"{root}: holds none of the {len(path_of)} clips of {ANNOTATIONS}, e.g. {next(iter(path_of.values()))};"
            " put the folders 0 to f there, or set corpora.*.root in params.yaml to the right folder"
        )
    tags_of = dict(zip(annotations[ID], _tags_of_rows(annotations), strict=True))
    labels = [(clip, ALL, tags_of[clip], SPLIT_OF_FOLDER[path_of[clip][0]]) for clip in found]
    tagged = [(clip, TAGGED, tags, split) for clip, _, tags, split in labels if tags]
    return Catalogue(
        root=root,
        tracks=tracks_table(found, [[] for _ in found], [path_of[clip] for clip in found]),
        labels=labels_table(labels + tagged),
        rejects=rejects_table([(clip, path, _reason(path)) for clip, path in path_of.items() if path not in audio]),
        counts={"unlisted_files": len(audio - set(path_of.values())), "untagged_clips": len(labels) - len(tagged)},
    )


def read_annotations(path: Path) -> pd.DataFrame:
    """The annotations: columns clip_id and mp3_path (str), and a column of bools for each tag, in the file's order.

    Raises:
        UserError: the file is missing or malformed, has no rows or no tags, or names a clip or a path twice.
    """
    cells = read_csv(path, (ID, PATH), delimiter="\t", filled=(ID,))
    if cells.empty:
        raise UserError(f"{path}: has a header and no rows; download it again")
    if len(cells.columns) == 2:
        raise UserError(f"{path}: has no column of a tag beside {ID} and {PATH}; download it again")
    refuse_duplicates(path, cells[ID])
    refuse_duplicates(path, cells.loc[cells[PATH] != "", PATH], "paths")
    tags = cells.drop(columns=[ID, PATH])
    given = tags == "1"
    wrong = np.argwhere(~(given | (tags == "0")).to_numpy())
    if len(wrong):
        row, column = wrong[0]
        raise UserError(
            f"{path}: clip {cells[ID].iloc[row]} has {tags.iloc[row, column]!r} under '{tags.columns[column]}',"
            f" expected 0 or 1 in every column but {ID} and {PATH}; download it again"
        )
    return pd.concat([cells[[ID, PATH]], given], axis=1)


def frequent_tags(annotations: pd.DataFrame, n: int = N_TAGS) -> list[str]:
    """The `n` tags given to the most rows, with or without audio, most frequent first; equally frequent ones stay in
    the file's order, and tags that no row has are left out."""
    count = annotations.drop(columns=[ID, PATH]).sum().sort_values(ascending=False, kind="stable")
    return list(count[count > 0].index[:n])


def _tags_of_rows(annotations: pd.DataFrame) -> list[list[str]]:
    names = frequent_tags(annotations)
    given = annotations[names].to_numpy(dtype=bool)
    return [[names[i] for i in np.flatnonzero(row)] for row in given]


def _reason(path: str) -> str:
    """Why a row's path is not among the clips: only <folder>/<name>.mp3 is looked for, so that none leaves the root."""
    inside = re.fullmatch(r"[0-9a-f]/[^/]+\.mp3", path)
    return "missing file" if inside else "mp3_path is not a file of the folders 0 to f"
