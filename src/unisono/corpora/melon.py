"""The Melon Playlist Dataset (Kakao Arena; Ferraro et al. 2021, ICASSP): Korean playlists, genres and mels.

Layout, as it is downloaded:

    song_meta.json                      [{id, song_gn_dtl_gnr_basket, song_name, artist_name_basket,
                                        artist_id_basket, ...}]
    genre_gn_all.json                   {code: name} of genres
    train.json, val.json, test.json     [{id, songs, plylst_title, tags, ...}], the playlists
    arena_mel_{0..39}.tar               {id // 1000}/{id}.npy: float32 (48, T) mels; or unpacked into arena_mel/

Users get it from Kakao Arena for non-profit research; it must not be redistributed.
"""

import reprlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import (
    Titles,
    is_text,
    playlists_table,
    read_json,
    read_records,
    refuse_duplicates,
    rejects_table,
    require_file,
    require_files,
    require_folder,
    tracks_table,
)
from unisono.corpora.reading.tars import MISSING_MEL, is_safe, tar_members
from unisono.errors import UserError

PLAYLIST_FILES = ("train.json", "val.json", "test.json")
UNSAFE_MEMBER = "unsafe tar member"


def read(root: Path) -> Catalogue:
    """Read the catalogue of all songs that are in at least one playlist.

    Genres are the names of the songs' detail genres, artists their ids; titles and the artists' names are columns as
    well, empty where song_meta.json has none. Songs without a mel are rejects; playlists keep the songs that are left.

    Raises:
        UserError: a file is missing or malformed, an id occurs twice, no playlist holds a song, or there are no mels.
    """
    lists = read_lists(root)
    genres_of, listed = lists.genres_of, lists.playlists
    mels, unsafe = index_mels(root)
    usable = [song for song in genres_of if song in mels]
    rejects = [
        (song, unsafe.get(song, ""), UNSAFE_MEMBER if song in unsafe else MISSING_MEL)
        for song in genres_of
        if song not in mels
    ]
    kept = {key: [song for song in songs if song in mels] for key, songs in listed.items()}
    playlists = {key: songs for key, songs in kept.items() if songs}
    return Catalogue(
        root=root,
        tracks=lists.tracks({song: mels[song] for song in usable}),
        playlists=playlists_table(playlists, titles=lists.titles),
        rejects=rejects_table(rejects),
        counts={
            **lists.counts,
            "tracks_without_genre": sum(not genres_of[song] for song in usable),
            "unsafe_tar_members": len(unsafe),
            "playlists_without_known_track": len(listed) - len(playlists),
        },
    )


@dataclass(frozen=True)
class Lists:
    """What the JSON files say, whatever mels there are.

    Attributes:
        genres_of: of each song that is in a playlist.
        artists_of: the ids of each song's artists.
        names_of: title and artist of each song.
        playlists: the known songs of each.
        titles: title and tags of each playlist.
        counts: what was left out.
    """

    genres_of: dict[str, list[str]]
    artists_of: dict[str, list[str]]
    names_of: dict[str, dict[str, str]]
    playlists: dict[str, list[str]]
    titles: Titles
    counts: dict[str, int]

    def tracks(self, sources: dict[str, str]) -> pd.DataFrame:
        """A catalogue's `tracks` of {song: source}."""
        songs = list(sources)
        genres, artists = ([of[song] for song in songs] for of in (self.genres_of, self.artists_of))
        table = tracks_table(songs, genres, list(sources.values()), artists)
        return table.assign(**{key: [self.names_of[song][key] for song in songs] for key in ("title", "artist")})


def read_lists(root: Path) -> Lists:
    """Read all but the mels.

    Raises:
        UserError: a file is missing or malformed, an id occurs twice, or no playlist holds a song.
    """
    require_folder(root, "the Melon Playlist Dataset (song_meta.json, train.json, arena_mel_*.tar, ...)")
    require_files(root, ("song_meta.json", "genre_gn_all.json", *PLAYLIST_FILES))
    genres_of, artists_of, names_of, unknown_codes = _read_songs(root)
    listed, titles, unknown_entries = _read_playlists(root, genres_of)
    in_playlists = {song for songs in listed.values() for song in songs}
    songs = {song: genres for song, genres in genres_of.items() if song in in_playlists}
    if not songs:
        raise UserError(
            f"{root}: none of the {len(genres_of)} songs of song_meta.json is in one of the {len(listed)} playlists of"
            f" {', '.join(PLAYLIST_FILES)}, and only songs in playlists are used; download the files again"
        )
    counts = {
        "songs_in_no_playlist": len(genres_of) - len(songs),
        "unknown_genre_codes": unknown_codes,
        "unknown_playlist_tracks": unknown_entries,
    }
    return Lists(songs, artists_of, names_of, listed, titles, counts)


def tars_of(root: Path) -> list[Path]:
    """The tars of mels, in the order of their numbers."""
    return sorted(root.glob("arena_mel_*.tar"), key=lambda path: (len(path.name), path.name))


