"""From params to the second system's encoder, augmentation and objective."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numbered_frames import numbered_frames

from unisono.encoders.inception import MelInception
from unisono.encoders.sample_cnn import SampleCNN
from unisono.errors import UserError
from unisono.metric_learning.build import build_augmentation, build_encoder, build_objective, load_examples
from unisono.params import Params, load_params

REPO = Path(__file__).parents[2]


def params_with(section: str = "similarity", **changes: Any) -> Params:
    params = load_params(REPO / "params.yaml")
    return params.model_copy(update={section: getattr(params, section).model_copy(update=changes)})


def test_a_seed_gives_the_same_encoder_and_another_one_another() -> None:
    weights = [torch.cat([p.flatten() for p in build_encoder(params_with(), seed).parameters()]) for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_the_kind_of_encoder_follows_params() -> None:
    params = params_with()
    assert isinstance(build_encoder(params, 0), SampleCNN)
    kind = params.similarity.encoder.model_copy(update={"kind": "inception"})
    assert isinstance(build_encoder(params_with(encoder=kind), 0), MelInception)


def test_an_augmentation_that_the_sample_rate_cannot_have_is_named() -> None:
    band = params_with().augmentation.low_pass.model_copy(update={"high": 9000.0})
    with pytest.raises(UserError, match=r"params\.yaml: augmentation: low_pass is 2200 to 9000 Hz"):
        build_augmentation(params_with("augmentation", low_pass=band))


@pytest.mark.parametrize(("metric", "contrastive"), [(1.0, 0.0), (0.0, 2.0), (1.0, 2.0)])
def test_only_what_is_weighed_is_built(metric: float, contrastive: float) -> None:
    params = params_with()
    module = build_objective(params, build_encoder(params, 0), 5, metric=metric, contrastive=contrastive, augment=False)
    assert (module.tag_head is not None) == (metric > 0) and (module.projector is not None) == (contrastive > 0)


def test_examples_are_the_labelled_tracks_of_their_part(tmp_path: Path) -> None:
    numbered_frames(tmp_path, [10] * 6, bands=2)
    tracks, split = [f"t{n}" for n in range(6)], ["train"] * 3 + ["validation"] * 2 + ["test"]
    tags = [["b"], ["a", "b"], [], ["c"], ["a"], ["a"]]
    labels = pd.DataFrame({"track_id": tracks, "task": "tagged", "tags": tags, "split": split})
    labels.to_parquet(tmp_path / "labels.parquet")
    names, training, validation = load_examples(tmp_path, tmp_path / "split.parquet", "tagged")
    assert names == ["a", "b"]  # of the training part
    np.testing.assert_array_equal(training.tags_NT, [[0, 1], [1, 1], [0, 0]])
    np.testing.assert_array_equal(validation.tags_NT, [[0, 0], [1, 0]])
    assert training.rows_N.tolist() == [0, 1, 2] and validation.rows_N.tolist() == [3, 4]


def test_a_corpus_without_tags_has_examples_too(tmp_path: Path) -> None:
    numbered_frames(tmp_path, [10] * 4, bands=2)
    tracks = [f"t{n}" for n in range(4)]
    pd.DataFrame({"track_id": tracks, "genres": [[]] * 4}).to_parquet(tmp_path / "tracks.parquet")
    split = pd.DataFrame({"track_id": tracks, "split": ["train", "train", "validation", "validation"]})
    split.to_parquet(tmp_path / "split.parquet")
    names, training, _ = load_examples(tmp_path, tmp_path / "split.parquet", "genres")
    assert names == [] and training.tags_NT.shape == (2, 0)
