"""Playlist continuation: which hidden songs belong to a playlist, told from the audio of its known songs.

The songs to be found are cold, which no playlist in training knows, or known to others. For known ones there are rows
beside audio: `popularity`, and `WARP`, the factors of the collaborative filtering that audio is aligned with.

Shapes: P playlists, Q queries (known songs), S candidates, K places of a continuation, T pairs of a playlist and a
hidden song of it, in the order of `truth_PS.indices`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import load_vectors
from unisono.embeddings.neighbours import BLOCK_ELEMENTS, nearest_annoy, nearest_exact, normalised
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.evaluation.measures.continuations import Continuations, find_continuations
from unisono.evaluation.measures.ranking import average_precision_at_k, ndcg_at_k, recall_at_k
from unisono.evaluation.measures.summary import Summary, summarise
from unisono.evaluation.task import Column, Corpus, Measured, NotMeasurable
from unisono.params.evaluation import PlaylistContinuation
from unisono.training.devices import pick_device

HAS_UNTRAINED = True
PLAYLISTS_PER_BLOCK = 2000  # bounds the memory that votes take
SHORT = 20  # places of Tamm & Aljanaki 2026 (arXiv 2604.23077), who report recall, nDCG and hit rate
BUCKETS = {"1": (1, 1), "2-4": (2, 4), "5-16": (5, 16), "17+": (17, np.inf)}  # playlists that hold a song
LENGTHS = {"1-8": (1, 8), "9-16": (9, 16), "17-32": (17, 32), "33-64": (33, 64), "65+": (65, np.inf)}  # known songs


def columns(task: PlaylistContinuation) -> tuple[Column, ...]:
    names = {f"ndcg@{task.k}": f"nDCG@{task.k}", f"map@{task.k}": f"MAP@{task.k}"}
    short = {
        f"recall@{SHORT}": f"Recall@{SHORT}",
        f"ndcg@{SHORT}": f"nDCG@{SHORT}",
        f"hit@{SHORT}": f"Hit rate@{SHORT}",
    }
    shown = names | short if task.k >= SHORT else names
    return tuple(Column(score, shown[score], 4, headline=score in names, over_repeats=False) for score in shown)


def score(task: PlaylistContinuation, model: Path, corpus: Corpus) -> Measured:
    # Of all models the same: a song that one has no vector of is one that it does not find.
    continuations = _continuations(task, pd.Index(corpus.table("tracks", "track_id")["track_id"]), corpus)
    return _measured(evaluate_playlists(load_embeddings(model), continuations, task, corpus.device), continuations)


def chance(task: PlaylistContinuation, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
    return random_continuation(_continuations(task, n_windows.index, corpus), task)


def references(task: PlaylistContinuation, embedded: pd.Index, corpus: Corpus) -> dict[str, Measured]:
    """The rows that are no embeddings, on the embedded tracks; of cold songs nothing but audio knows anything."""
    if task.songs == "cold":
        return {}
    data = _continuations(task, embedded, corpus)
    rows = {"popularity": by_popularity(data, task.k)}
    if corpus.factors is not None:
        rows["WARP"] = by_factors(data, *load_vectors(corpus.factors), task.k)
    return {name: _measured(_scores(places_T, data, task.k), data) for name, places_T in rows.items()}


def _continuations(task: PlaylistContinuation, track_ids: pd.Index, corpus: Corpus) -> Continuations:
    split = read_table(corpus.split, "track_id", "split")
    playlists = read_table(corpus.split_of_playlists, "playlist_id", "known", "hidden")
    return find_continuations(playlists, split, track_ids, corpus.where, task.songs)


def _measured(items: pd.DataFrame, task_data: Continuations) -> Measured:
    scores = {str(name): summarise(values.dropna().to_numpy()) for name, values in items.items()}
    return Measured(scores, task_data.counts, items)


def evaluate_playlists(
    embeddings: Embeddings, task_data: Continuations, task: PlaylistContinuation, device: str = "cpu"
) -> pd.DataFrame:
    """Return the scores of each playlist's continuation, by the playlist's id; see `_scores`.

    Songs without an embedding are not found, and those of a playlist's known songs do not vote. Exact neighbours are
    found on the `device`, auto | cpu | cuda.

    Raises:
        NotMeasurable: no song that may be found is embedded.
    """
    neighbours_QK, similarities_QK = _nearest(embeddings, task_data, task, device)
    return _scores(continuation_places(task_data, neighbours_QK, similarities_QK, task.k), task_data, task.k)


def _nearest(
    embeddings: Embeddings, task_data: Continuations, task: PlaylistContinuation, device: str
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers (q, k) int32 of each query's nearest candidates, -1 for none, and their cosines (q, k) float32."""
    rows_Q, rows_S = (embeddings.track_ids.get_indexer(ids) for ids in (task_data.queries, task_data.candidates))
    heard_Q, heard_S = np.flatnonzero(rows_Q >= 0), np.flatnonzero(rows_S >= 0)
    if len(heard_S) == 0:
        raise NotMeasurable(f"none of the {len(rows_S)} songs that may be found has an embedding")
    queries, items = (normalised(embeddings.tracks_ND[rows[rows >= 0]]) for rows in (rows_Q, rows_S))
    n_neighbours = task.k + (task.songs == "known")  # the nearest of a known song is the song itself
    if task.index == "exact":
        nearest, similarities = nearest_exact(queries, items, n_neighbours, pick_device(device))
    else:
        nearest, similarities = nearest_annoy(queries, items, n_neighbours, task.annoy_trees, task.seed)
    number_of = np.append(heard_S, -1).astype(np.int32)  # the last stands for none, which is -1 already
    neighbours_QK = np.full((len(rows_Q), nearest.shape[1]), -1, dtype=np.int32)
    similarities_QK = np.zeros(neighbours_QK.shape, dtype=np.float32)
    neighbours_QK[heard_Q], similarities_QK[heard_Q] = number_of[nearest], similarities
    return neighbours_QK, similarities_QK


