"""The encoder of genres beside the audio encoder: what was trained is what answers, and damage is a sentence."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from unisono.errors import UserError
from unisono.modalities import bag_encoder
from unisono.modalities.bag_encoder import BagAttention, BagEncoder, files_of
from unisono.modalities.genres import Genres

WEIGHTS, CONFIG = (path.name for path in files_of(Path(), "genre"))
NAMES = ["발라드", "R&B (GN01)", "rock", "indie; rock", "jazz"]


def trained() -> tuple[Genres, BagAttention]:
    torch.manual_seed(0)
    vectors_GW = np.random.default_rng(0).normal(size=(len(NAMES), 8)).astype(np.float32)
    return Genres(pd.Index(NAMES), vectors_GW), BagAttention(torch.from_numpy(vectors_GW), 4, 6, dropout=0.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    modality, encoder = trained()
    modality.save_encoder(tmp_path, encoder)
    return tmp_path


@pytest.mark.parametrize("genres", [["rock"], ["jazz", "발라드"], [*reversed(NAMES)]])
def test_a_set_of_genres_is_embedded_as_the_trained_module_does(folder: Path, genres: list[str]) -> None:
    modality, encoder = trained()
    rows_1L = torch.tensor([[modality.ids.get_loc(genre) + 1 for genre in genres]])
    with torch.no_grad():
        expected_D = encoder.eval()(rows_1L)[0].numpy()
    saved = BagEncoder(folder, "genre")
    assert saved.names == NAMES
    np.testing.assert_array_equal(saved.embed(genres), expected_D)


def test_many_sets_at_once_are_as_each_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bag_encoder, "SETS_PER_BLOCK", 2)
    saved = BagEncoder(folder, "genre")
    sets = [["rock"], NAMES, ["jazz", "발라드"], ["rock", "jazz"], ["jazz"]]
    expected_ND = np.stack([saved.embed(names) for names in sets])
    np.testing.assert_allclose(saved.embed_all(sets), expected_ND, rtol=1e-5, atol=1e-6)


def test_other_users_of_a_machine_may_read_it(folder: Path) -> None:
    assert {stat.S_IMODE((folder / name).stat().st_mode) & 0o044 for name in (WEIGHTS, CONFIG)} == {0o044}


def config(change: dict) -> Callable[[Path], None]:
    return lambda folder: (folder / CONFIG).write_text(
        json.dumps(json.loads((folder / CONFIG).read_text(encoding="utf-8")) | change)
    )


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), rf"{WEIGHTS}: no such file; make it with"),
    "no config": (lambda folder: (folder / CONFIG).unlink(), rf"{CONFIG}: no such file; make it with"),
    "half of the weights": (
        lambda folder: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100]),
        rf"{WEIGHTS}: damaged, or not what the pipeline wrote",
    ),
    "no JSON": (lambda folder: (folder / CONFIG).write_text("{"), rf"{CONFIG}: damaged, or not what"),
    "a list": (lambda folder: (folder / CONFIG).write_text("[]"), rf"{CONFIG}: damaged, or not what"),
    "a genre less": (config({"genres": NAMES[1:]}), rf"{WEIGHTS}: damaged.*5 genres, but {CONFIG} names 4"),
    "no heads": (config({"heads": 0}), rf"{WEIGHTS}: damaged"),
    "other heads": (config({"heads": 3}), rf"{WEIGHTS}: damaged.*8 dimensions cannot be split over 3 heads"),
    "another dimension": (config({"embedding_dim": 7}), rf"{WEIGHTS}: damaged.*size mismatch"),
    "a word for a number": (config({"heads": "four"}), rf"{WEIGHTS}: damaged"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_told_in_a_sentence(folder: Path, damage: str) -> None:
    spoil, message = DAMAGE[damage]
    spoil(folder)
    with pytest.raises(UserError, match=message):
        BagEncoder(folder, "genre")
