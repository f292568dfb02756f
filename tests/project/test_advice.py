"""What is advised is what params/*.yaml and the pipeline ask for."""

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from changed import set_keys

from unisono.corpora.recognise import FORMATS
from unisono.errors import UserError
from unisono.params import CorpusParams, Params, load_params
from unisono.params.holdings import Holdings, refuse_what_is_missing
from unisono.project.advice import LEAST_TRACKS, MAX_REJECT_SHARE, MEL, USES, params_for, tag_pair
from unisono.report.similarity_space import LEAST_TRACKS as LEAST_OF_A_PICTURE

REPO = Path(__file__).parents[2]
SONGS = [["rock", "indie"], ["rock", "indie"], ["rock"], ["jazz"], []]


def test_every_format_has_its_use() -> None:
    assert set(FORMATS) == set(USES) == set(get_args(CorpusParams.model_fields["format"].annotation))


@pytest.mark.parametrize("format", USES)
def test_uses_are_those_of_the_shipped_params(format: str) -> None:
    use = USES[format]
    params = load_params(REPO / use.file)
    assert params.corpora[use.corpus].format == format
    assert params.mel == MEL and params.pack.max_reject_share == MAX_REJECT_SHARE
    assert params.machine.workers == use.workers
    assert use.waves == (params.waves.sample_rate if use.corpus in params.systems.metric_learning else None)
    assert all(
        key.split(".")[1] in params.corpora for key in params_for(format, Path("x"), [], 1)[0] if "corpora" in key
    )


def advised(genres: list[list[str]], playlists: int, changes: dict[str, Any]) -> Params:
    """params/folder.yaml with these changes, taken by the pipeline for a folder of these genres and playlists."""
    raw = yaml.safe_load((REPO / "params/folder.yaml").read_text())
    params = Params.model_validate(set_keys(raw, changes))
    tags = sorted({name for names in genres for name in names})
    refuse_what_is_missing(params, "catalogue", Holdings(tracks=100, playlists=playlists, tags={"genres": tags}))
    return params


@pytest.mark.parametrize("genres", [SONGS, [[], []]])
@pytest.mark.parametrize("playlists", [0, 3])
def test_the_pipeline_takes_what_is_advised(genres: list[list[str]], playlists: int) -> None:
    changes, left_out = params_for("folder", Path("music"), genres, playlists)
    params = advised(genres, playlists, changes)
    assert params.corpora["catalogue"].root == Path("music").absolute()
    assert params.loss.lambda_a2g + params.loss.lambda_a2p + params.loss.lambda_a2a > 0
    need = {"playlist_continuation": playlists, "same_track": 1, "cross_modal": any(genres) or playlists}
    assert left_out == [name for name in left_out if name in params.evaluation]
    assert set(left_out) == {name for name, task in params.evaluation.items() if not need.get(task.task, any(genres))}
    for key in changes.keys() - {"corpora.catalogue.root", "loss.lambda_a2a"}:
        with pytest.raises(UserError):
            advised(genres, playlists, {other: value for other, value in changes.items() if other != key})


def test_two_genres_that_colour_most_tracks() -> None:
    assert tag_pair(SONGS) == ["rock", "jazz"]  # indie is always rock as well
    assert tag_pair([["b", "a"], ["b", "a"]]) == ["a", "b"]


def test_the_fewest_tracks_fill_the_picture() -> None:
    split = load_params(REPO / "params/folder.yaml").split
    assert round(LEAST_TRACKS * split.test) == LEAST_OF_A_PICTURE
    assert (
        round(LEAST_TRACKS * (1 - split.validation - split.test))
        >= load_params(REPO / "params/folder.yaml").train.batch_size
    )
