"""Write a catalogue as the Melon Playlist Dataset lies on disk: JSON files and tars of .npy mels.

Beside them, and not in the data set, lie previews: something to hear.
"""

import io
import tarfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unisono.sample.files import Plan, write_json
from unisono.sample.mel import SAMPLE_RATE, log_mel
from unisono.sample.playlists import Playlist, make_playlists
from unisono.sample.previews import write_preview
from unisono.sample.synth import render
from unisono.sample.tags import UNMAPPED_CODE, genre_codes, genre_map
from unisono.sample.titles import make_title
from unisono.sample.vocabulary import INSTRUMENTS, MOODS
from unisono.sample.world import TRACKS_PER_ARTIST, Track, major_weights, make_artists, make_tracks, normalised

TARS = 4
UNLISTED = 0.09  # songs of song_meta.json in no playlist, relative to those in one (Melon: 707,989 to 649,091)
FAULTY = 0.003  # of the songs, for each kind of unusable mel (Melon: about 1% in all)
UNTAGGED = 0.002
TITLE_ONLY = 0.005  # of the playlists: in val.json and test.json Kakao Arena hid the songs of some
SPLIT = (0.773, 0.155)  # train.json, val.json; the rest is test.json
NAMELESS_ALBUMS = 4


def plan_melon(root: Path, seed: int, songs: int, playlists: int, seconds: float) -> Plan:
    """Draw the catalogue, write its JSON files into `root`, and plan the tars."""
    rng = np.random.default_rng([seed, 1])
    total = songs + round(UNLISTED * songs)
    artists = make_artists(rng, max(1, total // TRACKS_PER_ARTIST), major_weights())
    prolific = normalised(np.exp([artist.popularity for artist in artists]))
    tracks = make_tracks(rng, artists, rng.choice(len(artists), total, p=prolific), None, [seed, 1])
    ids = rng.permutation(total)  # the first `songs` tracks are those that playlists know
    drawn = make_playlists(rng, artists, tracks[:songs], playlists)
    faults = _plant_faults(rng, ids[:songs], songs)
    by_id = {int(ids[i]): tracks[i] for i in np.argsort(ids)}

    meta = [_song(rng, song, track, song in faults["without_detail_genre"]) for song, track in by_id.items()]
    for song in rng.choice(total, NAMELESS_ALBUMS, replace=False):
        meta[song]["album_name"] = None
    write_json(root / "song_meta.json", meta)
    write_json(root / "genre_gn_all.json", genre_map())
    # Words come from a generator of their own: what there is to hear, and which playlists there are, stay as they were.
    records = _records(rng, np.random.default_rng([seed, 5]), drawn, ids, tracks)
    unknown = _add_unknown_songs(rng, records, total)
    _write_playlists(rng, root, records)

    blocks = np.array_split(np.arange(total), TARS)
    jobs = [
        partial(write_tar, root / f"arena_mel_{k}.tar", {int(i): by_id[int(i)] for i in block}, faults, seconds)
        for k, block in enumerate(blocks)
    ]
    facts = {
        "songs": songs,
        "songs_in_no_playlist": total - songs,
        "playlists": playlists,
        "playlist_entries": int(sum(len(playlist.songs) for playlist in drawn)),
        "artists": len(artists),
        "faults": {**faults, "unknown_songs_in_playlists": unknown},
    }
    return Plan(facts, {str(song): track for song, track in by_id.items()}, list(jobs))


def write_tar(path: Path, tracks: dict[int, Track], faults: dict[str, list[int]], seconds: float) -> None:
    """Render `tracks` by song id into one tar of `{id // 1000}/{id}.npy`, float32 (48, T), with the faults planted.

    Each mel has a preview, previews/{id // 1000}/{id}.ogg beside the tar.
    """
    with tarfile.open(path, "w") as archive:
        for song, track in tracks.items():
            if song in faults["missing_mel"]:
                continue
            audio = render(track, seconds, SAMPLE_RATE)
            write_preview(path.parent / "previews" / f"{song // 1000}/{song}.ogg", audio, SAMPLE_RATE)
            mel_FT = log_mel(audio)
            content = _npy(np.zeros_like(mel_FT) if song in faults["all_zero_mel"] else mel_FT)
            if song in faults["truncated_mel"]:
                content = content[: 2 * len(content) // 3]
            member = tarfile.TarInfo(f"{song // 1000}/{song}.npy")  # its time is 0, its owner nobody
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _plant_faults(rng: np.random.Generator, ids: np.ndarray, songs: int) -> dict[str, list[int]]:
    """Choose different songs of playlists for every fault."""
    counts = {name: max(1, round(FAULTY * songs)) for name in ("missing_mel", "all_zero_mel", "truncated_mel")}
    counts["without_detail_genre"] = max(1, round(UNTAGGED * songs))
    chosen = iter(rng.choice(ids, sum(counts.values()), replace=False).tolist())
    return {name: sorted(next(chosen) for _ in range(count)) for name, count in counts.items()}


def _song(rng: np.random.Generator, song: int, track: Track, untagged: bool) -> dict[str, Any]:
    majors, details = genre_codes(rng, track)
    album = track.artist * 10 + int(rng.integers(3))
    return {
        "id": song,
        "song_name": f"{MOODS[track.mood].word.title()} {INSTRUMENTS[track.lead].name.title()} No. {song}",
        "album_id": album,
        "album_name": f"Album {album}",
        "artist_id_basket": [track.artist],
        "artist_name_basket": [f"Artist {track.artist}"],
        "song_gn_gnr_basket": [UNMAPPED_CODE] if untagged else majors,
        "song_gn_dtl_gnr_basket": [] if untagged else details,
        "issue_date": f"{rng.integers(1985, 2020)}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}",
    }


def _records(
    rng: np.random.Generator,
    words: np.random.Generator,
    playlists: list[Playlist],
    ids: np.ndarray,
    tracks: list[Track],
) -> list[dict[str, Any]]:
    """The playlists as Kakao Arena has them; titles and tags say what the playlist is about."""
    return [
        {
            "id": int(number),
            **make_title(words, [tracks[song] for song in playlist.songs], tracks[playlist.first], playlist.about),
            "songs": [int(ids[song]) for song in playlist.songs],
            "like_cnt": int(rng.geometric(0.02)) - 1,
            "updt_date": f"{rng.integers(2005, 2020)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d} 12:00:00.000",
        }
        for number, playlist in zip(rng.permutation(len(playlists)), playlists, strict=True)
    ]


def _add_unknown_songs(rng: np.random.Generator, records: list[dict[str, Any]], total: int) -> int:
    """Let a few playlists name a song that song_meta.json does not; returns how many do."""
    count = max(1, round(FAULTY * len(records)))
    for number in rng.choice(len(records), count, replace=False):
        records[number]["songs"].append(total + int(number))
    return count


def _write_playlists(rng: np.random.Generator, root: Path, records: list[dict[str, Any]]) -> None:
    edges = np.rint(np.cumsum(SPLIT) * len(records)).astype(int)
    train, validation, test = (list(part) for part in np.split(np.array(records, dtype=object), edges))
    for i in range(max(1, round(TITLE_ONLY * len(records)))):
        hidden = {**records[int(rng.integers(len(records)))], "id": len(records) + i, "songs": []}
        (validation if i % 2 else test).append(hidden)
    for name, part in (("train", train), ("val", validation), ("test", test)):
        write_json(root / f"{name}.json", part)
