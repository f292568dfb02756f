"""MagnaTagATune: small corpora in its layout, every mistake explained, and the real index and ground truth in full."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from unisono.corpora import magnatagatune
from unisono.corpora.magnatagatune import SPLIT_OF_FOLDER, frequent_tags, read_annotations
from unisono.corpora.reading.registry import read_catalogue
from unisono.errors import UserError

REAL_LISTS = Path(__file__).parents[2] / "../shared/real/lists/magnatagatune"
real_lists = pytest.mark.skipif(not REAL_LISTS.is_dir(), reason="needs the real data sets' lists in ../shared/real")
ZERO_BYTE_CLIPS = {"35644", "55753", "57881"}  # known to be empty files in the real set

TAGS = ["no voice", "rock", "slow", "harp"]
ROWS = [
    ("2", "0", "1", "1", "0", "f/bach-cantatas-01-aria-30-59.mp3"),
    ("6", "0", "1", "0", "0", "c/lvx_nova-lvx_nova-01-contimune-30-59.mp3"),
    ("10", "0", "0", "0", "0", "b/seldon-circles-01-rhyme-0-29.mp3"),
    ("11", "0", "1", "1", "0", "0/seldon-circles-02-reason-0-29.mp3"),
    ("14", "1", "0", "0", "0", "d/jag-pop-03-it's, or not-0-29.mp3"),
]


def write_annotations(root: Path, tags: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with (root / "annotations_final.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([["clip_id", *tags, "mp3_path"], *rows])


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_annotations(tmp_path, TAGS, ROWS)
    for row in ROWS:
        touch(tmp_path / row[-1])
    return tmp_path


def test_clips_and_both_splits(root: Path) -> None:
    catalogue = read_catalogue("magnatagatune", root)
    assert catalogue.tracks["source"].to_dict() == {row[0]: row[-1] for row in ROWS}
    assert catalogue.tracks["genres"].tolist() == [[]] * 5 and not len(catalogue.playlists)
    everything = [
        ["2", "pons2017", ["rock", "slow"], "test"],
        ["6", "pons2017", ["rock"], "validation"],
        ["10", "pons2017", [], "train"],
        ["11", "pons2017", ["rock", "slow"], "train"],
        ["14", "pons2017", ["no voice"], "test"],
    ]
    tagged = [[clip, "tagged", tags, split] for clip, _, tags, split in everything if tags]
    assert catalogue.labels.to_numpy().tolist() == everything + tagged
    assert not len(catalogue.rejects) and catalogue.counts == {"unlisted_files": 0, "untagged_clips": 1}


def test_sixteen_folders_and_their_splits() -> None:
    splits = list(SPLIT_OF_FOLDER.values())
    assert "".join(SPLIT_OF_FOLDER) == "0123456789abcdef"
    assert {split: splits.count(split) for split in splits} == {"train": 12, "validation": 1, "test": 3}


def test_rows_without_audio_and_audio_without_a_row(root: Path) -> None:
    outside = ["../f/x.mp3", "/f/x.mp3", "g/x.mp3", "f/../x.mp3", "f/x.wav", "x.mp3", "f", ""]
    write_annotations(root, TAGS, [*ROWS, *((f"{90 + i}", *"0000", path) for i, path in enumerate(outside))])
    (root / ROWS[0][-1]).unlink()
    touch(root / "x.mp3")
    touch(root / "7/unlisted-0-29.mp3")
    catalogue = magnatagatune.read(root)
    reason = "mp3_path is not a file of the folders 0 to f"
    assert catalogue.rejects.to_numpy().tolist() == [
        ["2", "f/bach-cantatas-01-aria-30-59.mp3", "missing file"],
        *([f"{90 + i}", path, reason] for i, path in enumerate(outside)),
    ]
    assert list(catalogue.tracks.index) == ["6", "10", "11", "14"]
    assert set(catalogue.labels["track_id"]) == {"6", "10", "11", "14"}
    assert catalogue.counts == {"unlisted_files": 1, "untagged_clips": 1}


def test_the_fifty_most_frequent_tags_count_and_ties_keep_the_files_order(root: Path) -> None:
    tags = [f"tag {i:02d}" for i in range(60)]
    given = [[str(int(row == 0 or (row == 1 and i >= 55))) for i in range(60)] for row in range(len(ROWS))]
    write_annotations(root, tags, [(row[0], *cells, row[-1]) for row, cells in zip(ROWS, given, strict=True)])
    expected = tags[55:] + tags[:45]
    (root / ROWS[0][-1]).unlink()  # counts are over all rows: other audio does not change what the tags are
    assert frequent_tags(read_annotations(root / "annotations_final.csv")) == expected
    assert magnatagatune.read(root).labels["tags"].tolist()[0] == tags[55:]


def test_fewer_than_fifty_tags_are_used_if_they_occur(root: Path) -> None:
    assert frequent_tags(read_annotations(root / "annotations_final.csv")) == ["rock", "slow", "no voice"]


def test_the_columns_order_and_the_line_ends_do_not_matter(root: Path) -> None:
    lines = [["mp3_path", *TAGS[::-1], "clip_id"], *(row[::-1] for row in ROWS)]
    (root / "annotations_final.csv").write_text("".join("\t".join(cells) + "\r\n" for cells in lines), newline="")
    assert magnatagatune.read(root).labels["tags"].tolist()[:2] == [["rock", "slow"], ["rock"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"annotations_final.csv: has no column clip_id, mp3_path; found an empty file, in cells separated by"),
        ("clip_id\trock\n2\t1\n", r"has no column mp3_path; found clip_id, rock, in cells separated by '.t'"),
        ("id\trock\tmp3_path\n", r"has no column clip_id; found id, rock, mp3_path"),
        ("clip_id,rock,mp3_path\n2,1,f/a.mp3\n", r"has no column clip_id, mp3_path; found clip_id,rock,mp3_path"),
        ("clip_id\trock\trock\tmp3_path\n", r"annotations_final.csv: has the column rock more than once"),
        ("clip_id\trock\tmp3_path\n", r"annotations_final.csv: has a header and no rows; download it again"),
        ("clip_id\trock\tmp3_path\n2\t1\n", r"line 2 has 2 cells, expected 3 .*is the file half-written"),
        ('clip_id\trock\tmp3_path\n2\t1\t"f/a', r"annotations_final.csv: malformed CSV at line 2 \(unexpected end"),
        ("clip_id\trock\tmp3_path\n \t1\tf/a.mp3\n", r"line 2 has an empty clip_id; fill it in"),
        ("clip_id\tmp3_path\n2\tf/a.mp3\n", r"has no column of a tag beside clip_id and mp3_path"),
        (
            "clip_id\trock\tmp3_path\n2\t1\tf/a.mp3\n3\t1\tf/a.mp3\n",
            r"annotations_final.csv: 1 paths occur more than once: f/a.mp3",
        ),
        (
            "clip_id\trock\tmp3_path\n2\t1\tf/a.mp3\n3\tyes\tf/b.mp3\n",
            r"annotations_final.csv: clip 3 has 'yes' under 'rock', expected 0 or 1 in every column but clip_id and",
        ),
        (
            "clip_id\trock\tmp3_path\n2\t1\tf/a.mp3\n2\t0\tf/b.mp3\n",
            r"annotations_final.csv: 1 ids occur more than once: 2; make them unique",
        ),
        (
            "clip_id\trock\tmp3_path\n2\t1\tf/a.mp3\n",
            r"holds none of the 1 clips of annotations_final.csv, e.g. f/a.mp3; put the folders 0 to f there",
        ),
    ],
)
def test_mistakes_in_the_annotations_are_explained(root: Path, text: str, message: str) -> None:
    (root / "annotations_final.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        magnatagatune.read(root)


def test_a_missing_folder_or_file_is_explained(root: Path) -> None:
    (root / "annotations_final.csv").unlink()
    with pytest.raises(UserError, match=r"has no annotations_final.csv; found 0, b, c, d, f. Copy the missing files"):
        magnatagatune.read(root)
    with pytest.raises(UserError, match=r"no such folder; expected MagnaTagATune \(annotations_final.csv and the"):
        magnatagatune.read(root / "absent")


@real_lists
def test_the_real_index_and_ground_truth(tmp_path: Path) -> None:
    """annotations_final.csv as it was: the index gives the clips, the ground truth the tags of validation and test.

    The train clips' tags are not in the lists; they are made up so that the tags' totals keep the published order.
    """
    path_of = read_table(REAL_LISTS / "musicnn_index_mtt.tsv")
    truth = {
        split: {clip: np.array(json.loads(cells)) for clip, cells in read_table(REAL_LISTS / name).items()}
        for split, name in (("validation", "musicnn_val_gt_mtt.tsv"), ("test", "musicnn_test_gt_mtt.tsv"))
    }
    text = (REAL_LISTS / "musicnn_output_labels_mtt.txt").read_text()
    names = json.loads(text[text.index("[") :].replace("'", '"'))
    known = truth["validation"] | truth["test"]
    train = [clip for clip in path_of if clip not in known]
    more = np.arange(6000, 1000, -100) - sum(known.values())
    tags_of = known | {clip: more > i for i, clip in enumerate(train)}
    order = sorted(range(50), key=lambda i: names[i])
    rare = [f"rare {i}" for i in range(138)]
    rows = [
        [clip, *(["1" if clip in train[:20] else "0"] * 138), *(str(int(tags_of[clip][i])) for i in order), path]
        for clip, path in path_of.items()
    ]
    write_annotations(tmp_path, [*rare, *(names[i] for i in order)], rows)
    for path in path_of.values():
        touch(tmp_path / path)

    catalogue = magnatagatune.read(tmp_path)
    assert frequent_tags(read_annotations(tmp_path / "annotations_final.csv")) == names
    assert len(catalogue.tracks) == 25863 and not len(catalogue.rejects)
    labels = {task: rows.set_index("track_id") for task, rows in catalogue.labels.groupby("task")}
    sizes = {task: rows["split"].value_counts().to_dict() for task, rows in labels.items()}
    # The published 18,706 are without the three empty files, which packing rejects.
    assert sizes["pons2017"] == {"train": 18709, "validation": 1825, "test": 5329}
    assert set(labels["pons2017"]["split"][sorted(ZERO_BYTE_CLIPS)]) == {"train"}
    assert (sizes["tagged"]["validation"], sizes["tagged"]["test"]) == (1529, 4332)
    for split, expected in truth.items():
        listed = labels["pons2017"][labels["pons2017"]["split"] == split]["tags"].to_dict()
        assert listed == {clip: [names[i] for i in np.flatnonzero(given)] for clip, given in expected.items()}
        tagged = labels["tagged"][labels["tagged"]["split"] == split]["tags"].to_dict()
        assert tagged == {clip: tags for clip, tags in listed.items() if tags}


def read_table(path: Path) -> dict[str, str]:
    return dict(line.split("\t") for line in path.read_text().splitlines())
