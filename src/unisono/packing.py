"""Packing a corpus into a frame store: several processes, bounded memory, restartable.

The work is cut into units (a tar, or a run of loose files) that do not depend on the number of processes. Each unit
writes a shard and, when that is complete, its part of the index; a pack that was killed goes on with the units that
have none. At the end shards and tables move to the out folder.
"""

import dataclasses
import hashlib
import json
import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from unisono.corpora.catalogue import Catalogue
from unisono.corpora.reading import rejects_table
from unisono.errors import UserError
from unisono.params import Mel, Pack
from unisono.sources import FrameReader, FrontEnd, RejectError, tar_member
from unisono.store import FrameWriter, shard_name, write_index

LOOSE_UNITS = 64  # loose files are dealt out over at most so many units (and shards) ...
MIN_LOOSE_FILES = 16  # ... of at least so many files
PACKAGE = Path(__file__).parent
CODE = ("packing.py", "sources.py", "store.py", "audio/decode.py", "audio/mel.py")


@dataclasses.dataclass(frozen=True)
class Unit:
    """What one process packs into one shard.

    Attributes:
        number: position among the units.
        sources: {track_id: source}, all members of one tar or all loose files.
    """

    number: int
    sources: dict[str, str]

    def shard(self, folder: Path) -> Path:
        """The unit's shard while packing; there is none if all its tracks were rejected."""
        return folder / f"unit-{self.number:05d}.h5"

    def part(self, folder: Path) -> Path:
        """The unit's part of the index and the rejects, written when the shard is complete."""
        return folder / f"unit-{self.number:05d}.json"

    def is_done(self, folder: Path) -> bool:
        """Whether part and shard are complete and still in the folder."""
        if not self.part(folder).exists():
            return False
        return self.shard(folder).exists() or not _read_part(self.part(folder))["tracks"]


def pack(
    catalogue: Catalogue,
    corpus: str,
    out: Path,
    front_end: FrontEnd,
    params: Pack,
    inventory: Path,
    checkpoints: Path,
) -> dict[str, Any]:
    """Pack all usable tracks of a catalogue and write the frame store and the tables into `out`.

    The bytes do not depend on `params.workers`, nor on whether an earlier call was interrupted.

    Args:
        catalogue: the corpus.
        corpus: its name in params.yaml.
        out: the folder of the store; what it held is removed.
        front_end: what the frames are; see `unisono.sources.FrameReader`.
        params: workers, max_frames, max_reject_share.
        inventory: the corpus's inventory; a change in it makes unfinished work worthless.
        checkpoints: where unfinished work is kept.

    Returns:
        Metrics: tracks, packed, rejected, reject_share, rejects by reason, hours, and counts of the catalogue.

    Raises:
        UserError: too many tracks were rejected, none is left, or a worker died.
    """
    units = cut_into_units(_sources(catalogue))
    work = checkpoints / f"{corpus}-{_fingerprint(catalogue, front_end, params, inventory)}"
    work.mkdir(parents=True, exist_ok=True)
    max_frames = params.max_frames if isinstance(front_end, Mel) else None
    reader = FrameReader(catalogue.root, front_end, max_frames)
    _pack_units(units, reader, work, params.workers, corpus)
    index, pack_rejects = _join_parts(units, work)
    rejects = pd.concat([catalogue.rejects, pack_rejects], ignore_index=True)[["track_id", "source", "reason"]]
    _refuse_many_rejects(corpus, len(index), rejects, params.max_reject_share, work)

    index = (
        index.set_index("track_id")
        .reindex(catalogue.tracks.index.intersection(pd.Index(index["track_id"])))
        .reset_index()
    )
    packed = _keep_packed(catalogue, index["track_id"])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    _write_tables(packed, rejects, out)
    _move_shards(units, index, work, out)
    for unfinished in checkpoints.glob(f"{corpus}-{'?' * 16}"):
        shutil.rmtree(unfinished)
    samples = int(index["n_frames"].sum()) * (front_end.hop_length if isinstance(front_end, Mel) else 1)
    return _metrics(catalogue, packed, rejects, samples / front_end.sample_rate)


def cut_into_units(source_of: dict[str, str]) -> list[Unit]:
    """Cut {track_id: source} into units: one a tar, then runs of loose files in their order."""
    by_tar: dict[str, dict[str, str]] = {}
    loose: list[tuple[str, str]] = []
    for track_id, source in source_of.items():
        if member := tar_member(source):
            by_tar.setdefault(member[0], {})[track_id] = source
        else:
            loose.append((track_id, source))
    size = max(MIN_LOOSE_FILES, -(-len(loose) // LOOSE_UNITS))
    runs = [dict(loose[first : first + size]) for first in range(0, len(loose), size)]
    return [Unit(number, sources) for number, sources in enumerate([*by_tar.values(), *runs])]


def pack_unit(unit: Unit, reader: FrameReader, work: Path) -> None:
    """Write the shard and then the part of one unit; frames of one track at a time are in memory."""
    tracks: list[tuple[str, int, int]] = []
    rejects: list[tuple[str, str, str]] = []
    with FrameWriter(unit.shard(work), reader.n_bands) as writer:
        for track_id, frames_TF in reader.read_all(unit.sources):
            if isinstance(frames_TF, RejectError):
                rejects.append((track_id, unit.sources[track_id], str(frames_TF)))
            else:
                tracks.append((track_id, writer.append(frames_TF), len(frames_TF)))
    if not tracks:
        unit.shard(work).unlink()
    unfinished = unit.part(work).with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"tracks": tracks, "rejects": rejects}), encoding="utf-8")
    unfinished.replace(unit.part(work))


