"""An embedded catalogue in a user's hands: what is like what, what comes next, what words mean."""

import os
from collections.abc import Iterable
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from unisono.embeddings.neighbours import normalised
from unisono.errors import UserError
from unisono.frames.sources import in_file
from unisono.frames.store import FrameStore
from unisono.params import load_params
from unisono.project.embedded import ALIGNED, ENCODERS, FRAMES, embedded_by, read_embedded
from unisono.project.names import TrackNames, artist_number
from unisono.project.seeds import Seeds, Track, Tracks, find_seeds
from unisono.project.space import Side, Space, between
from unisono.project.words import names_in

VOTES = 100  # nearest tracks that each track of a playlist votes for: Ferraro et al. 2021, section 3.3
SEARCHED = {"genre": "genre", "word": "word of a playlist"}  # modalities that a text may name, and what one is called
PREVIEWS = "previews"  # a folder of a corpus of mels
SHOWN = ["title", "artist", "genres"]
UNLIKE = 0.5  # weight of what to stay away from: with all of it, little is left of a liked track that is near to it


class OpenCatalogue:
    """The tracks that the first system's encoder has embedded, each with a vector of its sound and an aligned one.

    A track is named by its id, by its title where no other has it, or by an audio file, which need not be of the
    catalogue. Answers are tables, best first: index track_id; columns title, artist, genres and similarity.

    `similarity` is the cosine of the answer's vector with what was asked for: 1 is the same direction, 0 has nothing in
    common, below 0 is the contrary. Between two kinds of vectors it is the mean of their cosines, weighed by
    `together`. It is rounded to six digits, and of equally similar tracks the first of the catalogue comes first.
    Cosines of two catalogues or trainings are not comparable.

    Args:
        folder: where the pipeline ran.
        corpus: its name in params.yaml.
        model: whose vectors: trained | another of `models`, to hear what it takes for similar. Others than the trained
            one have one vector a track, so that `together` changes nothing, and no genres beside it to search by.

    Attributes:
        tracks: index track_id; columns title and artist (empty where the catalogue has none), genres (list[str]) and
            source, where the audio lies below the corpus's root.
        vectors_ND: (n, d) float32, the aligned embeddings, in the order of `tracks`.
        sound_ND: (n, d') float32, the features under them, which know least of genres and playlists.

    Raises:
        UserError: nothing was embedded there, or it is damaged.
    """

    def __init__(self, folder: str | os.PathLike[str] = ".", corpus: str = "catalogue", model: str = ALIGNED) -> None:
        self.folder = Path(folder)
        self.corpus = corpus
        self.model = model
        self.tracks, aligned, sound = read_embedded(self.folder, corpus, model)
        self.vectors_ND, self.sound_ND = aligned.tracks_ND, sound.tracks_ND
        self._encoder = aligned.encoder

    def __len__(self) -> int:
        return len(self.tracks)

    def __repr__(self) -> str:
        return f"<unisono catalogue '{self.corpus}' of {self.folder.resolve()}: {len(self)} tracks>"

    @property
    def models(self) -> list[str]:
        """The models whose vectors of this corpus can be opened, the trained one first."""
        return list(embedded_by(self.folder, self.corpus))

    @cached_property
    def encoder(self) -> Path:
        """The folder of the encoder that made the vectors.

        Raises:
            UserError: none of the project's made them.
        """
        if self.model not in ENCODERS:
            raise UserError(
                f"{self.model}: no encoder of this project made these vectors, so that an audio file has none; name"
                " tracks of the catalogue, or ask the trained model"
            )
        return self.folder / ENCODERS[self.model]

    @cached_property
    def root(self) -> Path:
        """The corpus's folder, as params.yaml names it.

        Raises:
            UserError: params.yaml is missing or wrong, or does not name it.
        """
        path = self.folder / "params.yaml"
        corpora = load_params(path).corpora
        if self.corpus not in corpora:
            raise UserError(f"{path}: has no corpora.{self.corpus}, so where its audio lies is not known")
        return self.folder / corpora[self.corpus].root

    def file_of(self, track_id: str) -> Path:
        """The audio file of a track; of a mel, such as DUMP.tar!0/12.npy, its preview, if there is previews/0/12.ogg.

        Raises:
            UserError: its audio is no file of its own, as Melon's mels are, or the file is not there.
        """
        source = self.tracks["source"][track_id]
        path = Path(os.path.abspath(self.root / source))  # noqa: PTH100 (resolve() would follow links)
        if path.suffix == ".npy":
            *_, folder, name = ("", *Path(source.rpartition("!")[2]).parts)
            preview = self.root / PREVIEWS / folder / Path(name).with_suffix(".ogg")
            if preview.is_file():
                return preview
        if path.suffix == ".npy" or in_file(source):
            kind = "mel" if path.suffix == ".npy" else "vector"
            raise UserError(f"{track_id}: has no audio file that a player could open, only the {kind} {source}")
        if not path.is_file():
            raise UserError(
                f"{track_id}: its audio is not at {path}; bring it back, or mend corpora.{self.corpus}.root"
            )
        return path

    def playlist_of(self, track_ids: Iterable[str]) -> list[tuple[Path, str]]:
        """The audio files of tracks, each with what a player shows of it; raises as `file_of`."""
        chosen = self.tracks.loc[list(track_ids)]
        files = map(self.file_of, chosen.index)
        names = map(" - ".join, map(partial(filter, None), zip(chosen["artist"], chosen["title"], strict=True)))
        return [(file, name or file.stem) for file, name in zip(files, names, strict=True)]

    def frames_of(self, track_id: str) -> np.ndarray:
        """What encoders are given of a track, as it was packed: (T, F) float16, of audio its mel."""
        return self._store.read(track_id)

    def similar(
        self, like: Tracks, k: int = 10, *, unlike: Tracks = (), together: float = 1.0, same_artist: bool = True
    ) -> pd.DataFrame:
        """The k tracks nearest to one track, or to the mean of several.

        Args:
            like: the tracks; they are not among the answers.
            unlike: tracks to stay away from: half of their mean is subtracted from that of `like`.
            together: from 0, "sounds alike", to 1, "appears together": the weight of the aligned vectors.
            same_artist: whether other tracks of the artists of `like` may be among the answers.

        Raises:
            UserError: a track is unknown, its file cannot be used, it is both liked and not, or an argument is out of
                its range.
        """
        space = self._space(together)
        liked, unliked = self._seeds(like, space), self._seeds(unlike, space)
        if not len(liked.points_QD):
            raise UserError("no track is named; name one to find others like it")
        query_D = liked.points_QD.mean(axis=0)
        if len(unliked.points_QD):
            if (liked.points_QD[:, None] == unliked.points_QD).all(axis=2).any():
                raise UserError("a track is both liked and to stay away from; name different ones")
            query_D = query_D - UNLIKE * unliked.points_QD.mean(axis=0)
        left_out = {*liked.rows, *unliked.rows}
        if not same_artist:
            artists = set(self.tracks["artist"].iloc[liked.rows]) - {""}
            left_out |= set(np.flatnonzero(self.tracks["artist"].isin(artists)))
        return self._answer(*space.nearest(query_D, _at_least(1, k), left_out))

    def search(self, words: str, k: int = 10) -> pd.DataFrame:
        """The k tracks nearest to genres, which need not be labelled with them, and to words of playlists.

        "indie rock, jazz", or "rainy evening": the answer's `attrs["genres"]` and `attrs["words"]` are what the text
        was read as. A word that is also a genre is that genre; where there are both, each side counts half.

        Raises:
            UserError: the text names nothing that the encoders know, or the model learned with neither genres nor
                words.
        """
        from unisono.modalities.bag_encoder import BagEncoder, files_of  # torch takes seconds to load

        if self.model != ALIGNED:
            raise UserError(f"{self.model}: was aligned with no genres, so a text finds nothing; ask the trained model")
        folder = self.encoder
        encoders = {name: BagEncoder(folder, name) for name in SEARCHED if files_of(folder, name)[1].exists()}
        if not encoders:
            raise UserError(
                f"{folder}: the model was trained without genres and without words, so a text finds nothing; train it"
                " with loss.lambda_a2g or loss.lambda_a2t above 0 and train.objective: contrastive"
            )
        found = names_in(words, {SEARCHED[name]: encoder.names for name, encoder in encoders.items()})
        named = {name: found[SEARCHED[name]] for name in encoders}
        points_KD = np.stack([encoders[name].embed(names) for name, names in named.items() if names])
        query_D = normalised(points_KD).mean(axis=0)
        if self._layer != "projection" or len(query_D) != self.vectors_ND.shape[1]:
            raise UserError(
                f"{self.folder}: the embeddings of {self.corpus} are not in the space of the genres and words; set"
                " embedding.layer to projection, and run `make repro`"
            )
        answer = self._answer(*self._space(1.0).nearest(query_D, _at_least(1, k)))
        answer.attrs |= {f"{name}s": named.get(name, []) for name in SEARCHED}
        return answer

    def continue_playlist(self, tracks: Tracks, k: int = 100, *, together: float = 1.0) -> pd.DataFrame:
        """The k tracks that best continue a playlist, with a further column votes.

        Each of its tracks votes for the 100 tracks nearest to it; of equally many votes the higher summed similarity
        comes first (Ferraro et al. 2021, section 3.3). The similarity is the mean over the tracks that voted. Files
        that cannot be used are left out, with a warning.

        Raises:
            UserError: a track is unknown, none is left, or an argument is out of its range.
        """
        space = self._space(together)
        known = self._seeds(tracks, space, strict=False)
        if not len(known.points_QD):
            raise UserError("the playlist has no track to go on from")
        votes_N, sum_N = np.zeros(len(self), dtype=np.int64), np.zeros(len(self))
        for point_D in known.points_QD:
            rows, similarities = space.nearest(point_D, VOTES, set(known.rows))
            votes_N[rows] += 1
            sum_N[rows] += similarities
        best = np.lexsort((-sum_N, -votes_N))[: min(_at_least(1, k), np.count_nonzero(votes_N))]
        return self._answer(best, sum_N[best] / votes_N[best]).assign(votes=votes_N[best])

    def path(self, a: Track, b: Track, k: int = 10) -> pd.DataFrame:
        """A playlist of k tracks that leads from one track to another; these two are of it, if the catalogue has them.

        Stops lie evenly on the great circle between the two, each takes the nearest track not yet taken, and what they
        took is put in the order from a to b. `similarity` is that with a.

        Raises:
            UserError: as `similar`, or the two are one.
        """
        space = self._space(1.0)
        first, last = self._seeds(a, space), self._seeds(b, space)
        a_D, b_D = first.points_QD[0], last.points_QD[0]
        ends = [*first.rows, *last.rows]
        if len(ends) > len(set(ends)):
            raise UserError(f"{os.fspath(a)} and {os.fspath(b)} are one track; a path leads from one to another")
        k = min(_at_least(2, k), len(self) + 2 - len(ends))
        used = list(ends)
        for place in np.linspace(0, 1, k)[len(first.rows) : k - len(last.rows)]:
            rows, _ = space.nearest(between(a_D, b_D, place), 1, used)
            used += rows.tolist()
        nearer_b_N = space.similarities(b_D) - space.similarities(a_D)
        stops = sorted(used[len(ends) :], key=lambda row: nearer_b_N[row])
        rows_K = np.array([*first.rows, *stops, *last.rows], dtype=np.int64)
        return self._answer(rows_K, space.similarities(a_D)[rows_K])

    def similar_artists(self, artist: str, k: int = 10, *, together: float = 1.0) -> pd.DataFrame:
        """The k artists nearest to one, by the mean of their tracks.

        Returns:
            index artist; columns similarity, tracks (how many), track_id and title: the track to start with, the
            artist's nearest to the one asked for.

        Raises:
            UserError: the catalogue does not know the artist, or no artists at all.
        """
        space = self._space(together)
        numbers_N, names = pd.factorize(self.tracks["artist"].where(self.tracks["artist"] != ""), sort=True)
        own = artist_number(artist, list(names))
        credited = np.flatnonzero(numbers_N >= 0)
        shape = (len(names), len(self))
        groups_AN = csr_matrix((np.ones(len(credited), np.float32), (numbers_N[credited], credited)), shape=shape)
        means_AD = space.means(groups_AN)
        similarity_A = np.round(means_AD @ means_AD[own], 6)
        similarity_A[own] = -np.inf
        best = np.argsort(-similarity_A, kind="stable")[: min(_at_least(1, k), len(names) - 1)]
        nearness_N = space.similarities(means_AD[own])
        starts = [max(groups_AN[number].indices, key=lambda row: nearness_N[row]) for number in best]
        return pd.DataFrame(
            {
                "similarity": similarity_A[best],
                "tracks": np.diff(groups_AN.indptr)[best],
                "track_id": self.tracks.index[starts],
                "title": self.tracks["title"].iloc[starts].to_numpy(),
            },
            index=pd.Index(names[best], name="artist"),
        )

    def _space(self, together: float) -> Space:
        if not 0 <= together <= 1:
            raise UserError(f"together is {together}, expected 0 (sounds alike) to 1 (appears together)")
        sides = []
        if together < 1:
            sides.append(Side(1 - together, self._sound_units_ND, "backbone"))
        if together > 0:
            sides.append(Side(together, self._aligned_units_ND, self._layer))
        return Space(sides)

    @cached_property
    def _sound_units_ND(self) -> np.ndarray:
        return normalised(self.sound_ND)

    @cached_property
    def _aligned_units_ND(self) -> np.ndarray:
        return normalised(self.vectors_ND)

    @cached_property
    def _layer(self) -> str:
        """The layer that the aligned vectors are of, as embedding.layer was when they were exported."""
        return "backbone" if np.array_equal(self.vectors_ND, self.sound_ND) else "projection"

    @cached_property
    def _store(self) -> FrameStore:
        return FrameStore.open(self.folder / FRAMES / self.corpus)

    @cached_property
    def _names(self) -> TrackNames:
        try:
            return TrackNames(self.tracks, self.root)
        except UserError:  # without params.yaml ids and titles still are names
            return TrackNames(self.tracks, None)

    def _seeds(self, tracks: Tracks, space: Space, *, strict: bool = True) -> Seeds:
        return find_seeds(tracks, self._names, space, lambda: self.encoder, self._encoder, strict=strict)

    def _answer(self, rows: np.ndarray, similarities: np.ndarray) -> pd.DataFrame:
        return self.tracks[SHOWN].iloc[rows].assign(similarity=np.asarray(similarities, dtype=np.float32))


def _at_least(least: int, k: int) -> int:
    if k < least:
        raise UserError(f"k is {k}, expected {least} or more")
    return k
