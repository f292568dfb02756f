"""The processes that pack units: they end when this one does, and no file can stop them for long.

A file that ends its worker (a crash in a decoder, or all the time there is) costs a second attempt on its own, and then
is a reject.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from tqdm import tqdm

from unisono.errors import UserError
from unisono.frames.sources import TrackReader
from unisono.frames.units import CPU_SECONDS, Unit, pack_unit, read_crashed, read_current, write_json

FORKSERVER = multiprocessing.get_context("forkserver")  # it loads libraries once for all, and has no threads of ours
FORKSERVER.set_forkserver_preload(["unisono.audio.decode", "unisono.audio.mel", "unisono.frames.units"])
CRASHES = {  # what ends a process and is the doing of the file that it read; SIGKILL is somebody else's
    **{getattr(signal, name): f"crashes its decoder ({name})" for name in ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE")},
    signal.SIGPROF: f"takes more than {CPU_SECONDS // 60} minutes to decode",
}


def pack_units(units: list[Unit], reader: TrackReader, work: Path, workers: int, corpus: str) -> None:
    todo = [unit for unit in units if not unit.is_done(work)]
    total, left = (sum(len(unit.sources) for unit in some) for some in (units, todo))
    with tqdm(desc=f"pack {corpus}", total=total, initial=total - left, unit=" tracks") as progress:
        while todo:
            try:
                _run_workers(todo, reader, work, workers, progress)
            except BrokenProcessPool:
                if not _find_crashes(todo, reader, work):
                    raise UserError(
                        f"packing {corpus}: a worker process died, most often for want of memory or disk"
                        " space; free some, or lower machine.workers, and run again: it goes on where it stopped"
                    ) from None
            todo = [unit for unit in todo if not unit.is_done(work)]


def _run_workers(todo: list[Unit], reader: TrackReader, work: Path, workers: int, progress: "tqdm[Any]") -> None:
    with ProcessPoolExecutor(min(workers, len(todo)), FORKSERVER, initializer=_start_worker) as pool, _no_child_left():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited: Ctrl-C is for this process alone
        try:
            running = {pool.submit(pack_unit, unit, reader, work): unit for unit in todo}
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for done in as_completed(running):
            done.result()
            progress.update(len(running[done].sources))


def _find_crashes(todo: list[Unit], reader: TrackReader, work: Path) -> bool:
    """Read on its own what each worker was reading; whether some of it ended its process again, and is noted."""
    found = False
    for unit in todo:
        track_id = read_current(unit, work)
        if track_id not in unit.sources or unit.is_done(work):
            continue
        process = FORKSERVER.Process(target=_read_alone, args=(reader, {track_id: unit.sources[track_id]}))
        with _no_child_left():
            process.start()
            process.join()
        if reason := CRASHES.get(-(process.exitcode or 0)):
            write_json(unit.crashed(work), {**read_crashed(unit, work), track_id: reason})
            found = True
    return found


def _read_alone(reader: TrackReader, sources: dict[str, str]) -> None:
    _start_worker()
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    for _ in reader.read_all(sources, lambda _: None):
        pass


@contextlib.contextmanager
def _no_child_left() -> Iterator[None]:
    """Kill the processes that were started inside when it is left by an exception."""
    before = multiprocessing.active_children()
    try:
        yield
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in before:
                process.kill()
        raise


def _start_worker() -> None:
    """One thread, as each worker has one core, and sums do not depend on how many share them; no end without it."""
    import torch  # here: they have it, and who starts them does without

    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "workers have one"
    wait([parent.sentinel])
    os._exit(1)
