"""What a model's embeddings tell of the genres in a folder of music, beside plain statistics of its mels.

    python -m unisono.experiments.genre_probe FOLDER [MODEL [LAYER]]

FOLDER is your own music, as README has it; MODEL a trained encoder's folder, by default the model that comes with the
package; LAYER projection or backbone. Prints JSON: the ROC AUC of the embeddings and of the statistics (mean and
standard deviation of each mel band over a track), as means over the genres, and how far the embeddings are ahead, with
95% intervals.

A genre is told from all others by logistic regression on standardised vectors, each track by a regression that has not
seen it: five folds, drawn ten times. The score is the ROC AUC, since a track may have several genres, and rare ones
count as much as frequent ones. The interval is a bootstrap over tracks, and says nothing of other trainings.

Where a genre is one artist's, or one game's, a vector that tells productions apart tells genres apart. So the scores
come a second time over pairs of tracks of the same artist (column `artist` of tracks.csv), which share all that.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import unisono
from unisono.audio.rejects import RejectError
from unisono.corpora.folder import read
from unisono.errors import UserError
from unisono.frames.sources import FrameReader
from unisono.params import Mel

Genres = dict[str, np.ndarray]  # name -> which of the n tracks have it, bool

MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)  # of the statistics, whatever the model hears
FOLDS, REPEATS = 5, 10
LEAST = 10  # tracks that have a genre, and that have it not: two a fold
BOOTSTRAPS = 2000


def main(folder: str, model: str | None = None, layer: str | None = None) -> None:
    tracks = read(Path(folder)).tracks
    files = [Path(folder, source) for source in tracks["source"]]
    sides = {"embeddings": embed(files, model, layer), "mel_statistics": mel_statistics(files)}
    used = np.array([all(vector is not None for vector in pair) for pair in zip(*sides.values(), strict=True)])
    if not used.any():
        raise UserError(f"{folder}: none of the {len(files)} files of tracks.csv can be read; see `unisono check`")
    vectors = {
        side: np.stack([vector for vector, both in zip(found, used, strict=True) if both and vector is not None])
        for side, found in sides.items()
    }
    result = probe(vectors, genres_of(tracks["genres"][used]), tracks["artist"][used] if "artist" in tracks else None)
    print(json.dumps({"tracks": len(files), "unreadable": int((~used).sum()), **result}, indent=2, ensure_ascii=False))


def embed(files: list[Path], model: str | None, layer: str | None) -> list[np.ndarray | None]:
    """Each file's embedding (d,); None where it cannot be read."""
    embedded = unisono.load(model, layer=layer).embed_files(files)
    return [None if isinstance(found, RejectError) else found.mean_D for _, found in embedded]


def mel_statistics(files: list[Path]) -> list[np.ndarray | None]:
    """Each file's mean and standard deviation of each mel band (2F,); None where it cannot be read."""
    reader = FrameReader(Path(), MEL, None)

    def statistics(file: Path) -> np.ndarray | None:
        found = reader.read(file)
        if isinstance(found, RejectError):
            return None
        frames_TF = found.frames_TF.astype(np.float32)
        return np.concatenate([frames_TF.mean(axis=0), frames_TF.std(axis=0)])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(statistics, files))


def genres_of(genres: pd.Series) -> Genres:
    """The genres of tracks that list them; genres of the very same tracks are one, called "a / b".

    Raises:
        UserError: no genre has enough tracks.
    """
    names: dict[bytes, list[str]] = {}
    for name in sorted(set(genres.explode().dropna())):
        has_N = np.array([name in of_track for of_track in genres])
        if LEAST <= has_N.sum() <= len(has_N) - LEAST:
            names.setdefault(has_N.tobytes(), []).append(name)
    if not names:
        raise UserError(f"no genre that at least {LEAST} tracks have and {LEAST} have not; probe a folder with more")
    return {" / ".join(of_one): np.frombuffer(has_N, dtype=bool) for has_N, of_one in names.items()}


def probe(vectors: dict[str, np.ndarray], genres: Genres, artists: pd.Series | None) -> dict[str, Any]:
    """Compare the vectors (n, d) of each side by how well they tell the genres of n tracks.

    Args:
        vectors: `embeddings` and `mel_statistics`.
        artists: who plays; None when that is not known.
    """
    wins = {
        side: {name: mean_wins(vectors_ND, has_N) for name, has_N in genres.items()}
        for side, vectors_ND in vectors.items()
    }
    n = len(vectors["embeddings"])
    result = {"all_pairs": compare(wins, genres, np.ones((n, n), dtype=bool))}
    if artists is not None:
        named_N = artists.to_numpy()
        of_one_NN = np.equal.outer(named_N, named_N) & (named_N != "")
        result["pairs_of_one_artist"] = compare(wins, genres, of_one_NN)
    return result


def mean_wins(vectors_ND: np.ndarray, has_N: np.ndarray) -> np.ndarray:
    """How often track i is held likelier than track j to have the genre, ties counting half: (n, n) in 0..1."""
    wins_NN = np.zeros((len(has_N), len(has_N)))
    for seed in range(REPEATS):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        score_N = cross_val_predict(regression, vectors_ND, has_N, cv=folds, method="decision_function")
        wins_NN += 0.5 + 0.5 * np.sign(np.subtract.outer(score_N, score_N))
    return wins_NN / REPEATS


def compare(wins: dict[str, dict[str, np.ndarray]], genres: Genres, pairs_NN: np.ndarray) -> dict[str, Any]:
    """Each side's ROC AUC over these pairs of tracks, and the difference of the two; genres without pairs are left out.

    Args:
        wins: by side and genre, see `mean_wins`.
        pairs_NN: which pairs of tracks count.
    """
    genres = {name: has_N for name, has_N in genres.items() if pairs_NN[has_N][:, ~has_N].any()}
    if not genres:
        return {"genres": {}}
    n = len(pairs_NN)
    resampled = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), BOOTSTRAPS)
    counted_BN = np.vstack([np.ones(n), resampled])  # row 0: the tracks as they are
    auc = {
        side: np.stack([_auc(counted_BN, of_side[name], has_N, pairs_NN) for name, has_N in genres.items()])
        for side, of_side in wins.items()
    }
    return {
        **{side: _with_interval(auc_GB) for side, auc_GB in auc.items()},
        "difference": _with_interval(auc["embeddings"] - auc["mel_statistics"]),
        "genres": {
            name: {"tracks": int(has_N.sum()), **{side: round(float(auc[side][g, 0]), 4) for side in auc}}
            for g, (name, has_N) in enumerate(genres.items())
        },
    }


def _auc(weights_BN: np.ndarray, wins_NN: np.ndarray, has_N: np.ndarray, pairs_NN: np.ndarray) -> np.ndarray:
    """ROC AUC with each track counted `weights` times: (b,); NaN where no pair is left."""
    positive_BN, negative_BN = weights_BN * has_N, weights_BN * ~has_N
    won_B = ((positive_BN @ (wins_NN * pairs_NN)) * negative_BN).sum(axis=1)
    pairs_B = ((positive_BN @ pairs_NN.astype(float)) * negative_BN).sum(axis=1)
    return won_B / np.where(pairs_B > 0, pairs_B, np.nan)


def _with_interval(values_GB: np.ndarray) -> dict[str, float]:
    """The mean over genres; a genre that a resample has no pairs of is left out of that one."""
    value, *drawn = np.ma.masked_invalid(values_GB).mean(axis=0).compressed()
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {name: round(float(x), 4) for name, x in (("value", value), ("low", low), ("high", high))}


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
