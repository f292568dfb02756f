"""A vector for each name: Word2Vec over the names that songs have together, be they genres, words or artists."""

import zlib
from collections import Counter

import numpy as np
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec
from tqdm import tqdm

from unisono.params import NameVectors

SHOWN, NEAREST = 20, 3


def name_vectors(sentences: list[list[str]], params: NameVectors) -> tuple[list[str], np.ndarray]:
    """Word2Vec over songs as sentences of names.

    As in the published code, whose names are genres, a song's are a set, so the window spans the longest sentence and
    even a name with one song gets a vector. Sentences without a name are left out.

    Returns:
        the names in alphabetical order, and their vectors_GD as float32.

        A catalogue without names has none: (0, dim).
    """
    sentences = [sorted(set(sentence)) for sentence in sentences if len(sentence)]
    if not sentences:
        return [], np.zeros((0, params.dim), dtype=np.float32)
    model = Word2Vec(
        vector_size=params.dim,
        window=max(len(sentence) for sentence in sentences),
        min_count=1,
        sample=0,  # gensim's default drops frequent words, as text has them; of genres, all are frequent
        seed=params.seed,
        workers=1,  # gensim repeats itself on one thread only
        hashfxn=_hash,
    )
    model.build_vocab(sentences)
    with tqdm(total=params.epochs, desc="Word2Vec", unit="epoch") as bar:
        model.train(sentences, total_examples=len(sentences), epochs=params.epochs, callbacks=[_Progress(bar)])
    names = sorted(model.wv.key_to_index)
    return names, model.wv[names]


def evened(vectors_GD: np.ndarray) -> np.ndarray:
    """The vectors with a root mean square of 1, as inputs of a network have.

    A name that seldom or never stands beside another, as most artists, keeps the tiny vector that it was drawn with,
    which by its direction alone tells it from all others.
    """
    size_G1 = np.sqrt(np.mean(np.square(vectors_GD), axis=1, keepdims=True))
    return vectors_GD / np.where(size_G1 > 0, size_G1, 1)


def nearest_names(sentences: list[list[str]], names: list[str], vectors_GD: np.ndarray) -> dict[str, list[str]]:
    """The `NEAREST` nearest of the `SHOWN` names that most sentences have, by cosine, so that a person can judge them.

    Args:
        names, vectors_GD: what `name_vectors` returned for the sentences.
    """
    count = Counter(name for sentence in sentences for name in set(sentence))
    shown = sorted(names, key=lambda name: (-count[name], name))[:SHOWN]
    units_GD = vectors_GD / np.maximum(np.linalg.norm(vectors_GD, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    place = {name: row for row, name in enumerate(names)}
    found = {}
    for name in shown:
        best_first = np.argsort(-(units_GD @ units_GD[place[name]]), kind="stable")
        found[name] = [names[row] for row in best_first if row != place[name]][:NEAREST]
    return found


def _hash(text: str) -> int:
    """A hash that is the same in every process, unlike Python's own of a string."""
    return zlib.crc32(text.encode())


class _Progress(CallbackAny2Vec):
    def __init__(self, bar: tqdm) -> None:
        self.bar = bar

    def on_epoch_end(self, model: Word2Vec) -> None:
        self.bar.update()