def _pack_units(units: list[Unit], reader: FrameReader, work: Path, workers: int, corpus: str) -> None:
    todo = [unit for unit in units if not unit.is_done(work)]
    total, left = (sum(len(unit.sources) for unit in some) for some in (units, todo))
    progress = tqdm(desc=f"pack {corpus}", total=total, initial=total - left, unit=" tracks")
    if not todo:
        progress.close()
        return
    context = multiprocessing.get_context("spawn")
    with progress, ProcessPoolExecutor(min(workers, len(todo)), context, initializer=_use_one_thread) as pool:
        running = {pool.submit(pack_unit, unit, reader, work): unit for unit in todo}
        try:
            for done in as_completed(running):
                done.result()
                progress.update(len(running[done].sources))
        except BrokenProcessPool:
            raise UserError(
                f"packing {corpus}: a worker process died, most often for want of memory;"
                " lower pack.workers and run again: it goes on where it stopped"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _use_one_thread() -> None:
    """Each worker has one core; and sums do not depend on how many threads share them."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded, by workers that need it


def _read_part(path: Path) -> dict[str, list[Any]]:
    part: dict[str, list[Any]] = json.loads(path.read_text(encoding="utf-8"))
    return part


def _join_parts(units: list[Unit], work: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All parts as the index, shards numbered as in the out folder, and the rejects."""
    rows: list[tuple[str, int, int, int]] = []
    rejects: list[tuple[str, str, str]] = []
    shards = 0
    for unit in units:
        part = _read_part(unit.part(work))
        rows += [(track_id, shards, first, n_frames) for track_id, first, n_frames in part["tracks"]]
        rejects += [tuple(reject) for reject in part["rejects"]]
        shards += bool(part["tracks"])
    return pd.DataFrame(rows, columns=["track_id", "shard", "first_frame", "n_frames"]), rejects_table(rejects)


def _move_shards(units: list[Unit], index: pd.DataFrame, work: Path, out: Path) -> None:
    written = [unit.shard(work) for unit in units if unit.shard(work).exists()]
    for shard, path in enumerate(written):
        shutil.move(path, out / shard_name(shard))
    write_index(out, index)


def _refuse_many_rejects(corpus: str, packed: int, rejects: pd.DataFrame, max_share: float, work: Path) -> None:
    total = packed + len(rejects)
    if packed and len(rejects) <= max_share * total:
        return
    listing = work / "rejects.csv"
    rejects.to_csv(listing, index=False)
    reasons = ", ".join(f"{reason} ({count})" for reason, count in rejects["reason"].value_counts().head(5).items())
    raise UserError(
        f"{corpus}: {len(rejects)} of {total} tracks cannot be used, more than pack.max_reject_share = {max_share:g}"
        f" allows: {reasons}. {listing} lists them; mend them, or raise pack.max_reject_share"
    )


def _keep_packed(catalogue: Catalogue, track_ids: pd.Series) -> Catalogue:
    """The catalogue of the packed tracks only; playlists that have none left are dropped."""
    packed = set(track_ids)
    kept = [[track for track in tracks if track in packed] for tracks in catalogue.playlists["tracks"]]
    playlists = catalogue.playlists.assign(tracks=pd.Series(kept, index=catalogue.playlists.index, dtype=object))
    return dataclasses.replace(
        catalogue,
        tracks=catalogue.tracks.loc[catalogue.tracks.index.isin(packed)],
        playlists=playlists[playlists["tracks"].str.len() > 0],
        labels=catalogue.labels[catalogue.labels["track_id"].isin(packed)],
    )


def _write_tables(catalogue: Catalogue, rejects: pd.DataFrame, out: Path) -> None:
    _write_table(catalogue.tracks.rename_axis("track_id").reset_index(), "genres", out / "tracks.parquet")
    _write_table(catalogue.playlists.rename_axis("playlist_id").reset_index(), "tracks", out / "playlists.parquet")
    _write_table(catalogue.labels, "tags", out / "labels.parquet")
    rejects.to_csv(out / "rejects.csv", index=False)


def _write_table(table: pd.DataFrame, list_column: str, path: Path) -> None:
    """Write a table of text with one column of lists of text, typed even where it is empty."""
    fields = [(name, pa.list_(pa.string()) if name == list_column else pa.string()) for name in table.columns]
    pq.write_table(pa.Table.from_pandas(table, pa.schema(fields), preserve_index=False), path)


def _metrics(catalogue: Catalogue, packed: Catalogue, rejects: pd.DataFrame, seconds: float) -> dict[str, Any]:
    tracks = len(packed.tracks) + len(rejects)
    return {
        "tracks": tracks,
        "packed": len(packed.tracks),
        "rejected": len(rejects),
        "reject_share": len(rejects) / tracks,
        "rejects": {reason: int(count) for reason, count in sorted(rejects["reason"].value_counts().items())},
        "hours": seconds / 3600,
        "playlists": len(packed.playlists),
        "playlists_without_packed_track": len(catalogue.playlists) - len(packed.playlists),
        "catalogue": dict(catalogue.counts),
    }


def _sources(catalogue: Catalogue) -> dict[str, str]:
    return dict(zip(catalogue.tracks.index, catalogue.tracks["source"], strict=True))


def _fingerprint(catalogue: Catalogue, front_end: FrontEnd, params: Pack, inventory: Path) -> str:
    """What unfinished work depends on: sources, raw files, front end, code; not the number of workers."""
    digest = hashlib.sha256()
    for track_id, source in _sources(catalogue).items():
        digest.update(f"{track_id}\t{source}\n".encode())
    digest.update(json.dumps([str(catalogue.root), front_end.model_dump(), params.max_frames]).encode())
    for path in [inventory, *(PACKAGE / name for name in CODE)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
