"""What the page says of gains that are known, and the picture's bytes."""

from pathlib import Path

import pandas as pd
import pytest
from scored_items import BASE, COLUMNS, scored

from unisono.evaluation.task import Column
from unisono.report.gains import Gains, gains
from unisono.report.scores import Score
from unisono.report.tables import Table
from unisono.report.worth import Worth, draw, page, title_of, to_json

DATA = ["genres", "playlists", "words"]
MODELS = {
    title_of(names, DATA): names
    for names in (["genres"], ["playlists"], ["words"], ["genres", "playlists"], DATA, DATA[1:], ["genres", "words"])
}
SHIFTS = {
    "genres": 0.03, "playlists": 0.05, "words": 0.0, "genres and playlists": 0.08, "everything": 0.08,
    "playlists and words": 0.05, "genres and words": -0.03,
}  # fmt: skip


def measured(seeds: int = 1, ridge: float = 0.02) -> Gains:
    """What the models gain by SHIFTS; another's vectors know no popular song."""
    models = {
        title: [scored({"trained": shift}, 10 * place + seed) for seed in range(seeds)]
        for place, (title, shift) in enumerate(SHIFTS.items(), 1)
    }
    foreign = scored({"musicnn": 0.1}).assign(**{"ndcg@100.in_2-4": float("nan")})
    baselines = pd.concat([scored(BASE | {"ridge": ridge}), foreign])
    found = gains(COLUMNS, baselines, models, "trained")
    assert found is not None
    return found


def worth(found: Gains, seeds: int = 1, licence: str = "") -> Worth:
    tags = Table("tags", "The catalogue's own genres", (Column("roc_auc", "ROC AUC", 3),))
    rows = {"ridge": {"tags.roc_auc": Score(0.7, 0.01)}, "genres": {"tags.roc_auc": Score(0.8)}}
    return Worth(
        DATA, MODELS, {"New songs: playlists": found}, [tags], rows, range(seeds), licence, {"other": "no songs"}
    )


def test_titles() -> None:
    four = [*DATA, "artists"]
    assert title_of(["playlists", "genres"], DATA) == "genres and playlists" == title_of(DATA[:2], DATA[:2])
    assert title_of(DATA, DATA) == "everything" == title_of(four, four)
    assert title_of(four[1:], four) == "everything without genres" and title_of(["words"], four) == "words"


def test_the_first_lines_say_what_paid() -> None:
    found = measured()
    lines = page(worth(found), "worth.png").splitlines()
    assert lines[:3] == ["# What is my data worth?", "", "**New songs: playlists** (nDCG@100, 60 playlists)"]
    alone, beside = found.over("genres", "statistics"), found.over("everything", "playlists and words")
    assert lines[3] == (
        f"- **genres paid**: alone {alone.written(1, 4, '+')} over the input itself;"
        f" beside all the rest {beside.written(1, 4, '+')}"
    )
    assert lines[4].startswith("- **playlists paid**: alone +0.04")
    assert lines[5].startswith("- **words cannot be told apart from nothing**: alone ")
    assert lines[5].endswith(", which may be chance")
    assert (
        lines[6].startswith("- The best, ")
        and "**Ridge**, which trains in seconds, is below the best (+0.0" in lines[6]
    )


@pytest.mark.parametrize(("ridge", "said"), [(0.08, "as good: the two cannot be told apart"), (0.2, "better: take it")])
def test_a_ridge_that_is_as_good_is_named(ridge: float, said: str) -> None:
    assert f"**Ridge**, which trains in seconds, is {said} (" in page(worth(measured(ridge=ridge)), "worth.png")


def test_the_tables() -> None:
    found = measured(seeds=3)
    text = page(worth(found, 3, "CC BY-NC-SA 4.0"), "worth.png")
    over = [found.over("genres", other).written(1, 4, "+") for other in ("statistics", "ridge")]
    score, std = found.scores("genres").mean(), found.spread("genres")
    assert "| aligned with | nDCG@100 | over the input itself | over ridge | std over seeds |" in text
    assert f"| genres | {score:.4f} | {over[0]} | {over[1]} | {std:.4f} |" in text
    assert f"| the input itself | {found.scores('statistics').mean():.4f} |  |" in text
    part = found.parts["2-4"].over("genres", "statistics").written(1, 4, "+")
    assert "| over the input itself | in 1 (60) | in 2-4 (20) |" in text
    assert f"| {part} |" in text and "| musicnn | +0.09" in text and ") | - |" in text
    assert "## The catalogue's own genres" in text and "| genres | 0.800 |" in text
    assert "Training seeds: 0, 1, 2" in text and "under CC BY-NC-SA 4.0" in text
    assert "- evaluation.other: no songs" in text
    numbers = to_json(worth(found, 3))["gains"]["New songs: playlists"]
    assert numbers["items"] == 60 and numbers["score"] == "ndcg@100"
    assert numbers["rows"]["genres"]["over"]["ridge"]["mean"] == found.over("genres", "ridge").mean
    assert numbers["rows"]["genres"]["std_over_seeds"] == std
    assert numbers["rows"]["genres"]["by_popularity"]["2-4"]["n"] == 20


def test_without_a_task_of_playlists_it_says_so() -> None:
    text = page(Worth(["genres"], {"genres": ["genres"]}, {}, [], {}, [0]), "worth.png")
    assert "no gain can be told from chance" in text and "worth.png" not in text


def test_the_same_scores_give_the_same_picture(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw(worth(measured()), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
