"""Cross-modal retrieval: does a track's audio find what else is known of the track, and is it found by that?

The tracks of the test part that have a modality are queries and candidates: audio asks for genres, for playlists and
for words, and each of these for audio, by the cosine of points of the space that they were aligned in.

- Genres: a track's set of them, embedded by the encoder that was trained with the audio encoder.
- Playlists: a track's point is the mean, over the playlists that hold it, of the mean embedding of their known songs.
  It needs no encoder, and no factors, which test tracks do not have.
- Words: those of the titles and tags of the playlists that hold a track, embedded by their encoder. Of a test track
  they are the truth to be found: training saw none of them.

Tracks with the very same set of genres or words, or in the very same playlists, have one point: all of them are right.

Shapes: S tracks, each a query and a candidate; D dimensions; P playlists; B queries of a block.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags
from scipy.stats import hypergeom

from unisono.artifacts.read import read_table
from unisono.embeddings.neighbours import BLOCK_ELEMENTS, normalised
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.evaluation.measures.summary import Summary, summarise
from unisono.evaluation.task import Column, Corpus, Measured, NotMeasurable
from unisono.modalities.bag_encoder import BagEncoder, files_of
from unisono.modalities.song_words import song_words
from unisono.params.evaluation import CrossModal

HAS_UNTRAINED = False
PLAYLIST, MODALITIES = "playlist", ("genre", "playlist", "word")
SHOWN = ("audio_to_genres", "audio_to_playlists", "words_to_audio")  # what stands for the task
ENOUGH = 2  # tracks


def columns(task: CrossModal) -> tuple[Column, ...]:
    """R@K of the most ranks and the median rank of each way; the other R@K are in the details."""
    k = max(task.recall_at)
    ways = [(f"audio_to_{name}s", f"{name}s_to_audio") for name in MODALITIES]
    return tuple(
        column
        for way in chain.from_iterable(ways)
        for column in (
            Column(f"{way}.r@{k}", f"{way.replace('_', ' ')}: R@{k}", 1, headline=way in SHOWN, over_repeats=False),
            Column(f"{way}.median_rank", "median rank", 1, headline=False, over_repeats=False),
        )
    )


def score(task: CrossModal, model: Path, corpus: Corpus) -> Measured:
    """Return `r@K` in percent and the median rank of each way; without a modality's encoder, those of the others.

    A rank is that of the nearest right candidate; wrong ones that are as near come before it.
    """
    embeddings = load_embeddings(model)
    scores: dict[str, Summary] = {}
    counts: dict[str, int] = {}
    for name, points_SD, had in _points(embeddings, model, corpus):
        audio_SD = _vectors(embeddings, had.index)
        same_S = _same(had)
        ways = {f"audio_to_{name}s": (audio_SD, points_SD), f"{name}s_to_audio": (points_SD, audio_SD)}
        for way, (queries_SD, candidates_SD) in ways.items():
            rank_S = ranks(queries_SD, candidates_SD, same_S)
            scores |= {f"{way}.r@{k}": summarise(100.0 * (rank_S <= k)) for k in task.recall_at}
            scores[f"{way}.median_rank"] = summarise([float(np.median(rank_S))])
        counts |= {f"tracks_with_{name}s": len(had), f"different_{name}s": int(same_S.max()) + 1}
    if not scores:
        raise NotMeasurable(f"{model.name}: no modality that test tracks have has an encoder beside its embeddings")
    return Measured(scores, counts)


def chance(task: CrossModal, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
    """The candidates in random order: exact, hence a std of 0; the median is where half of the queries are right.

    Names that only the encoder's own training left out, such as rare words, are among the tracks' names here.
    """
    scores: dict[str, Summary] = {}
    for name, had in _modalities(n_windows.index, corpus).items():
        right_S = np.bincount(_same(had))[_same(had)]
        at = {f"r@{k}": 100 * found_at(k, right_S) for k in task.recall_at} | {"median_rank": median_rank(right_S)}
        for way in (f"audio_to_{name}s", f"{name}s_to_audio"):
            scores |= {f"{way}.{key}": summarise([value]) for key, value in at.items()}
    return scores


def ranks(queries_SD: np.ndarray, candidates_SD: np.ndarray, same_S: np.ndarray) -> np.ndarray:
    """The rank (s,), from 1, of each query's nearest right candidate, by cosine.

    Args:
        queries_SD, candidates_SD: at length one, the same track in the same row.
        same_S: which rows are right for each other: those of one number.
    """
    rank_S = np.empty(len(same_S), dtype=np.int64)
    block = max(1, BLOCK_ELEMENTS // len(same_S))
    for start in range(0, len(same_S), block):
        chosen = slice(start, start + block)
        similarity_BS = queries_SD[chosen] @ candidates_SD.T
        right_BS = same_S[chosen, None] == same_S
        nearest_B1 = np.where(right_BS, similarity_BS, -np.inf).max(axis=1, keepdims=True)
        rank_S[chosen] = 1 + ((similarity_BS >= nearest_B1) & ~right_BS).sum(axis=1)
    return rank_S


def found_at(k: int, right_S: np.ndarray) -> float:
    """The share of queries that have a right one among the first k of their candidates in random order.

    Args:
        right_S: how many of the S candidates are right for each query.
    """
    numbers, which_S = np.unique(right_S, return_inverse=True)  # few, and each takes its time
    return float(hypergeom.sf(0, len(right_S), numbers, min(k, len(right_S)))[which_S].mean())


def median_rank(right_S: np.ndarray) -> int:
    """The first rank by which half of the queries have met a right candidate, in random order."""
    low, high = 1, len(right_S)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if found_at(middle, right_S) >= 0.5 else (middle + 1, high)
    return low


def _points(embeddings: Embeddings, model: Path, corpus: Corpus) -> Iterator[tuple[str, np.ndarray, pd.Series]]:
    """Each modality that can be scored, the tracks' points in it, and what the tracks (index) have of it."""
    for name, had in _modalities(embeddings.track_ids, corpus).items():
        if name == PLAYLIST:
            yield name, _centroids(embeddings, had, corpus), had
        elif files_of(model, name)[1].exists():
            encoder = BagEncoder(model, name)
            known = set(encoder.names)
            had = _non_empty(had.map(lambda bag, known=known: tuple(one for one in bag if one in known)))
            if len(had) >= ENOUGH:
                yield name, normalised(encoder.embed_all(had.tolist())), had


