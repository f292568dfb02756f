"""Playlist continuation: which held-out songs belong to a playlist, told from the audio of its known songs.

Shapes: P playlists, Q queries (known songs), S candidates (test-set songs), K places of a continuation.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from unisono.artifacts.read import read_table
from unisono.embeddings.neighbours import nearest_annoy, nearest_exact, normalised
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.errors import UserError
from unisono.evaluation.measures.ranking import average_precision_at_k, ndcg_at_k
from unisono.evaluation.measures.summary import Summary, summarise
from unisono.evaluation.task import Column, Corpus, Measured, NotMeasurable
from unisono.params.evaluation import PlaylistContinuation

HAS_UNTRAINED = True
PLAYLISTS_PER_BLOCK = 2000  # bounds the memory that votes take


def columns(task: PlaylistContinuation) -> tuple[Column, ...]:
    names = (f"ndcg@{task.k}", f"nDCG@{task.k}"), (f"map@{task.k}", f"MAP@{task.k}")
    return tuple(Column(score, heading, 4, over_repeats=False) for score, heading in names)


def score(task: PlaylistContinuation, model: Path, corpus: Corpus) -> Measured:
    embeddings = load_embeddings(model)
    continuations = _continuations(embeddings.track_ids, corpus)
    items = evaluate_playlists(embeddings, continuations, task)
    return Measured(
        {str(name): summarise(values.to_numpy()) for name, values in items.items()}, continuations.counts, items
    )


def chance(task: PlaylistContinuation, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
    return random_continuation(_continuations(n_windows.index, corpus), task)


@dataclass(frozen=True)
class Continuations:
    """The task: playlists with at least one test-set song, their known songs and the songs to be found.

    Attributes:
        playlists: their ids (p).
        queries: ids of the songs (q) that some playlist knows, from the training and validation parts.
        candidates: ids of the test-set songs (s), sorted.
        known_PQ: which queries each playlist holds.
        truth_PS: which candidates each playlist holds; at least one.
        counts: how many playlists there are, and how many were left out for want of a test-set song.
    """

    playlists: pd.Index
    queries: pd.Index
    candidates: pd.Index
    known_PQ: csr_matrix
    truth_PS: csr_matrix
    counts: dict[str, int]

    @property
    def relevant_P(self) -> np.ndarray:
        """How many candidates each playlist holds."""
        return np.diff(self.truth_PS.indptr)


def _continuations(track_ids: pd.Index, corpus: Corpus) -> Continuations:
    split = read_table(corpus.split, "track_id", "split")
    return find_continuations(corpus.table("playlists", "playlist_id", "tracks"), split, track_ids, corpus.where)


def find_continuations(playlists: pd.DataFrame, split: pd.DataFrame, embedded: pd.Index, where: str) -> Continuations:
    """Return the playlists to continue; a song that a playlist names twice counts once.

    Args:
        playlists: columns `playlist_id` and `tracks`.
        split: columns `track_id` and `split`.
        embedded: ids of the songs that have an embedding; the others are left out.
        where: what to call the playlists in an error.

    Raises:
        NotMeasurable: there is no playlist, or none holds a test-set song.
        UserError: no test-set song is embedded.
    """
    if playlists.empty:
        raise NotMeasurable("there are no playlists")
    part = split.set_index("track_id")["split"]
    part = part[part.index.isin(embedded)]
    candidates = pd.Index(sorted(part.index[part == "test"]))
    if candidates.empty:
        raise UserError(
            f"{where}: no song of the test part has an embedding; raise split.test in params.yaml, or run `dvc repro`"
        )
    pairs = pd.DataFrame({"playlist": np.arange(len(playlists)), "track_id": playlists["tracks"].to_numpy()})
    pairs = pairs.explode("track_id").dropna().drop_duplicates()
    pairs = pairs[pairs["track_id"].isin(part.index)]
    in_test = pairs["track_id"].isin(candidates)
    continued = np.sort(pairs.loc[in_test, "playlist"].unique())
    if len(continued) == 0:
        raise NotMeasurable(
            f"none of the {len(playlists)} playlists holds one of the {len(candidates)} songs of the test part"
        )
    known = pairs[~in_test & pairs["playlist"].isin(continued)]
    queries = pd.Index(sorted(known["track_id"].unique()))
    known_PQ = _membership(known, continued, queries)
    counts = {
        "playlists": len(continued),
        "without_known_song": int((np.diff(known_PQ.indptr) == 0).sum()),
        "without_test_song": len(playlists) - len(continued),
        "queries": len(queries),
        "candidates": len(candidates),
    }
    ids = pd.Index(playlists["playlist_id"].to_numpy()[continued], name="item")
    truth_PS = _membership(pairs[in_test], continued, candidates)
    return Continuations(ids, queries, candidates, known_PQ, truth_PS, counts)


def evaluate_playlists(embeddings: Embeddings, task_data: Continuations, task: PlaylistContinuation) -> pd.DataFrame:
    """Return `ndcg@k` and `map@k` of each playlist's continuation, by the playlist's id."""
    vectors_ND = embeddings.tracks_ND
    queries_QD = normalised(vectors_ND[embeddings.track_ids.get_indexer(task_data.queries)])
    items_SD = normalised(vectors_ND[embeddings.track_ids.get_indexer(task_data.candidates)])
    if task.index == "exact":
        neighbours = nearest_exact(queries_QD, items_SD, task.k)
    else:
        neighbours = nearest_annoy(queries_QD, items_SD, task.k, task.annoy_trees, task.seed)
    hits_PK = continuation_hits(task_data, *neighbours, task.k)
    return pd.DataFrame(_scores(hits_PK, task_data.relevant_P), index=task_data.playlists)


def random_continuation(task_data: Continuations, task: PlaylistContinuation) -> dict[str, Summary]:
    """Return `ndcg@k` and `map@k` of the candidates in random order, whose std and n are over the repeats."""
    means: dict[str, list[float]] = {}
    for seed in range(task.seed, task.seed + task.repeats):
        hits_PK = _random_hits(task_data.relevant_P, len(task_data.candidates), task.k, np.random.default_rng(seed))
        for name, values in _scores(hits_PK, task_data.relevant_P).items():
            means.setdefault(name, []).append(float(values.mean()))
    return {name: summarise(values) for name, values in means.items()}


def continuation_hits(
    task_data: Continuations, neighbours_QK: np.ndarray, similarities_QK: np.ndarray, k: int
) -> np.ndarray:
    """Return whether the song at each place of each playlist's continuation is one of its own: (p, k) bool.

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
    votes_QS = csr_matrix((vote + similarities_QK[found].astype(np.float64), neighbours_QK[found], bounds), shape=shape)

    hits_PK = np.zeros((task_data.known_PQ.shape[0], k), dtype=bool)
    for start in range(0, len(hits_PK), PLAYLISTS_PER_BLOCK):
        scores_BS = task_data.known_PQ[start : start + PLAYLISTS_PER_BLOCK] @ votes_QS
        scores_BS.sort_indices()
        for row in range(scores_BS.shape[0]):
            entries = slice(scores_BS.indptr[row], scores_BS.indptr[row + 1])
            best_first = np.argsort(-scores_BS.data[entries], kind="stable")[:k]
            continuation = scores_BS.indices[entries][best_first]
            hits_PK[start + row, : len(continuation)] = np.isin(continuation, _row(task_data.truth_PS, start + row))
    return hits_PK


def _scores(hits_PK: np.ndarray, relevant_P: np.ndarray) -> dict[str, np.ndarray]:
    k = hits_PK.shape[1]
    return {f"ndcg@{k}": ndcg_at_k(hits_PK, relevant_P), f"map@{k}": average_precision_at_k(hits_PK, relevant_P)}


def _random_hits(relevant_P: np.ndarray, candidates: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Where each playlist's songs come in a random order of the candidates, as hits in its first k places."""
    hits_PK = np.zeros((len(relevant_P), k), dtype=bool)
    for hits_K, relevant in zip(hits_PK, relevant_P, strict=True):
        places = rng.choice(candidates, size=relevant, replace=False, shuffle=False)
        hits_K[places[places < k]] = True
    return hits_PK


def _membership(pairs: pd.DataFrame, playlists: np.ndarray, tracks: pd.Index) -> csr_matrix:
    """Which tracks each of the ascending playlist numbers holds."""
    rows = np.searchsorted(playlists, pairs["playlist"].to_numpy())
    columns = tracks.get_indexer(pd.Index(pairs["track_id"]))
    return csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(playlists), len(tracks)))


def _row(matrix: csr_matrix, row: int) -> np.ndarray:
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
