"""What params ask of a corpus is refused before anything is packed, if it has it not."""

from pathlib import Path
from typing import Any

import pytest

from unisono.errors import UserError
from unisono.params import Params, load_params
from unisono.params.holdings import Holdings, refuse_unknown_tags, refuse_what_is_missing

REPO = Path(__file__).parents[2]
ALL = {
    "catalogue": Holdings(tracks=9, playlists=3, tags={"genres": ["jazz"]}, words=2, artists=4),
    "magnatagatune": Holdings(tracks=9, playlists=0, tags={"genres": [], "tagged": ["classical", "rock"]}),
}
NO_GENRE: dict[str, Any] = {"tags": {"genres": []}}


def params_with(**changes: dict[str, Any]) -> Params:
    """The sample's params, with changes of sections."""
    params = load_params(REPO / "params.yaml")
    return params.model_copy(update={name: getattr(params, name).model_copy(update=c) for name, c in changes.items()})


def check(params: Params, **changes: dict[str, Any]) -> None:
    for corpus, holdings in ALL.items():
        refuse_what_is_missing(params, corpus, holdings.model_copy(update=changes.get(corpus, {})))


def test_what_is_there_passes() -> None:
    check(params_with())


@pytest.mark.parametrize(
    ("lacks", "weights", "says"),
    [
        (
            {"tags": {"genres": []}},
            {},
            "none of its 9 tracks has a genre, but loss.lambda_a2g is 1 and loss.lambda_g2p is 1; set them to 0, or",
        ),
        (NO_GENRE, {"lambda_a2g": 0.0}, "has a genre, but loss.lambda_g2p is 1; set it to 0"),
        (
            {"playlists": 0},
            {"lambda_g2p": 0.0},
            "it has no playlists, but loss.lambda_a2p is 1; set it to 0, or add playl",
        ),
        (
            {"words": 0},
            {"lambda_p2t": 1.0},
            "none of its 3 playlists has a word in its .*, but loss.lambda_p2t is 1; set",
        ),
        (
            {"artists": 0},
            {"lambda_a2r": 0.5},
            "none of its 9 tracks has an artist, but loss.lambda_a2r is 0.5; set it to",
        ),
    ],
)
def test_a_weight_of_what_the_catalogue_lacks_is_refused(
    lacks: dict[str, Any], weights: dict[str, float], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        check(params_with(loss=weights), catalogue=lacks)
    check(params_with(loss=dict.fromkeys(load_params(REPO / "params.yaml").loss.model_dump(), 0.0)), catalogue=lacks)
    check(params_with(systems={"alignment": []}), catalogue=lacks)


def test_labels_that_nobody_has_are_refused_unless_none_is_learnt() -> None:
    with pytest.raises(UserError, match=r"'tagged' \(there is: pons2017\), but finetune.label_fraction is 1"):
        check(params_with(), magnatagatune={"tags": {"tagged": [], "pons2017": ["rock"]}})
    check(params_with(finetune={"label_fraction": 0.0}), magnatagatune={"tags": {}})
    check(params_with(systems={"metric_learning": []}), magnatagatune={"tags": {}})


def test_a_tag_of_the_pictures_that_nobody_has_is_refused() -> None:
    tags = ["rock", *map(str, range(70))]
    with pytest.raises(
        UserError, match=r"has classical, but the tags of corpora.magnatagatune .* rock, 0, 1, .*, \.\.\.;"
    ):
        check(params_with(), magnatagatune={"tags": {"tagged": tags}})


def test_an_unknown_tag_is_named_with_those_that_tracks_have() -> None:
    refuse_unknown_tags(["rock", "jazz"], ["jazz", "rock"], "data/frames/mine (tags)")
    with pytest.raises(
        UserError, match=r"tag_pair has polka, but the tags of data/frames/mine \(tags\) are jazz, rock;"
    ):
        refuse_unknown_tags(["jazz", "polka"], ["jazz", "rock"], "data/frames/mine (tags)")