def _modalities(embedded: pd.Index, corpus: Corpus) -> dict[str, pd.Series]:
    """What the embedded test tracks have: a tuple a track, by track_id; of genres, words and numbers of playlists.

    Raises:
        NotMeasurable: fewer than two tracks have any.
    """
    part = read_table(corpus.split, "track_id", "split").set_index("track_id")["split"]
    part = part[part.index.isin(embedded)]
    test, known = part.index[part == "test"], set(part.index[part != "test"])
    genres = corpus.table("tracks", "track_id", "genres").set_index("track_id")["genres"]
    taught = set(genres[genres.index.isin(known)].explode().dropna())
    playlists = _playlists(corpus)
    with_known = playlists["known"].map(lambda tracks: any(track in known for track in tracks))
    learned = set(playlists.loc[with_known, "words"].explode().dropna())
    in_test = set(test)
    hidden = playlists["hidden"].map(lambda tracks: [track for track in tracks if track in in_test])
    words = playlists["words"].map(lambda words: [word for word in words if word in learned])
    numbers: dict[str, list[int]] = {}
    listed = hidden[with_known].explode().dropna()
    for number, track in zip(listed.index.tolist(), listed, strict=True):
        numbers.setdefault(track, []).append(number)
    found = {
        "genre": genres.loc[test].map(lambda names: tuple(sorted({name for name in names if name in taught}))),
        PLAYLIST: pd.Series({track: tuple(sorted(set(of))) for track, of in numbers.items()}, dtype=object),
        "word": song_words(hidden, words).bags.map(tuple),
    }
    enough = {name: had for name, bags in found.items() if len(had := _non_empty(bags)) >= ENOUGH}
    if not enough:
        raise NotMeasurable(f"fewer than {ENOUGH} of the {len(test)} test tracks have a genre, or a playlist")
    return enough


def _playlists(corpus: Corpus) -> pd.DataFrame:
    """The playlists by number: columns `known` and `hidden` (list[str] of track ids) and `words`."""
    words = corpus.table("playlists", "playlist_id", "words")[["playlist_id", "words"]]
    songs = read_table(corpus.split_of_playlists, "playlist_id", "known", "hidden")
    return songs.merge(words, on="playlist_id", how="left", validate="1:1")


def _centroids(embeddings: Embeddings, had: pd.Series, corpus: Corpus) -> np.ndarray:
    """The mean over each track's playlists of the mean embedding of their known songs: (S, D), at length one."""
    listed = _playlists(corpus)["known"]
    songs = pd.Index(sorted(set(listed.explode().dropna()) & set(embeddings.track_ids)))
    mean_PD = _means(listed.explode().dropna(), songs, len(listed)) @ _vectors(embeddings, songs)
    numbers = had.reset_index(drop=True).explode().astype(np.int64)
    return normalised(_means(numbers, pd.RangeIndex(len(listed)), len(had)) @ mean_PD)


def _means(members: pd.Series, ids: pd.Index, n: int) -> csr_matrix:
    """A matrix (n, ids) that takes the mean over each row's members, each once; rows by the members' index."""
    columns = ids.get_indexer(pd.Index(members))
    rows = members.index.to_numpy()[columns >= 0]
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns[columns >= 0])), shape=(n, len(ids)))
    matrix.data[:] = 1
    return diags(1 / np.maximum(np.diff(matrix.indptr), 1)) @ matrix


def _vectors(embeddings: Embeddings, track_ids: pd.Index) -> np.ndarray:
    return normalised(embeddings.tracks_ND[embeddings.track_ids.get_indexer(track_ids)])


def _same(had: pd.Series) -> np.ndarray:
    """A number a track, one for all that have the very same."""
    return pd.factorize(pd.Series([frozenset(bag) for bag in had], dtype=object))[0]


def _non_empty(bags: pd.Series) -> pd.Series:
    return bags[bags.map(len) > 0]
