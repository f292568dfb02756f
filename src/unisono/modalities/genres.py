"""Genres as a modality."""

import pandas as pd

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

    def bags(self, tracks: pd.DataFrame) -> pd.Series:
        return tracks["genres"]
