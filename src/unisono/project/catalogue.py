"""An embedded catalogue in a user's hands: what is like what, what comes next, what words mean."""

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.artifacts.read import read_table
from unisono.embeddings.model import Model
from unisono.embeddings.neighbours import normalised
from unisono.embeddings.read import load_embeddings
from unisono.errors import UserError
from unisono.modalities.genre_encoder import CONFIG, GenreEncoder
from unisono.params import load_params
from unisono.project.space import Space, between
from unisono.project.words import genres_in

EMBEDDINGS, FRAMES, MODEL = Path("data/embeddings"), Path("data/frames"), Path("data/models/trained")
ALIGNED, SOUND = "trained", "sound"
VOTES = 100  # nearest songs that each song of a playlist votes for: Ferraro et al. 2021, section 3.3
SHOWN = ["title", "artist", "genres"]

Track = str | os.PathLike[str]
Tracks = Track | Iterable[Track]


class OpenCatalogue:
    """The tracks that the first system's encoder has embedded, each with a vector of sound and an aligned one.

    A track is named by its id, by its title where no other has it, or by an audio file, which need not be of the
    catalogue. Answers are tables, best first: index track_id; columns title, artist, genres and similarity (a cosine).
    Titles and artists are empty where the catalogue has none.

    Args:
        folder: where the pipeline ran.
        corpus: its name in params.yaml.

    Attributes:
        tracks: index track_id; columns title, artist, genres (list[str]) and source, a file below the corpus's root.
        vectors_ND: (n, d) float32, the aligned embeddings.
        sound_ND: (n, d') float32, the features under them, which know least of genres and playlists.

    Raises:
        UserError: nothing was embedded there, or it is damaged.
    """

    def __init__(self, folder: str | os.PathLike[str] = ".", corpus: str = "catalogue") -> None:
        self.folder = Path(folder)
        self.corpus = corpus
        embedded = self.folder / EMBEDDINGS
        if not (embedded / corpus / ALIGNED).is_dir():
            there = ", ".join(sorted(path.parent.name for path in embedded.glob(f"*/{ALIGNED}")))
            advice = f"there are those of {there}" if there else "run `make repro` there first"
            raise UserError(f"{self.folder}: has no embeddings of the corpus '{corpus}'; {advice}")
        embeddings = load_embeddings(embedded / corpus / ALIGNED)
        self.vectors_ND = embeddings.tracks_ND
        self.sound_ND = load_embeddings(embedded / corpus / SOUND).tracks_ND
        table = read_table(self.folder / FRAMES / corpus / "tracks.parquet", "track_id", "genres", "source")
        for column in ("title", "artist"):
            table[column] = table[column].fillna("") if column in table else ""
        self.tracks = table.set_index("track_id")[[*SHOWN, "source"]].loc[embeddings.track_ids]

    def __len__(self) -> int:
        return len(self.tracks)

    def __repr__(self) -> str:
        return f"<unisono catalogue '{self.corpus}' of {self.folder.resolve()}: {len(self)} tracks>"

    @cached_property
    def root(self) -> Path:
        """The corpus's folder, as params.yaml names it."""
        return self.folder / load_params(self.folder / "params.yaml").corpora[self.corpus].root

    def file_of(self, track_id: str) -> Path:
        """Where a track's audio lies."""
        return Path(os.path.abspath(self.root / self.tracks["source"][track_id]))  # noqa: PTH100 (follows no links)

    def similar(
        self, like: Tracks, k: int = 10, *, unlike: Tracks = (), together: float = 1.0, same_artist: bool = True
    ) -> pd.DataFrame:
        """The k tracks nearest to one track, or to the mean of several.

        Args:
            like: the tracks; they are not among the answers.
            unlike: tracks to stay away from, subtracted from the mean.
            together: from 0, "sounds alike", to 1, "appears together": the weight of the aligned vectors.
            same_artist: whether other tracks of the artists of `like` may be among the answers.

        Raises:
            UserError: a track is unknown, or an argument is out of its range.
        """
        space = self._space(together)
        liked, unliked = self._look_up(like, space), self._look_up(unlike, space)
        if not len(liked.points_QD):
            raise UserError("no track is named; name one to find others like it")
        query_D = liked.points_QD.mean(axis=0)
        if len(unliked.points_QD):
            query_D = query_D - unliked.points_QD.mean(axis=0)
        left_out = {*liked.rows, *unliked.rows}
        if not same_artist:
            artists = set(self.tracks["artist"].iloc[liked.rows]) - {""}
            left_out |= set(np.flatnonzero(self.tracks["artist"].isin(artists)))
        return self._nearest(space, query_D, k, left_out)

    def search(self, words: str, k: int = 10) -> pd.DataFrame:
        """The k tracks nearest to genres, which need not be labelled with them: "indie rock, jazz".

        Raises:
            UserError: the words name no genre that the encoder knows, or the encoder learned without genres.
        """
        if not (self.folder / MODEL / CONFIG).exists():
            raise UserError(
                f"{self.folder / MODEL}: the model was trained without genres, so that words find nothing; train it"
                " with loss.lambda_a2g above 0 and train.objective: contrastive"
            )
        encoder = GenreEncoder(self.folder / MODEL)
        return self._nearest(self._space(1.0), encoder.embed(genres_in(words, encoder.genres)), k, set())

    def continue_playlist(self, tracks: Tracks, k: int = 100, *, together: float = 1.0) -> pd.DataFrame:
        """The k tracks that best continue a playlist, with a further column votes.

        Each of its tracks votes for the 100 tracks nearest to it; of equally many votes the higher summed similarity
        comes first. Source: Ferraro et al. 2021, section 3.3.

        Raises:
            UserError: as `similar`.
        """
        space = self._space(together)
        known = self._look_up(tracks, space)
        if not len(known.points_QD):
            raise UserError("the playlist has no track to go on from")
        votes_N, sum_N = np.zeros(len(self), dtype=np.int64), np.zeros(len(self))
        for point_D in known.points_QD:
            near = space.nearest(point_D, VOTES, set(known.rows))
            votes_N[near.rows] += 1
            sum_N[near.rows] += near.similarities
        best = np.lexsort((-sum_N, -votes_N))[: _at_least_one(k)]
        best = best[votes_N[best] > 0]
        answer = self._answer(best, sum_N[best] / votes_N[best])
        return answer.assign(votes=votes_N[best])

    def path(self, a: Track, b: Track, k: int = 10) -> pd.DataFrame:
        """A playlist of k tracks that leads from one track to another, both among them where they are in the catalogue.

        The stops lie evenly on the great circle between the two, and each is the nearest track not yet used.
        """
        space = self._space(1.0)
        ends = [self._look_up(track, space) for track in (a, b)]
        first_D, last_D = (end.points_QD[0] for end in ends)
        if _at_least_one(k) < 2:
            raise UserError(f"a path of {k} tracks is none; ask for 2 or more")
        used = [int(row) for end in ends for row in end.rows]
        stops = []
        for place in np.linspace(0, 1, k)[len(ends[0].rows) : k - len(ends[1].rows)]:
            stop_D = between(first_D, last_D, place)
            near = space.nearest(stop_D, 1, {*used, *stops})
            stops += [int(row) for row in near.rows]
        rows = np.array([*ends[0].rows, *stops, *ends[1].rows], dtype=np.int64)
        return self._answer(rows, space.points_ND[rows] @ first_D)

    def similar_artists(self, artist: str, k: int = 10, *, together: float = 1.0) -> pd.DataFrame:
        """The k artists nearest to one, by the mean of their tracks.

        Returns:
            index artist; columns similarity, tracks (how many), track_id and title: the track to start with, the
            artist's nearest to the one asked for.

        Raises:
            UserError: the catalogue does not know the artist, or no artists at all.
        """
        numbers_N, artists = pd.factorize(self.tracks["artist"].where(self.tracks["artist"] != ""))
        names = list(artists)
        if artist not in names:
            by_case = {name.casefold(): name for name in names}
            if artist.casefold() not in by_case:
                raise UserError(_unknown("artist", artist, names))
            artist = by_case[artist.casefold()]
        points_ND = self._space(together).points_ND
        mean_AD = np.zeros((len(names), points_ND.shape[1]), dtype=np.float32)
        np.add.at(mean_AD, numbers_N[numbers_N >= 0], points_ND[numbers_N >= 0])
        mean_AD = normalised(mean_AD)
        own = names.index(artist)
        similarity_A = mean_AD @ mean_AD[own]
        similarity_A[own] = -np.inf
        best = np.argsort(-similarity_A, kind="stable")[: min(_at_least_one(k), len(names) - 1)]
        nearness_N = points_ND @ mean_AD[own]
        starts = [int(max(np.flatnonzero(numbers_N == number), key=lambda row: nearness_N[row])) for number in best]
        return pd.DataFrame(
            {
                "similarity": similarity_A[best],
                "tracks": np.bincount(numbers_N[numbers_N >= 0], minlength=len(names))[best],
                "track_id": self.tracks.index[starts],
                "title": self.tracks["title"].iloc[starts].to_numpy(),
            },
            index=pd.Index([names[number] for number in best], name="artist"),
        )

    def _space(self, together: float) -> Space:
        if not 0 <= together <= 1:
            raise UserError(f"together is {together}, expected 0 (sounds alike) to 1 (appears together)")
        return Space(self.sound_ND, self.vectors_ND, together)

    def _look_up(self, tracks: Tracks, space: Space) -> "_Found":
        """Where tracks are in the catalogue, and their points; files from elsewhere are embedded."""
        wanted: list[Track] = [tracks] if isinstance(tracks, str | os.PathLike) else list(tracks)
        rows, points = [], []
        for track in wanted:
            row = self._row(track)
            if row is None:
                sound_D, aligned_D = (model.embed(track)[0] for model in self._models)
                points.append(space.point(sound_D, aligned_D))
            else:
                rows.append(row)
                points.append(space.points_ND[row])
        return _Found(np.array(rows, dtype=np.int64), np.array(points, dtype=np.float32))

    def _row(self, track: Track) -> int | None:
        """The row of a track of the catalogue, None for a file that is not of it."""
        name = os.fspath(track)
        if name in self.tracks.index:
            return int(self.tracks.index.get_loc(name))
        if len(titled := np.flatnonzero(self.tracks["title"] == name)) == 1:
            return int(titled[0])
        if len(titled) > 1:
            ids = ", ".join(self.tracks.index[titled[:10]])
            raise UserError(f"{len(titled)} tracks are called {name!r}; name one by its id: {ids}")
        if not Path(name).is_file():
            known = [*self.tracks["title"].unique(), *self.tracks.index]
            raise UserError(_unknown("track", name, [one for one in known if one]) + "; nor is it a file")
        return self._row_of_file.get(os.path.abspath(name))  # noqa: PTH100 (resolve() would follow links)

    @cached_property
    def _row_of_file(self) -> dict[str, int]:
        root = os.path.abspath(self.root)  # noqa: PTH100 (the same)
        return {os.path.normpath(Path(root, source)): row for row, source in enumerate(self.tracks["source"])}

    @cached_property
    def _models(self) -> list[Model]:
        """From a file to its sound, and to its aligned embedding."""
        return [Model(self.folder / MODEL, layer=layer) for layer in ("backbone", "projection")]

    def _nearest(self, space: Space, query_D: np.ndarray, k: int, left_out: set[int]) -> pd.DataFrame:
        near = space.nearest(query_D, _at_least_one(k), left_out)
        return self._answer(near.rows, near.similarities)

    def _answer(self, rows: np.ndarray, similarities: np.ndarray) -> pd.DataFrame:
        return self.tracks[SHOWN].iloc[rows].assign(similarity=np.asarray(similarities, dtype=np.float32))


@dataclass(frozen=True)
class _Found:
    rows: np.ndarray
    points_QD: np.ndarray


def _at_least_one(k: int) -> int:
    if k < 1:
        raise UserError(f"k is {k}, expected 1 or more")
    return k


def _unknown(kind: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 5, cutoff=0.5)
    return f"the catalogue has no {kind} {name!r}" + (f"; near are {', '.join(map(repr, near))}" if near else "")
