"""Packing a corpus into a frame store: several processes, bounded memory, restartable.

The work is cut into units (a tar, or a run of loose files) that do not depend on the number of processes. Each unit
writes a shard and, when that is complete, its part of the index; a pack that was killed goes on with the units that
have none. At the end shards and tables move to the out folder.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from unisono.corpora.reading.catalogue import Catalogue, write_tables
from unisono.corpora.reading.files import rejects_table
from unisono.corpora.reading.inventory import read_inventory
from unisono.errors import UserError, saying_what_the_disk_said
from unisono.frames.sources import FrameReader, FrontEnd, TrackReader
from unisono.frames.space import Cache, bytes_to_pack, free_in, needed_in, refuse_without_space
from unisono.frames.store import shard_name, write_index
from unisono.frames.units import Unit, cut_into_units, forget_what_was_missing, read_json
from unisono.frames.vectors import VectorReader
from unisono.frames.workers import pack_units
from unisono.params import Mel, Pack, Vectors

PACKAGE = Path(__file__).parents[1]
CODE = (
    "audio/decode.py", "audio/mel.py", "audio/rejects.py", "audio/resample.py", "corpora/reading/tars.py",
    "corpora/reading/vector_files.py", "frames/packing.py", "frames/sources.py", "frames/store.py", "frames/units.py",
    "frames/vectors.py",
)  # fmt: skip


def pack(
    catalogue: Catalogue,
    corpus: str,
    out: Path,
    front_end: FrontEnd | Vectors,
    params: Pack,
    workers: int,
    inventory: Path,
    checkpoints: Path,
    cache: Cache,
) -> dict[str, Any]:
    """Pack all usable tracks of a catalogue and write the frame store and the tables into `out`.

    The bytes do not depend on `workers`, nor on whether an earlier call was interrupted.

    Args:
        catalogue: the corpus.
        corpus: its name in params.yaml.
        out: the folder of the store; what it held is removed.
        front_end: what the frames are; see `unisono.frames.sources.FrameReader` and
            `unisono.frames.vectors.VectorReader`.
        params: max_frames, max_reject_share.
        workers: processes.
        inventory: the corpus's inventory; a change in it makes unfinished work worthless.
        checkpoints: where unfinished work is kept.
        cache: where DVC will keep the store, and may need room too.

    Returns:
        Metrics: tracks, packed, rejected, reject_share, rejects and warnings by reason, hours, and counts of the
        catalogue.

    Raises:
        UserError: the disk has not room enough, before anything is written, or is full; too many tracks were rejected,
            none is left, files went away since the inventory, or a worker died.
    """
    with saying_what_the_disk_said(f"packing {corpus}", f"{checkpoints} or {out}"):
        units = cut_into_units(_sources(catalogue))
        work = checkpoints / f"{corpus}-{_fingerprint(catalogue, front_end, params, inventory)}"
        work.mkdir(parents=True, exist_ok=True)
        max_frames = params.max_frames if isinstance(front_end, Mel) else None
        reader = _reader(catalogue.root, front_end, max_frames)
        forget_what_was_missing(units, work)
        todo = [unit for unit in units if not unit.is_done(work)]
        n_bytes = bytes_to_pack(todo, catalogue.root, front_end, max_frames)
        needed = needed_in(work, cache, n_bytes)
        refuse_without_space(f"packing {corpus}", needed, free_in(needed))
        pack_units(units, reader, work, workers, corpus)
        _refuse_what_went_away(corpus, catalogue.root, inventory)
        index, pack_rejects, warnings = _join_parts(units, work)
        rejects = pd.concat([catalogue.rejects, pack_rejects], ignore_index=True)[["track_id", "source", "reason"]]
        _refuse_many_rejects(corpus, len(index), rejects, params.max_reject_share, work)

        index = (
            index.set_index("track_id")
            .reindex(catalogue.tracks.index.intersection(pd.Index(index["track_id"])))
            .reset_index()
        )
        packed = catalogue.of_tracks(index["track_id"])
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        write_tables(packed, out)
        rejects.to_csv(out / "rejects.csv", index=False)
        warnings.to_csv(out / "warnings.csv", index=False)
        _move_shards(units, index, work, out)
        for unfinished in checkpoints.glob(f"{corpus}-{'?' * 16}"):
            shutil.rmtree(unfinished)
        return _metrics(catalogue, packed, rejects, warnings, _amount(front_end, int(index["n_frames"].sum())))


def _reader(root: Path, front_end: FrontEnd | Vectors, max_frames: int | None) -> TrackReader:
    if isinstance(front_end, Vectors):
        return VectorReader(root, front_end.dim)
    return FrameReader(root, front_end, max_frames)


def _amount(front_end: FrontEnd | Vectors, n_frames: int) -> dict[str, float]:
    """How much was packed, in the unit that people think in."""
    if isinstance(front_end, Vectors):
        return {"vectors": n_frames}
    samples = n_frames * (front_end.hop_length if isinstance(front_end, Mel) else 1)
    return {"hours": samples / front_end.sample_rate / 3600}


def _join_parts(units: list[Unit], work: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """All parts as the index, shards numbered as in the out folder, the rejects and the warnings."""
    rows: list[tuple[str, int, int, int]] = []
    rejects: list[tuple[str, str, str]] = []
    warnings: list[tuple[str, str, str]] = []
    shards = 0
    for unit in units:
        part = read_json(unit.part(work))
        rows += [(track_id, shards, first, n_frames) for track_id, first, n_frames in part["tracks"]]
        rejects += [tuple(reject) for reject in part["rejects"]]
        warnings += [tuple(warning) for warning in part["warnings"]]
        shards += bool(part["tracks"])
    index = pd.DataFrame(rows, columns=["track_id", "shard", "first_frame", "n_frames"])
    return index, rejects_table(rejects), rejects_table(warnings)


def _move_shards(units: list[Unit], index: pd.DataFrame, work: Path, out: Path) -> None:
    written = [unit.shard(work) for unit in units if unit.shard(work).exists()]
    for shard, path in enumerate(written):
        shutil.move(path, out / shard_name(shard))
    write_index(out, index)


def _refuse_what_went_away(corpus: str, root: Path, inventory: Path) -> None:
    """Stop where the inventory, which stands for the raw data, lists files that are not there."""
    names = read_inventory(inventory)["name"]
    gone = [name for name in names if not (root / name).exists()]
    if gone:
        raise UserError(
            f"{corpus}: {len(gone)} of {len(names)} files that {inventory} lists are no longer in {root}, e.g."
            f" {gone[0]!r}; is a disk not mounted? Bring them back and run again, or, if they are to stay away,"
            " run `make inventory` first"
        )


def _refuse_many_rejects(corpus: str, packed: int, rejects: pd.DataFrame, max_share: float, work: Path) -> None:
    total = packed + len(rejects)
    if packed and len(rejects) <= max_share * total:
        return
    if total == 0:
        raise UserError(f"{corpus}: its catalogue has no track; is this the right folder, and is its list complete?")
    listing = work / "rejects.csv"
    rejects.to_csv(listing, index=False)
    reasons = ", ".join(f"{reason} ({count})" for reason, count in rejects["reason"].value_counts().head(5).items())
    raise UserError(
        f"{corpus}: {len(rejects)} of {total} tracks cannot be used, more than pack.max_reject_share = {max_share:g}"
        f" allows: {reasons}. {listing} lists them; mend them, or raise pack.max_reject_share"
    )


def _metrics(
    catalogue: Catalogue, packed: Catalogue, rejects: pd.DataFrame, warnings: pd.DataFrame, amount: dict[str, float]
) -> dict[str, Any]:
    tracks = len(packed.tracks) + len(rejects)
    return {
        "tracks": tracks,
        "packed": len(packed.tracks),
        "rejected": len(rejects),
        "reject_share": len(rejects) / tracks,
        "rejects": _by_reason(rejects),
        "warnings": _by_reason(warnings),
        **amount,
        "playlists": len(packed.playlists),
        "playlists_without_packed_track": len(catalogue.playlists) - len(packed.playlists),
        "catalogue": dict(catalogue.counts),
    }


def _by_reason(table: pd.DataFrame) -> dict[str, int]:
    return {str(reason): int(count) for reason, count in sorted(table["reason"].value_counts().items())}


def _sources(catalogue: Catalogue) -> dict[str, str]:
    return dict(zip(catalogue.tracks.index, catalogue.tracks["source"], strict=True))


def _fingerprint(catalogue: Catalogue, front_end: FrontEnd | Vectors, params: Pack, inventory: Path) -> str:
    """What unfinished work depends on: sources, raw files, front end, code; not the number of workers."""
    digest = hashlib.sha256()
    for track_id, source in _sources(catalogue).items():
        digest.update(f"{track_id}\t{source}\n".encode(errors="surrogateescape"))
    digest.update(json.dumps([str(catalogue.root), front_end.model_dump(), params.max_frames]).encode())
    for path in [inventory, *(PACKAGE / name for name in CODE)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
