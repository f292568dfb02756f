"""Genres as a modality."""

import numpy as np

from unisono.modalities.bag import Bag


class Genres(Bag):
    """A track's genres, in the catalogue's order."""

    name = "genre"
    letter = "g"
    folder = "genres"
    columns = ("genres",)
    missing = (
        "none of the training tracks has a genre; add genres (tracks.csv: genres; song_meta.json:"
        " song_gn_dtl_gnr_basket)"
    )

    def targets(self, rows_N: np.ndarray) -> np.ndarray:
        """What a regression predicts of each track: which genres it has, (n, G)."""
        padded_NG = np.zeros((len(rows_N), len(self.ids) + 1), dtype=np.float32)
        np.put_along_axis(padded_NG, rows_N, 1, axis=1)
        return padded_NG[:, 1:]
