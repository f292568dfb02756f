"""The words of a song: those of the titles and tags of the playlists that hold it.

Shapes: P playlists, S songs, W words.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

MOST = 8  # words of a song: a popular one is in thousands of playlists, and soon has all words
DIGITS = 9  # of a word's weight: equal ones differ in their last bits


@dataclass(frozen=True)
class SongWords:
    """What songs are called.

    Attributes:
        bags: list[str] by track_id, of songs that have a word: each song's words, the most telling first.
        words: how many different ones there are.
        rare: how many more were left out, for too few playlists have them.
    """

    bags: pd.Series
    words: int
    rare: int


def song_words(songs: pd.Series, words: pd.Series, least: int = 1) -> SongWords:
    """Gather each song's words; of more than `MOST` the least telling are left out.

    A word tells the more of a song the more of its playlists have it, and the fewer playlists have it altogether: its
    weight is the one number times log(playlists / the other), the tf-idf of text retrieval. Of equal weights, words of
    more playlists altogether come first, then those that come first in the alphabet.

    Args:
        songs: list[str] of track ids a playlist; a song that occurs twice counts once.
        words: list[str] of each of these playlists, in the same order, each once.
        least: how many playlists with a song must have a word.
    """
    holding = (songs.map(len) > 0).to_numpy()
    song_of, word_of = (lists[holding].reset_index(drop=True).explode().dropna() for lists in (songs, words))
    counts = word_of.value_counts()
    known = sorted(counts.index[counts >= least], key=lambda word: (-counts[word], word))
    ids = pd.Index(pd.unique(song_of), dtype="str")
    n_playlists = int(holding.sum())
    songs_SP = _membership(song_of, ids, n_playlists).T.tocsr()
    counts_SW = songs_SP @ _membership(word_of, pd.Index(known, dtype="str"), n_playlists)
    counts_SW.sort_indices()
    telling_W = np.log(n_playlists / counts[known].to_numpy())
    names_W = np.array(known, dtype=object)
    bags = []
    for start, stop in zip(counts_SW.indptr[:-1], counts_SW.indptr[1:], strict=True):
        weights = np.round(counts_SW.data[start:stop] * telling_W[counts_SW.indices[start:stop]], DIGITS)
        first = np.argsort(-weights, kind="stable")[:MOST]
        bags.append(names_W[counts_SW.indices[start:stop][first]].tolist())
    found = pd.Series(bags, index=ids.rename("track_id"), dtype=object)
    return SongWords(found[found.map(len) > 0], len(known), len(counts) - len(known))


def _membership(exploded: pd.Series, ids: pd.Index, n_playlists: int) -> csr_matrix:
    """A matrix of ones (playlists, ids) of the ids that each playlist, by its number, has."""
    columns = ids.get_indexer(pd.Index(exploded))
    rows = exploded.index.to_numpy()[columns >= 0]
    matrix = csr_matrix((np.ones(len(rows), np.int64), (rows, columns[columns >= 0])), (n_playlists, len(ids)))
    matrix.data[:] = 1
    return matrix
