"""Genres as a modality: rows and padding, the equations of the encoder, the loss of a prediction."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from unisono.errors import UserError
from unisono.modalities.bag_encoder import BagAttention
from unisono.modalities.genres import Genres
from unisono.params import Encoder

NAMES = [f"genre {letter}" for letter in "abcdefgh"]
ENCODER = Encoder(channels=[2] * 7, hidden=8, embedding_dim=6, dropout=0.5, genre_heads=2)


def genres(names: list[str], dim: int = 4) -> Genres:
    vectors_GW = np.random.default_rng(0).normal(size=(len(names), dim)).astype(np.float32)
    return Genres(pd.Index(names), vectors_GW)


def tracks(sets: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame({"genres": sets}, index=[f"t{row}" for row in range(len(sets))])


def per_track(most: int) -> Any:
    return SimpleNamespace(genres_per_track=most)


def test_rows_are_padded_cut_and_without_the_unknown() -> None:
    rows_NL = genres(["a", "b", "c"]).rows(tracks([["b", "a"], [], ["x", "c", "c", "a", "b"]]), per_track(2))
    assert rows_NL.tolist() == [[2, 1], [0, 0], [3, 1]]
    assert genres(["a"]).rows(tracks([[], []]), per_track(10)).shape == (2, 1)


@pytest.mark.parametrize("most", [1, 3, 100])
def test_rows_name_each_track_s_genres_and_presence_says_who_has_any(most: int) -> None:
    rng = np.random.default_rng(0)
    known, unknown = NAMES[:5], NAMES[5:]
    sets = [rng.choice(NAMES, size=rng.integers(0, 7)).tolist() for _ in range(300)]
    modality = genres(known)
    rows_NL = modality.rows(tracks(sets), per_track(most))
    assert rows_NL.dtype == np.int64
    for row_L, present, track in zip(rows_NL, modality.present(rows_NL), sets, strict=True):
        expected: list[str] = []
        for genre in track:
            if genre not in unknown and genre not in expected and len(expected) < most:
                expected.append(genre)
        assert [known[row - 1] for row in row_L if row] == expected
        assert present == bool(expected)
    assert not modality.present(rows_NL).all() and modality.present(rows_NL).any()


def test_a_catalogue_without_genres_has_none() -> None:
    modality = genres([])
    rows_NL = modality.rows(tracks([["a"], []]), per_track(10))
    assert modality.present(rows_NL).tolist() == [False, False]


def test_a_row_reaches_the_vectors_of_its_genres() -> None:
    """What `rows` writes is what the encoder reads: the same sets, whatever stands beside them in the batch."""
    modality = genres(["a", "b", "c"])
    encoder = modality.encoder(ENCODER).eval()
    rows_NL = torch.from_numpy(modality.rows(tracks([["c", "a"], ["b"]]), per_track(10)))
    other_GW = modality.vectors_MD.copy()
    other_GW[1] += 1  # of b
    changed = Genres(modality.ids, other_GW).encoder(ENCODER).eval()
    changed.load_state_dict({**encoder.state_dict(), "vectors": changed.vectors})
    before_BD, after_BD = encoder(rows_NL), changed(rows_NL)
    torch.testing.assert_close(after_BD[0], before_BD[0])
    assert not torch.allclose(after_BD[1], before_BD[1])


def test_prediction_is_a_yes_or_no_of_each_genre() -> None:
    modality = genres(["a", "b", "c", "d", "e"])
    assert modality.n_outputs == 5
    sets = [["a", "c"], ["e"], ["b"]]
    rows_BL = torch.from_numpy(modality.rows(tracks(sets), per_track(10)))
    outputs_BO = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    total = 0.0
    for outputs_O, track in zip(torch.sigmoid(outputs_BO), sets, strict=True):
        for name, p in zip("abcde", outputs_O, strict=True):
            total -= torch.log(p if name in track else 1 - p).item() / 15
    assert modality.prediction_loss(outputs_BO, rows_BL).item() == pytest.approx(total, rel=1e-5)


def test_heads_that_do_not_divide_the_vectors_are_named_in_params() -> None:
    with pytest.raises(UserError, match=r"encoder\.genre_heads and genres\.dim do not fit: .+ 5 dimensions .+ 2 heads"):
        genres(["a", "b"], dim=5).encoder(ENCODER)


def test_genres_are_a_set_and_padding_is_nothing() -> None:
    torch.manual_seed(0)
    encoder = BagAttention(torch.randn(9, 8), heads=4, embedding_dim=6, dropout=0.5).eval()
    short = encoder(torch.tensor([[3, 7, 1]]))
    torch.testing.assert_close(encoder(torch.tensor([[3, 7, 1, 0, 0]])), short)
    torch.testing.assert_close(encoder(torch.tensor([[0, 1, 3, 0, 7]])), short)
    assert not torch.allclose(encoder(torch.tensor([[3, 7, 2]])), short)


def test_genre_encoder_follows_equations_5_to_7() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(5, 8)
    encoder = BagAttention(vectors, heads=2, embedding_dim=6, dropout=0.5).eval()
    words = vectors[[1, 4, 2]]
    query, key, value = encoder.query_key_value(words).chunk(3, dim=1)
    heads = []
    for columns in (slice(0, 4), slice(4, 8)):
        attention = torch.softmax(query[:, columns] @ key[:, columns].T / 4**0.5, dim=1)
        heads.append(attention @ value[:, columns])
    v_prime = encoder.attended(torch.cat(heads, dim=1))
    v = v_prime + encoder.feed_forward[0](v_prime)
    torch.testing.assert_close(encoder(torch.tensor([[2, 5, 3]])), encoder.norm(v.sum(0, keepdim=True)))


def test_genre_vectors_are_not_learned_and_must_divide_over_the_heads() -> None:
    encoder = BagAttention(torch.randn(5, 8), heads=4, embedding_dim=6, dropout=0.5)
    assert "vectors" not in dict(encoder.named_parameters())
    with pytest.raises(ValueError, match="6 dimensions cannot be split over 4 heads"):
        BagAttention(torch.randn(5, 6), heads=4, embedding_dim=6, dropout=0.5)
