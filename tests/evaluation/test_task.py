"""Tasks as objects: kinds and files are one to one, few numbers are headlines, and what labels a corpus has."""

import ast
from pathlib import Path

import pandas as pd
import pytest

from unisono.errors import UserError
from unisono.evaluation import tasks
from unisono.evaluation.measures.summary import summarise
from unisono.evaluation.task import MOST_HEADLINES, Column, Corpus, NotMeasurable, Scores, kind_of
from unisono.params import load_params
from unisono.params.evaluation import TASK_KINDS

REPO = Path(__file__).parents[2]
FILES = {file.stem: file for file in Path(tasks.__path__[0]).glob("*.py") if file.stem != "__init__"}


def test_every_kind_that_params_know_is_a_file_and_every_file_a_kind() -> None:
    assert set(FILES) == set(TASK_KINDS)


@pytest.mark.parametrize("file", sorted((REPO / "src/unisono").rglob("*.py")), ids=lambda file: file.stem)
def test_no_module_imports_the_file_of_a_task(file: Path) -> None:
    """Least of all another task's file: a change of one reruns that one only."""
    imported = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or alias.name for node in imported for alias in node.names}
    assert not [name for name in names if name.startswith(tasks.__name__)]


def test_every_task_of_the_sample_has_at_most_six_headlines_of_both_models() -> None:
    for task in load_params(REPO / "params.yaml").evaluation.values():
        columns = kind_of(task).columns(task)
        names = [column.score for column in columns]
        assert len(set(names)) == len(names)
        assert 1 <= 2 * sum(column.headline for column in columns) <= MOST_HEADLINES


def scores(n_columns: int, models: int = 2) -> Scores:
    columns = tuple(Column(f"s{n}", f"S{n}", 1, headline=n % 2 == 0) for n in range(n_columns))
    of_model = {column.score: summarise([1.0, 2.0]) for column in columns}
    return Scores(columns, {f"m{n}": of_model for n in range(models)}, counts={})


def test_headlines_are_the_means_of_headline_columns_and_name_the_model_if_asked() -> None:
    assert scores(3, models=1).headline(name_models=False) == {"s0": 1.5, "s2": 1.5}
    assert scores(1).headline(name_models=True) == {"m0.s0": 1.5, "m1.s0": 1.5}
    assert list(scores(20).headline(name_models=True)) == ["m0.s0", "m1.s0", "m0.s2", "m1.s2", "m0.s4", "m1.s4"]


def corpus(
    folder: Path, genres: list[list[str]], labels: dict[str, list[list[str]]], split: int | None = None
) -> Corpus:
    """A packed corpus's tables; `split` says how many of the tracks are in a part of its split, all by default."""
    ids = [f"t{n}" for n in range(len(genres))]
    parts = (["train", "test"] * len(ids))[: len(ids) if split is None else split]
    rows = [
        (i, name, tags, part)
        for name, of_tracks in labels.items()
        for i, tags, part in zip(ids, of_tracks, parts, strict=True)
    ]
    pd.DataFrame({"track_id": ids, "genres": genres}).to_parquet(folder / "tracks.parquet")
    pd.DataFrame(rows, columns=["track_id", "task", "tags", "split"]).to_parquet(folder / "labels.parquet")
    table = pd.DataFrame({"track_id": pd.array(ids[: len(parts)], dtype="str"), "split": pd.array(parts, dtype="str")})
    table.to_parquet(folder / "split.parquet")
    return Corpus(folder, folder / "split.parquet", "evaluation.mine (mine)")


def test_labels_are_the_genres_or_a_set_of_the_corpus(tmp_path: Path) -> None:
    mine = corpus(tmp_path, [["rock"], []], {"mood": [["sad"], ["glad"]], "all": [[], ["loud"]]})
    assert mine.labels("genres")["tags"].map(list).tolist() == [["rock"], []]
    assert mine.labels("mood")["tags"].map(list).tolist() == [["sad"], ["glad"]]
    assert mine.labels("all")["split"].tolist() == ["train", "test"]
    with pytest.raises(UserError, match=r"labels is 'moods', but .* has only the labels all, mood, genres"):
        mine.labels("moods")


def test_labels_that_do_not_exist_are_not_measurable(tmp_path: Path) -> None:
    bare = corpus(tmp_path, [[], []], {})
    with pytest.raises(NotMeasurable, match=f"{tmp_path.name} has no genres: none of the 2 tracks in its split has"):
        bare.labels("genres")
    with pytest.raises(NotMeasurable, match=f"{tmp_path.name} has no labels 'tagged', nor any others"):
        bare.labels("tagged")
    untagged = corpus(tmp_path, [["rock"], ["jazz"]], {"all": [[], []]})
    with pytest.raises(NotMeasurable, match="has no labels 'all': none of the 2 tracks"):
        untagged.labels("all")
    with pytest.raises(NotMeasurable, match="has no genres: none of the 0 tracks in its split has one"):
        corpus(tmp_path, [["rock"], ["jazz"]], {}, split=0).labels("genres")
    with pytest.raises(UserError, match=r"labels is 'tagged', but .* has only the labels genres"):
        corpus(tmp_path, [["rock"], []], {}).labels("tagged")
