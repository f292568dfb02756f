"""Any number of audio files into one Parquet table of vectors; what was interrupted goes on where it stopped."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.compute import list_flatten
from tqdm import tqdm

from unisono.audio.rejects import RejectError
from unisono.corpora.reading.files import shown
from unisono.embeddings.model import Model, Windows
from unisono.encoders.saved import digest
from unisono.errors import UserError, saying_what_the_disk_said
from unisono.training.checkpoint import fingerprint
from unisono.training.devices import keep_freed_memory

CHUNK = 64  # files whose vectors are in memory, and are lost by an interruption
GROUP_ROWS = 1 << 14  # rows of a row group, at least
META = b"unisono"
PLACES = ("x", "y")


def embed_to_parquet(
    model: Model,
    files: Sequence[Path],
    out: Path,
    *,
    windows: bool,
    say: Callable[[str], object],
    layout: Callable[[np.ndarray], np.ndarray] | None = None,
) -> int:
    """Write a Parquet table of the files' vectors; return how many files have none.

    The columns are path, seconds (how long the audio is) and vector, a row a track; for windows path, start, end (in
    seconds) and vector; with a layout, x and y as well. Rows have the order of the files; the metadata says under
    `unisono` which model made them.

    `out` appears when it is whole. What is finished before lies in a folder beside it, called `out` with `.unfinished`
    behind it; a call with the same model and files, as long as these have not changed, goes on from there, and ends
    with the same bytes as one that was not interrupted.

    Args:
        windows: a row a window instead of one a track.
        say: is told a line on each file that has no vector, or whose audio is not quite right.
        layout: makes of the vectors (n, d) places (n, 2). All vectors are then in memory at once.

    Raises:
        UserError: `out` exists, no file can be used, or the disk has no room.
    """
    if os.path.lexists(out):
        raise UserError(f"{out}: exists, and is not overwritten; name another file, or move it away")
    if model.device.type == "cpu":
        keep_freed_memory()
    work = out.with_name(f"{out.name}.unfinished")
    with saying_what_the_disk_said(f"embedding into {out}", f"{work} or {out}"):
        work.mkdir(parents=True, exist_ok=True)
        job = _job(model, windows)
        chunks = [_Chunk(files[first : first + CHUNK], work, job) for first in range(0, len(files), CHUNK)]
        rejected = _embed_chunks(model, chunks, windows, say)
        if rejected == len(files):
            shutil.rmtree(work)
            raise UserError(f"none of the {len(files)} files can be embedded, so that there is nothing to write")
        whole = work / "whole"
        _join(chunks, whole, _schema(model, windows), layout(_vectors(chunks, model.dim)) if layout else None)
        if os.path.lexists(out):
            raise UserError(f"{out}: exists since a moment ago, and is not overwritten; move it away and run again")
        whole.replace(out)
        shutil.rmtree(work)
    return rejected


def reject_line(file: Path, reason: RejectError) -> str:
    """What to say of a file without a vector."""
    return f"{shown(str(file))}: skipped: {reason}"


def _embed_chunks(model: Model, chunks: list["_Chunk"], windows: bool, say: Callable[[str], object]) -> int:
    """Write the parts of the chunks that have none; return how many files of all are rejects."""
    kept = [chunk.notes() for chunk in chunks]
    todo = (file for chunk, notes in zip(chunks, kept, strict=True) if notes is None for file in chunk.files)
    rejected = 0
    bar = tqdm(total=sum(len(chunk.files) for chunk in chunks), unit=" files", disable=None)
    with closing(model.embed_files(todo)) as results, bar:
        for chunk, notes in zip(chunks, kept, strict=True):
            if notes is None:
                notes, tracks = _Notes(), []
                for file, found in islice(results, len(chunk.files)):
                    notes.take(file, found, say)
                    if isinstance(found, Windows):
                        tracks.append((file, found))
                    bar.update()
                chunk.write(_table(tracks, _schema(model, windows), windows), notes)
            else:
                for line in notes.lines:
                    say(line)
                bar.update(len(chunk.files))
            rejected += notes.rejected
    return rejected


@dataclass
class _Notes:
    """What to say of a chunk's files.

    Attributes:
        lines: on files without a vector, and on others that are not quite right.
        rejected: how many have none.
        lasts: whether another attempt would reject the same.
    """

    lines: list[str] = field(default_factory=list)
    rejected: int = 0
    lasts: bool = True

    def take(self, file: Path, found: Windows | RejectError, say: Callable[[str], object]) -> None:
        if isinstance(found, RejectError):
            self.lines.append(reject_line(file, found))
            self.rejected += 1
            self.lasts &= found.lasts
        elif found.warning:
            self.lines.append(f"{shown(str(file))}: {found.warning}")
        else:
            return
        say(self.lines[-1])


class _Chunk:
    """Some of the files, and the part that holds their rows: a Parquet table of a name that tells the files' state.

    Args:
        files: in the order of the rows.
        work: the folder of the parts.
        job: what is done with the files, as a name.
    """

    def __init__(self, files: Sequence[Path], work: Path, job: str) -> None:
        self.files = files
        state = json.dumps([job, [(os.fsdecode(file), *_size_and_time(file)) for file in files]])
        self.part = work / f"{hashlib.sha256(state.encode()).hexdigest()[:32]}.parquet"

    def notes(self) -> _Notes | None:
        """The notes of a part that is whole, and would not be another one today; None without one."""
        try:
            notes = _Notes(**json.loads(self.read().schema.metadata[META]))
        except Exception:  # pyarrow has no one error for damage
            return None
        return notes if notes.lasts else None

    def read(self) -> pa.Table:
        return pq.read_table(self.part, page_checksum_verification=True)

    def write(self, table: pa.Table, notes: _Notes) -> None:
        table = table.replace_schema_metadata({META: json.dumps(vars(notes))})
        unfinished = self.part.with_suffix(".unfinished")
        with _written(unfinished) as stream, _writer(stream, table.schema) as writer:
            writer.write_table(table)
        unfinished.replace(self.part)


def _join(chunks: list[_Chunk], whole: Path, schema: pa.Schema, places_N2: np.ndarray | None) -> None:
    """All parts as one table, in memory bounded by a row group; with places, if there are some."""
    if places_N2 is not None:
        schema = _placed(schema.empty_table(), places_N2[:0]).schema
    with _written(whole) as stream, _writer(stream, schema) as writer:
        waiting: list[pa.Table] = []
        written = 0
        for number, chunk in enumerate(chunks, 1):
            waiting.append(chunk.read().replace_schema_metadata(schema.metadata))
            if number == len(chunks) or sum(map(len, waiting)) >= GROUP_ROWS:
                group = pa.concat_tables(waiting)
                if places_N2 is not None:
                    group = _placed(group, places_N2[written : written + len(group)])
                writer.write_table(group)
                written += len(group)
                waiting = []


def _placed(table: pa.Table, places_N2: np.ndarray) -> pa.Table:
    """A table with the places of its rows as columns x and y."""
    for name, places_N in zip(PLACES, places_N2.T, strict=True):
        table = table.append_column(name, pa.array(places_N, pa.float32()))
    return table


def _vectors(chunks: list[_Chunk], dim: int) -> np.ndarray:
    """The vectors (n, d) of all parts, in the order of the rows."""
    return np.concatenate([list_flatten(chunk.read()["vector"]).to_numpy().reshape(-1, dim) for chunk in chunks])


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """A file that lies on the disk when it is left."""
    with path.open("wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _writer(stream: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(stream, schema, use_dictionary=["path"], write_page_checksum=True)


def _schema(model: Model, windows: bool) -> pa.Schema:
    times = {"start": pa.float64(), "end": pa.float64()} if windows else {"seconds": pa.float64()}
    columns = {"path": pa.string(), **times, "vector": pa.list_(pa.float32())}
    about = {
        "model": shown(str(model.folder)),
        "weights_sha256": digest(model.encoder),
        "layer": model.layer,
        "dimensions": model.dim,
        "window_seconds": model.window_seconds,
    }
    return pa.schema(columns, {META: json.dumps(about)})


def _table(tracks: list[tuple[Path, Windows]], schema: pa.Schema, windows: bool) -> pa.Table:
    if not tracks:
        return schema.empty_table()
    paths, found = np.array([shown(str(file)) for file, _ in tracks], dtype=object), [track for _, track in tracks]
    if windows:
        vectors_MD = np.concatenate([track.vectors_MD for track in found])
        times = [np.concatenate([track.start_M for track in found]), np.concatenate([track.end_M for track in found])]
        paths = np.repeat(paths, [len(track.vectors_MD) for track in found])
    else:
        vectors_MD = np.stack([track.mean_D for track in found])
        times = [np.array([track.seconds for track in found])]
    vectors = pa.FixedSizeListArray.from_arrays(vectors_MD.ravel(), vectors_MD.shape[1])
    return pa.table([paths, *times, vectors.cast(schema.field("vector").type)], schema=schema)


def _job(model: Model, windows: bool) -> str:
    """A name for what is done with a file, by this code: other work has another name."""
    settings = [
        digest(model.encoder), model.front_end.model_dump(), model.layer, model.precision, str(model.device), windows
    ]  # fmt: skip
    return fingerprint(settings, [], Path(__file__))


def _size_and_time(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except (OSError, ValueError):
        return -1, -1
    return status.st_size, status.st_mtime_ns
