"""Artists as a modality."""

from unisono.modalities.bag import Bag


class Artists(Bag):
    """A track's artists, in the catalogue's order."""

    name = "artist"
    letter = "r"
    folder = "artists"
    columns = ("artists",)
    missing = (
        "none of the training tracks has an artist; add artists (tracks.csv: artist; song_meta.json: artist_id_basket)"
    )
