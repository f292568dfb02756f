"""A catalogue of any size as the Melon Playlist Dataset lies on disk, with its statistics, for measuring alone.

    python benchmarks/scale/generate.py SONGS FOLDER [FRAMES]

Numbers of playlists and genres, lengths of playlists, detail genres a song and how often songs are in playlists follow
Melon's; mels are noise on one of a few shapes a genre, FRAMES (128) frames a song where Melon's have about 1,876. Songs
of a playlist are mostly of one genre, and its title names that, so that the stages have something to find.
"""

import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

MELON_SONGS, MELON_PLAYLISTS = 649_091, 148_826
MAJOR, DETAIL = 30, 219
MEDIAN_LENGTH, MEAN_LENGTH, MAX_LENGTH = 30, 45.9, 200
SPREAD = 1.95  # of a song's log-popularity: about half of the songs are then in one playlist
SECOND_GENRE = 0.131  # share of songs with two detail genres
OF_ITS_GENRE = 0.7  # share of a playlist's songs
SONGS_OF_ARTIST = 6
N_WORDS = 2_000  # that makers of playlists use beside the genre's
BANDS, TARS = 48, 40
SHAPES = 4  # mels that the songs of a genre are variations of
SPLIT = (0.773, 0.155)  # train.json, val.json; the rest is test.json


def write_melon(root: Path, n_songs: int, n_frames: int, seed: int = 0) -> None:
    """Write song_meta.json, genre_gn_all.json, the playlists and the tars of mels into `root`."""
    rng = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    popularity = 1 / np.arange(1, DETAIL + 1) ** 1.2
    genre_N = np.sort(rng.choice(DETAIL, n_songs, p=popularity / popularity.sum()))
    id_N = rng.permutation(n_songs)  # the songs of a genre lie apart
    _write_lists(root, rng, genre_N, id_N)
    _write_playlists(root, rng, genre_N, id_N)
    _write_mels(root, rng, genre_N[np.argsort(id_N)], n_frames)


def _write_lists(root: Path, rng: np.random.Generator, genre_N: np.ndarray, id_N: np.ndarray) -> None:
    codes = {f"GN{major:02d}00": f"Major {major}" for major in range(MAJOR)}
    code = [f"GN{genre % MAJOR:02d}{1 + genre // MAJOR:02d}" for genre in range(DETAIL)]
    _write_json(root / "genre_gn_all.json", codes | {code[genre]: f"Genre {genre}" for genre in range(DETAIL)})
    n_songs = len(genre_N)
    second_N = np.where(rng.random(n_songs) < SECOND_GENRE, rng.integers(DETAIL, size=n_songs), genre_N)
    # Songs are sorted by genre, so that an artist's lie in one genre, or in two that are neighbours; some have many.
    artist_N = (np.arange(n_songs) // SONGS_OF_ARTIST + rng.geometric(0.3, n_songs) ** 2) % -(
        -n_songs // SONGS_OF_ARTIST
    )
    songs = [
        {
            "id": int(id_N[n]),
            "song_name": f"Song {id_N[n]}",
            "album_id": int(artist_N[n]),
            "album_name": f"Album {artist_N[n]}",
            "artist_id_basket": [int(artist_N[n])],
            "artist_name_basket": [f"Artist {artist_N[n]}"],
            "song_gn_gnr_basket": [f"{code[genre_N[n]][:4]}00"],
            "song_gn_dtl_gnr_basket": list(dict.fromkeys((code[genre_N[n]], code[second_N[n]]))),
            "issue_date": "20200101",
        }
        for n in range(n_songs)
    ]
    _write_json(root / "song_meta.json", songs)


def _write_playlists(root: Path, rng: np.random.Generator, genre_N: np.ndarray, id_N: np.ndarray) -> None:
    n_songs = len(genre_N)
    n_playlists = max(10, round(n_songs * MELON_PLAYLISTS / MELON_SONGS))
    sigma = np.sqrt(2 * np.log(MEAN_LENGTH / MEDIAN_LENGTH))
    length_P = rng.lognormal(np.log(MEDIAN_LENGTH), sigma, n_playlists).round().clip(1, MAX_LENGTH).astype(int)
    of_P = np.repeat(np.arange(n_playlists), length_P)
    total_N = np.concatenate([[0], np.cumsum(np.exp(SPREAD * rng.standard_normal(n_songs)))])
    begin_G = np.searchsorted(genre_N, np.arange(DETAIL + 1))  # songs are sorted by genre
    theme_P = genre_N[rng.integers(n_songs, size=n_playlists)]
    of_theme = rng.random(len(of_P)) < OF_ITS_GENRE
    low, high = (np.where(of_theme, total_N[begin_G[theme_P + end]][of_P], total_N[-end]) for end in (0, 1))
    song = np.searchsorted(total_N, low + (high - low) * rng.random(len(of_P)), side="right") - 1
    song = np.clip(song, 0, n_songs - 1)
    # Every song is in a playlist, as the 649,091 of Melon are that the pipeline takes.
    left_out = np.setdiff1d(np.arange(n_songs), song)
    of_P = np.concatenate([of_P, rng.integers(n_playlists, size=len(left_out))])
    song = np.concatenate([song, left_out])
    order = np.argsort(of_P, kind="stable")
    songs_of_P = np.split(id_N[song[order]], np.searchsorted(of_P[order], np.arange(1, n_playlists)))
    words = (rng.zipf(1.3, (n_playlists, 3)) - 1) % N_WORDS
    playlists = [
        {
            "id": number,
            "plylst_title": f"genre{theme} word{word[0]}",
            "tags": [f"word{w}" for w in word[1:]],
            "songs": list(dict.fromkeys(songs.tolist())),
            "like_cnt": 1,
            "updt_date": "2020-01-01 12:00:00.000",
        }
        for number, (theme, word, songs) in enumerate(zip(theme_P.tolist(), words, songs_of_P, strict=True))
    ]
    edges = np.rint(np.cumsum(SPLIT) * n_playlists).astype(int)
    for name, part in zip(("train", "val", "test"), np.split(np.array(playlists, dtype=object), edges), strict=True):
        _write_json(root / f"{name}.json", part.tolist())


def _write_mels(root: Path, rng: np.random.Generator, genre_N: np.ndarray, n_frames: int) -> None:
    shapes = rng.normal(-60, 15, (DETAIL, SHAPES, BANDS, 1)).astype(np.float32)
    noise = rng.normal(0, 8, (64, BANDS, n_frames)).astype(np.float32)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(noise[0]))
    songs = np.array_split(np.arange(len(genre_N)), min(TARS, len(genre_N)))
    with tqdm(total=len(genre_N), desc="mels", unit="song") as progress:
        for number, block in enumerate(songs):
            with tarfile.open(root / f"arena_mel_{number}.tar", "w") as archive:
                for song in block.tolist():
                    mel_FT = shapes[genre_N[song], song % SHAPES] + noise[song * 7 % len(noise)]
                    member = tarfile.TarInfo(f"{song // 1000}/{song}.npy")
                    content = header.getvalue() + mel_FT.tobytes()
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
                    progress.update()


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    write_melon(Path(sys.argv[2]), int(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 128)
