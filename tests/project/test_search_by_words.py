"""Words of playlists find tracks, by themselves and beside genres."""

from pathlib import Path

import numpy as np
import pytest
import torch
from embedded import MODEL, embed_music

import unisono
from unisono.embeddings.neighbours import normalised
from unisono.errors import UserError
from unisono.modalities.bag import save_bag_encoder
from unisono.modalities.bag_encoder import BagAttention, BagEncoder


def test_words_of_playlists_find_what_lies_near_them(tmp_path: Path) -> None:
    folder = embed_music(tmp_path) / MODEL
    torch.manual_seed(1)
    encoder = BagAttention(torch.randn(3, 8), 4, 6, 0.0)
    save_bag_encoder(folder, "word", ["rainy", "evening", "high"], encoder)
    mine = unisono.open_catalogue(tmp_path)
    words, genres = (BagEncoder(folder, name) for name in ("word", "genre"))

    def nearest(query_D: np.ndarray) -> list[str]:
        return mine.tracks.index[np.argsort(-normalised(mine.vectors_ND) @ query_D)[:3]].tolist()

    answer = mine.search("Rainy evening", 3)
    assert (answer.attrs["genres"], answer.attrs["words"]) == ([], ["rainy", "evening"])
    assert answer.index.tolist() == nearest(words.embed(["rainy", "evening"]))
    answer = mine.search("rainy and high", 3)
    assert (answer.attrs["genres"], answer.attrs["words"]) == (["high"], ["rainy"])
    both_2D = normalised(np.stack([words.embed(["rainy"]), genres.embed(["high"])]))
    assert answer.index.tolist() == nearest(both_2D.sum(axis=0))
    for file in folder.glob("genre_encoder.*"):
        file.unlink()
    assert mine.search("high", 3).attrs == {"genres": [], "words": ["high"]}
    with pytest.raises(UserError, match="'calm' names no word of a playlist of this catalogue; there are rainy"):
        mine.search("calm")
