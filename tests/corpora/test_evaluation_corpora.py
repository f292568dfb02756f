"""GTZAN and MTG-Jamendo: the real lists in full, and small corpora in their layout."""

import shutil
from pathlib import Path

import pytest

from unisono.corpora import gtzan, jamendo
from unisono.corpora.reading.registry import read_catalogue
from unisono.errors import UserError

REAL_LISTS = Path(__file__).parents[2] / "../shared/real/lists"
real_lists = pytest.mark.skipif(not REAL_LISTS.is_dir(), reason="needs the real data sets' lists in ../shared/real")


@real_lists
def test_gtzans_real_lists_parse_completely() -> None:
    splits = list(gtzan.read_lists(REAL_LISTS / "gtzan").values())
    assert {split: splits.count(split) for split in gtzan.LISTS} == {"train": 443, "validation": 197, "test": 290}


@real_lists
def test_jamendos_real_lists_parse_completely() -> None:
    listed = jamendo.read_lists(REAL_LISTS / "mtg-jamendo")
    for (task, split), rows in listed.groupby(["task", "split"]):
        name = (jamendo.TASKS | jamendo.OPTIONAL_TASKS)[task]
        path = REAL_LISTS / "mtg-jamendo" / f"autotagging_{name}-{split}.tsv"
        assert len(rows) == path.read_bytes().count(b"\n") - 1
    tags = {task: {tag for row in rows["tags"] for tag in row} for task, rows in listed.groupby("task")}
    assert {task: len(names) for task, names in tags.items()} == {
        "genre": 87,
        "instrument": 40,
        "mood": 56,
        "top50": 50,
    }
    assert all("---" in tag and tag == tag.strip() for names in tags.values() for tag in names)


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.fixture
def gtzan_root(tmp_path: Path) -> Path:
    lists = {"train": ["blues.00001.wav", "rock.00002.wav"], "valid": ["blues.00003.wav"], "test": ["rock.00004.wav"]}
    for split, names in lists.items():
        lines = [f"{name.split('.')[0]}/{name}\n" for name in names]
        (tmp_path / f"{split}_filtered.txt").write_text("".join(lines))
    for name in ("blues/blues.00001.wav", "rock/rock.00002.au", "blues/blues.00003.wav", "blues/blues.00099.wav"):
        touch(tmp_path / "genres" / name)
    return tmp_path


def test_gtzan(gtzan_root: Path) -> None:
    catalogue = read_catalogue("gtzan", gtzan_root)
    assert catalogue.tracks["source"].to_dict() == {
        "blues.00001": "genres/blues/blues.00001.wav",
        "rock.00002": "genres/rock/rock.00002.au",
        "blues.00003": "genres/blues/blues.00003.wav",
    }
    assert catalogue.labels.to_numpy().tolist() == [
        ["blues.00001", "genre", ["blues"], "train"],
        ["rock.00002", "genre", ["rock"], "train"],
        ["blues.00003", "genre", ["blues"], "validation"],
    ]
    assert catalogue.rejects.to_numpy().tolist() == [["rock.00004", "rock/rock.00004.wav", "missing file"]]
    assert catalogue.counts == {"unlisted_files": 1}


def test_gtzan_with_its_genres_in_the_root(gtzan_root: Path) -> None:
    for genre in ("blues", "rock"):
        (gtzan_root / "genres" / genre).rename(gtzan_root / genre)
    (gtzan_root / "genres").rmdir()
    assert read_catalogue("gtzan", gtzan_root).tracks["source"].iloc[0] == "blues/blues.00001.wav"