def random_continuation(task_data: Continuations, task: PlaylistContinuation) -> dict[str, Summary]:
    """Return the scores of the candidates in random order, whose std and n are over the repeats."""
    means: dict[str, list[float]] = {}
    for seed in range(task.seed, task.seed + task.repeats):
        items = _scores(_random_places(task_data, seed), task_data, task.k)
        for name, values in items.items():
            means.setdefault(str(name), []).append(float(np.nanmean(values.to_numpy())))
    return {name: summarise(values) for name, values in means.items()}


def by_popularity(task_data: Continuations, k: int) -> np.ndarray:
    """The places (t) of the hidden songs among the candidates that most playlists know; of equal ones, by id."""
    places, best_first = _Places(task_data, k), np.argsort(-task_data.knowing_S, kind="stable")
    for playlist in range(len(task_data.playlists)):
        places.rank(playlist, best_first)
    return places.places_T


def by_factors(task_data: Continuations, ids: pd.Index, factors_ND: np.ndarray, k: int) -> np.ndarray:
    """The places (t) of the hidden songs by WARP: the inner product of the mean of a playlist's known songs' factors
    with a candidate's.

    The factors have learnt from the playlists' known songs, so that they say what audio could reach. On two catalogues
    this way to rank by them found more than cosines, votes as for audio, and the product plus WARP's biases did.
    """

    def of(tracks: pd.Index) -> np.ndarray:
        place = ids.get_indexer(tracks)
        return np.where(place[:, None] >= 0, factors_ND[place], 0)

    playlists_PD, candidates_SD = task_data.known_PQ @ of(task_data.queries), of(task_data.candidates)
    places, block = _Places(task_data, k), max(1, BLOCK_ELEMENTS // len(task_data.candidates))
    for start in range(0, len(playlists_PD), block):
        scores_BS = playlists_PD[start : start + block] @ candidates_SD.T
        for row, scores_S in enumerate(scores_BS):
            playlist = start + row
            places.rank(playlist, _best_first(scores_S, k + len(_row(task_data.held_PS, playlist))))
    return places.places_T


def _best_first(scores_S: np.ndarray, most: int, candidates_S: np.ndarray | None = None) -> np.ndarray:
    """The candidates with the best scores, at least so many if there are; of equal ones, by id.

    `candidates_S` says which ones are scored, in any order; without it, all are, in theirs.
    """
    least = np.partition(scores_S, -most)[-most] if most < len(scores_S) else -np.inf
    best = np.flatnonzero(scores_S >= least)
    numbers = best if candidates_S is None else candidates_S[best]
    return numbers[np.lexsort((numbers, -scores_S[best]))]


def continuation_places(
    task_data: Continuations, neighbours_QK: np.ndarray, similarities_QK: np.ndarray, k: int
) -> np.ndarray:
    """Return the place (t) of each hidden song in its playlist's continuation, from 0; k where it is not among k.

    The continuation is the k candidates that are most often among the neighbours of the playlist's known songs
    (section 3.3, playlist continuation). The paper leaves ties open: here the higher summed similarity comes first,
    then the smaller id. A playlist without a known song has no continuation.

    Args:
        task_data: the playlists; candidates are sorted by id.
        neighbours_QK: each query's nearest candidates; -1 stands for none.
        similarities_QK: their cosine similarities.
    """
    # A vote weighs more than all similarities of a playlist together, so that one product ranks by both.
    vote = 2.0 * (1 + np.diff(task_data.known_PQ.indptr).max(initial=0))
    found = neighbours_QK >= 0
    bounds = np.concatenate([[0], np.cumsum(found.sum(axis=1))])
    shape = (len(task_data.queries), len(task_data.candidates))
    votes = similarities_QK[found].astype(np.float64)
    votes += vote
    votes_QS = csr_matrix((votes, neighbours_QK[found], bounds), shape=shape)

    places = _Places(task_data, k)
    for start in range(0, len(task_data.playlists), PLAYLISTS_PER_BLOCK):
        scores_BS = task_data.known_PQ[start : start + PLAYLISTS_PER_BLOCK] @ votes_QS
        for row in range(scores_BS.shape[0]):
            voted = slice(scores_BS.indptr[row], scores_BS.indptr[row + 1])
            most = k + len(_row(task_data.held_PS, start + row))
            places.rank(start + row, _best_first(scores_BS.data[voted], most, scores_BS.indices[voted]))
    return places.places_T


class _Places:
    """The place of each hidden song (t) in continuations of k songs, filled in playlist by playlist."""

    def __init__(self, task_data: Continuations, k: int) -> None:
        self.held_PS, self.truth_PS, self.k = task_data.held_PS, task_data.truth_PS, k
        self.places_T = np.full(self.truth_PS.nnz, k)

    def rank(self, playlist: int, best_first: np.ndarray) -> None:
        """Take the k best candidates that the playlist does not know as its continuation."""
        if len(held := _row(self.held_PS, playlist)):
            best_first = best_first[: self.k + len(held)]
            best_first = best_first[np.isin(best_first, held, invert=True)]
        hidden = slice(self.truth_PS.indptr[playlist], self.truth_PS.indptr[playlist + 1])
        place, which = np.nonzero(best_first[: self.k, None] == self.truth_PS.indices[hidden])
        self.places_T[hidden][which] = place


def _scores(places_T: np.ndarray, task_data: Continuations, k: int) -> pd.DataFrame:
    """Each playlist's scores, by its id.

    `ndcg@k` and `map@k`; where k is 20 or more, `recall@20`, `ndcg@20` and `hit@20`; and `ndcg@k.in_2-4`, for which
    only songs that 2 to 4 playlists hold are to be found, NaN for a playlist that hides none; and `ndcg@k.of_9-16`, NaN
    for a playlist of which not 9 to 16 songs are known. As in rs_metrics, with
    which Tamm & Aljanaki evaluate, recall is the share of all hidden songs, however few places there are.
    """
    relevant_P = task_data.relevant_P
    hits_PK = _hits(places_T, relevant_P, k)
    scores = {f"ndcg@{k}": ndcg_at_k(hits_PK, relevant_P), f"map@{k}": average_precision_at_k(hits_PK, relevant_P)}
    if k >= SHORT:
        short_PK = hits_PK[:, :SHORT]
        scores[f"recall@{SHORT}"] = recall_at_k(short_PK, relevant_P)
        scores[f"ndcg@{SHORT}"] = ndcg_at_k(short_PK, relevant_P)
        scores[f"hit@{SHORT}"] = short_PK.any(axis=1).astype(float)
    holding_T = task_data.holding_S[task_data.truth_PS.indices]
    row_T = np.repeat(np.arange(len(relevant_P)), relevant_P)
    for bucket, (least, most) in BUCKETS.items():
        chosen_T = (least <= holding_T) & (holding_T <= most)
        wanted_P = np.bincount(row_T[chosen_T], minlength=len(relevant_P))
        ndcg_P, some_P = np.full(len(relevant_P), np.nan), wanted_P > 0
        if some_P.any():
            ndcg_P[some_P] = ndcg_at_k(_hits(places_T[chosen_T], wanted_P, k)[some_P], wanted_P[some_P])
            scores[f"ndcg@{k}.in_{bucket}"] = ndcg_P
    known_P = np.diff(task_data.known_PQ.indptr)
    for length, (least, most) in LENGTHS.items():
        chosen_P = (least <= known_P) & (known_P <= most)
        if chosen_P.any():
            scores[f"ndcg@{k}.of_{length}"] = np.where(chosen_P, scores[f"ndcg@{k}"], np.nan)
    return pd.DataFrame(scores, index=task_data.playlists)


def _hits(places_T: np.ndarray, relevant_P: np.ndarray, k: int) -> np.ndarray:
    """Whether the song at each place of each playlist's continuation is to be found: (p, k) bool."""
    hits_PK = np.zeros((len(relevant_P), k), dtype=bool)
    row_T, found_T = np.repeat(np.arange(len(relevant_P)), relevant_P), places_T < k
    hits_PK[row_T[found_T], places_T[found_T]] = True
    return hits_PK


def _random_places(task_data: Continuations, seed: int) -> np.ndarray:
    """Where the hidden songs (t) come in a random order of the candidates that their playlist does not know."""
    draw, share_out = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    places = []
    for relevant, held in zip(task_data.relevant_P, np.diff(task_data.held_PS.indptr), strict=True):
        unknown = len(task_data.candidates) - held
        places.append(share_out.permutation(draw.choice(unknown, size=relevant, replace=False, shuffle=False)))
    return np.concatenate(places)


def _row(matrix: csr_matrix, row: int) -> np.ndarray:
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