def index_mels(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Where the mel of each song lies: {song: source}, and {song: source} of tar members that are not safe to read.

    Raises:
        UserError: there are neither tars nor an arena_mel folder, or a tar is not one.
    """
    tars = tars_of(root)
    folder = root / "arena_mel"
    if not tars and not folder.is_dir():
        raise UserError(f"{root}: has neither arena_mel_*.tar nor an arena_mel folder; put the mels there")
    mels: dict[str, str] = {}
    unsafe: dict[str, str] = {}
    for path in sorted(folder.glob("*/*.npy")):
        if is_text(path.name) and is_text(path.parent.name):
            mels[path.stem] = path.relative_to(root).as_posix()
    for tar in tars:
        require_file(tar)
        for _, member in tar_members(tar):
            name = PurePosixPath(member.name)
            if member.isdir() or name.suffix != ".npy":
                continue
            found = mels if is_safe(member) else unsafe
            found.setdefault(name.stem, f"{tar.name}!{member.name}")
    return mels, unsafe


def _read_songs(root: Path) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, dict[str, str]], int]:
    """Every song's genres, in the order of song_meta.json, its artists' ids, its title and artist, and how many codes
    had no name."""
    names = _unique_names(_read_names(root / "genre_gn_all.json"))
    path, key = root / "song_meta.json", "song_gn_dtl_gnr_basket"
    records = read_records(path, ("id", key))
    baskets = _lists(path, records, key, _is_string, "codes of genres")
    artists = _lists(path, records, "artist_id_basket", _is_id, "ids of artists")
    refuse_duplicates(path, (song for song, _ in baskets))
    codes_of = {song: list(dict.fromkeys(codes)) for song, codes in baskets}
    unknown = sum(code not in names for codes in codes_of.values() for code in codes)
    genres_of = {song: [names[code] for code in codes if code in names] for song, codes in codes_of.items()}
    artists_of = {song: list(dict.fromkeys(map(str, ids))) for song, ids in artists}
    return genres_of, artists_of, {str(record["id"]): _names(record) for record in records}, unknown


def _names(record: dict[str, Any]) -> dict[str, str]:
    """A song's title, and its artists joined by commas; what is no text is left out, for nothing depends on it."""
    basket = record.get("artist_name_basket")
    artists = [name.strip() for name in basket if is_text(name)] if isinstance(basket, list) else []
    title = record.get("song_name")
    return {"title": str(title).strip() if is_text(title) else "", "artist": ", ".join(dict.fromkeys(artists))}


def _read_names(path: Path) -> dict[str, str]:
    names: dict[str, str] = read_json(path, dict)
    for code, name in names.items():
        if not is_text(name) or not is_text(code):
            found = f"{reprlib.repr(code)}: {reprlib.repr(name)}"
            raise UserError(f"{path}: has {found}, expected the code of a genre and its name; download the file again")
    return names


def _unique_names(names: dict[str, str]) -> dict[str, str]:
    """Names of genres, told apart by their code where several genres share one ('all detail genres' does)."""
    times = Counter(names.values())
    return {code: name if times[name] == 1 else f"{name} ({code})" for code, name in names.items()}


def _read_playlists(root: Path, known: dict[str, list[str]]) -> tuple[dict[str, list[str]], Titles, int]:
    """The known songs of every playlist, each once, its title and tags, and how many entries name no song of
    song_meta.json."""
    key, playlists = "songs", []
    titles: Titles = {}
    for path in (root / name for name in PLAYLIST_FILES):
        records = read_records(path, ("id", key))
        playlists += _lists(path, records, key, _is_number_or_string, "ids of songs")
        tags = _lists(path, records, "tags", _is_string, "texts")
        titles |= {
            playlist_id: (_title(path, record), own) for record, (playlist_id, own) in zip(records, tags, strict=True)
        }
    refuse_duplicates(root / " + ".join(PLAYLIST_FILES), (playlist_id for playlist_id, _ in playlists))
    listed = {playlist_id: list(dict.fromkeys(map(str, songs))) for playlist_id, songs in playlists}
    unknown = sum(song not in known for songs in listed.values() for song in songs)
    known_songs = {key: [song for song in songs if song in known] for key, songs in listed.items()}
    return known_songs, titles, unknown


def _title(path: Path, record: dict[str, Any]) -> str:
    """A playlist's title; '' where it has none."""
    title = record.get("plylst_title")
    if title is not None and not isinstance(title, str):
        raise UserError(
            f"{path}: the playlist {record['id']} has {reprlib.repr(title)} as plylst_title, expected a text; download"
            " the file again"
        )
    return title or ""


def _lists(
    path: Path, records: list[dict[str, Any]], key: str, is_right: Callable[[object], bool], meaning: str
) -> list[tuple[str, list[Any]]]:
    """The id of every record of a file, as text, and the list that it has under `key`; none, or null, is an empty
    one."""
    lists = []
    for number, record in enumerate(records):
        record_id, entries = record["id"], [] if record.get(key) is None else record[key]
        if not _is_id(record_id):
            raise UserError(f"{path}: entry {number} has the id {reprlib.repr(record_id)}, expected a number or text")
        wrong = [entry for entry in (entries if isinstance(entries, list) else [entries]) if not is_right(entry)]
        if wrong or not isinstance(entries, list):
            raise UserError(
                f"{path}: entry {number} (id {record_id}) has {reprlib.repr([*wrong, entries][0])} in {key},"
                f" expected a list of {meaning}; download the file again"
            )
        lists.append((str(record_id), entries))
    return lists


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_number_or_string(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


def _is_id(value: object) -> bool:
    return is_text(value) or (isinstance(value, int) and not isinstance(value, bool))