def test_gtzans_mistakes_are_explained(gtzan_root: Path) -> None:
    (gtzan_root / "test_filtered.txt").write_text("blues/blues.00001.wav\n")
    with pytest.raises(UserError, match=r"1 clips occur more than once: blues/blues.00001"):
        gtzan.read(gtzan_root)
    (gtzan_root / "test_filtered.txt").write_text("blues/blues.00004.wav\nblues.00005.wav\n")
    with pytest.raises(UserError, match=r"test_filtered.txt: line 2 is 'blues.00005.wav', expected <genre>"):
        gtzan.read(gtzan_root)
    (gtzan_root / "test_filtered.txt").write_text("blues/blues.00004.wav\n")
    shutil.rmtree(gtzan_root / "genres")
    with pytest.raises(UserError, match=r"holds none of the 4 clips of the lists, e.g. blues/blues.00001.wav"):
        gtzan.read(gtzan_root)
    (gtzan_root / "test_filtered.txt").unlink()
    with pytest.raises(UserError, match=r"has no test_filtered.txt; found"):
        gtzan.read(gtzan_root)


@pytest.mark.parametrize("split", ["train", "test"])
def test_gtzan_needs_clips_to_learn_from_and_to_test(gtzan_root: Path, split: str) -> None:
    (gtzan_root / f"{split}_filtered.txt").write_text("\n")
    with pytest.raises(UserError, match=rf"{split}_filtered.txt: lists no clip; download it again"):
        gtzan.read(gtzan_root)


def test_gtzans_clips_of_one_name_in_two_genres_are_found(gtzan_root: Path) -> None:
    (gtzan_root / "train_filtered.txt").write_text("blues/x.00001.wav\nrock/x.00001.wav\n")
    with pytest.raises(UserError, match=r"1 file names \(of several genres\) occur more than once: x.00001"):
        gtzan.read(gtzan_root)


@pytest.mark.parametrize("line", ["blues/", "/x.wav", "blues/.wav", "../../x.wav"])
def test_a_line_without_a_genre_or_a_name_is_explained(gtzan_root: Path, line: str) -> None:
    (gtzan_root / "train_filtered.txt").write_text(line)
    with pytest.raises(UserError, match=rf"train_filtered.txt: line 1 is '{line}', expected <genre>/"):
        gtzan.read(gtzan_root)


HEADER = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"


def write_jamendo_list(folder: Path, name: str, split: str, *lines: str, header: str = HEADER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"autotagging_{name}-{split}.tsv").write_bytes("\r\n".join([header, *lines, ""]).encode())


