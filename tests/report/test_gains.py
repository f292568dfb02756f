"""Gains over playlists against a loop over them, and scipy's paired test."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scored_items import BASE, COLUMNS, scored

from unisono.report.gains import Gains, gains


def found(baselines: pd.DataFrame, *of_seeds: pd.DataFrame) -> Gains:
    measured = gains(COLUMNS, baselines, {"genres": of_seeds}, "trained")
    assert measured is not None
    return measured


def test_a_gain_is_the_mean_difference_of_a_playlist_with_a_paired_interval() -> None:
    baselines, trained = scored(BASE), scored({"trained": 0.03, "similarity": 0.5}, seed=1)
    over = found(baselines, trained).over("genres", "statistics")
    differences = []
    for item in trained["item"].unique():
        ours = trained[(trained["item"] == item) & (trained["model"] == "trained")]["ndcg@100"].item()
        theirs = baselines[(baselines["item"] == item) & (baselines["model"] == "statistics")]["ndcg@100"].item()
        differences.append(ours - theirs)
    low, high = stats.ttest_1samp(differences, 0).confidence_interval()
    np.testing.assert_allclose([over.mean, over.low, over.high], [np.mean(differences), low, high])
    assert over.n == 60
    np.testing.assert_allclose(
        found(baselines, trained).over("ridge", "statistics").mean, 0.02, atol=0.005
    )  # a baseline over another


def test_seeds_are_averaged_playlist_by_playlist() -> None:
    runs = [scored({"trained": shift}, seed) for seed, shift in enumerate((0.03, 0.05, 0.01))]
    measured = found(scored(BASE), *runs)
    for item, score in measured.scores("genres").items():
        assert score == pytest.approx(np.mean([run[run["item"] == item]["ndcg@100"].item() for run in runs]))
    assert measured.spread("genres") == pytest.approx(np.std([run["ndcg@100"].mean() for run in runs], ddof=1))
    assert found(scored(BASE), runs[0]).spread("genres") is None


def test_the_order_of_the_playlists_does_not_matter_and_one_that_a_row_lacks_is_in_none_of_its_pairs() -> None:
    baselines, trained = scored(BASE), scored({"trained": 0.03}, seed=1)
    shuffled = trained.sample(frac=1, random_state=0)
    assert found(baselines, shuffled).over("genres", "ridge") == found(baselines, trained).over("genres", "ridge")
    without = baselines[~((baselines["model"] == "ridge") & (baselines["item"] == "p7"))]
    measured = found(without, trained)
    assert measured.over("genres", "ridge").n == 59 and measured.over("genres", "statistics").n == 60


def test_parts_are_paired_over_the_items_that_have_them() -> None:
    foreign = scored({"musicnn": 0.1}).assign(**{"ndcg@100.in_2-4": np.nan})
    baselines, trained = pd.concat([scored(BASE), foreign]), scored({"trained": 0.03}, seed=1)
    parts = found(baselines, trained).parts
    assert list(parts) == ["1", "2-4"] and "musicnn" in parts["1"].rows and "musicnn" not in parts["2-4"].rows
    over = parts["2-4"].over("genres", "statistics")
    theirs = baselines[baselines["model"] == "statistics"]["ndcg@100.in_2-4"].to_numpy()
    differences = (trained["ndcg@100.in_2-4"].to_numpy() - theirs)[40:]
    low, high = stats.ttest_1samp(differences, 0).confidence_interval()
    np.testing.assert_allclose([over.mean, over.low, over.high, over.n], [differences.mean(), low, high, 20])
    whole = [column for column in baselines if ".in_" not in column]
    assert found(baselines[whole], trained).parts == {}


def test_a_task_without_items_has_no_gains() -> None:
    nothing = pd.DataFrame({"item": [], "model": []}, dtype="str")
    assert gains(COLUMNS, nothing, {"genres": [nothing]}, "trained") is None