@pytest.fixture(params=["data/splits/split-0", "splits/split-0", "."])
def jamendo_root(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / request.param
    first = "track_0000014\tartist_1\talbum_1\t14/14.mp3\t60.5"
    second = "track_0000022\tartist_2\talbum_2\t22/22.mp3\t61.0"
    third = "track_0000033\tartist_2\talbum_2\t33/33.mp3\t61.0"
    write_jamendo_list(folder, "genre", "train", f"{first}\tgenre---rock\tgenre---pop", f"{third}\tgenre---rock")
    write_jamendo_list(folder, "genre", "validation", f"{second}\tgenre---pop")
    write_jamendo_list(folder, "genre", "test")
    for name in ("instrument", "moodtheme"):
        for split in jamendo.SPLITS:
            lines = [f"{second}\tmood/theme---happy"] if (name, split) == ("moodtheme", "test") else []
            write_jamendo_list(folder, name, split, *lines)
    for name in ("14/14.mp3", "14/14.low.mp3", "22/22.low.mp3"):
        touch(tmp_path / "audio" / name)
    return tmp_path


def test_jamendo(jamendo_root: Path) -> None:
    catalogue = read_catalogue("jamendo", jamendo_root)
    assert catalogue.tracks["source"].to_dict() == {
        "track_0000014": "audio/14/14.mp3",
        "track_0000022": "audio/22/22.low.mp3",
    }
    assert catalogue.tracks["genres"].tolist() == [["genre---rock", "genre---pop"], ["genre---pop"]]
    assert catalogue.labels.to_numpy().tolist() == [
        ["track_0000014", "genre", ["genre---rock", "genre---pop"], "train"],
        ["track_0000022", "genre", ["genre---pop"], "validation"],
        ["track_0000022", "mood", ["mood/theme---happy"], "test"],
    ]
    assert catalogue.rejects.to_numpy().tolist() == [["track_0000033", "33/33.mp3", "missing file"]]


def test_jamendos_mistakes_are_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no autotagging_genre-train.tsv in data/splits/split-0"):
        jamendo.read(tmp_path)
    for name in ("genre", "instrument", "moodtheme"):
        for split in jamendo.SPLITS:
            write_jamendo_list(tmp_path, name, split)
    line = "track_1\tartist_1\talbum_1\t01/1.mp3\t60.5\tgenre---rock"
    write_jamendo_list(tmp_path, "genre", "test", line)
    with pytest.raises(UserError, match=r"holds none of the 1 tracks of the lists, e.g. audio/01/1.mp3"):
        jamendo.read(tmp_path)
    write_jamendo_list(tmp_path, "genre", "train", line)
    with pytest.raises(UserError, match=r"autotagging_genre-\*.tsv: 1 ids occur more than once: track_1"):
        jamendo.read(tmp_path)
    write_jamendo_list(tmp_path, "genre", "train", line, line.rpartition("\t")[0])
    with pytest.raises(UserError, match=r"genre-train.tsv: line 3 is .* expected 5 columns and then tags"):
        jamendo.read(tmp_path)
    write_jamendo_list(tmp_path, "genre", "train", line, header="TRACK_ID,PATH,TAGS")
    with pytest.raises(UserError, match=r"genre-train.tsv: the header is 'TRACK_ID,PATH,TAGS', expected the tab-sep"):
        jamendo.read(tmp_path)
    (tmp_path / "autotagging_moodtheme-test.tsv").unlink()
    write_jamendo_list(tmp_path, "genre", "train")
    with pytest.raises(UserError, match=r"autotagging_moodtheme-test.tsv: no such file"):
        jamendo.read(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("\ta\tb\t14/14.mp3\t1\tgenre---x", "genre-test.tsv: line 2 has an empty TRACK_ID or PATH"),
        ("track_9\ta\tb\t\t1\tgenre---x", "genre-test.tsv: line 2 has an empty TRACK_ID or PATH"),
        ("track_9\ta\tb\t14/14.mp3\t1\t---", "genre-test.tsv: line 2 is .* expected 5 columns and then tags"),
        ("track_9\ta\tb\t14/14.mp3\t1\tgenre---x", r"1 paths \(each time with another id\) occur more than once: 14"),
        ("track_0000022\ta\tb\t9/9.mp3\t1\tgenre---x", r"1 ids occur more than once: track_0000022"),
    ],
)
def test_jamendos_ids_paths_and_tags_go_together(jamendo_root: Path, line: str, message: str) -> None:
    folder = next(jamendo_root.rglob("*genre-train.tsv")).parent
    write_jamendo_list(folder, "genre", "test", line)
    with pytest.raises(UserError, match=message):
        jamendo.read(jamendo_root)


def test_one_id_has_one_path_in_all_of_jamendos_lists(jamendo_root: Path) -> None:
    folder = next(jamendo_root.rglob("*genre-train.tsv")).parent
    write_jamendo_list(folder, "instrument", "test", "track_0000022\ta\tb\t9/9.mp3\t1\tinstrument---x")
    with pytest.raises(UserError, match=r"1 ids \(each time with another path\) occur more than once: track_0000022"):
        jamendo.read(jamendo_root)


def test_lists_without_a_track_are_explained(tmp_path: Path) -> None:
    for name in ("genre", "instrument", "moodtheme"):
        for split in jamendo.SPLITS:
            write_jamendo_list(tmp_path, name, split)
    with pytest.raises(UserError, match=r"the lists autotagging_\*-\*.tsv name no track"):
        jamendo.read(tmp_path)
