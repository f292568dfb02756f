"""Packing ready mels beside copying their files, and a folder of music beside decoding it alone, on all cores.

python benchmarks/pack.py [FOLDER [ROUNDS]]

FOLDER is a corpus of format folder (tracks.csv and audio); without one only mels are packed. The mels are generated, as
long as Melon's (1,876 frames); what is read lies in the page cache for both, and each ends when its disk has all.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import report
from scale.generate import write_melon

from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.inventory import take_inventory, write_inventory
from unisono.corpora.reading.registry import read_catalogue
from unisono.frames.packing import pack
from unisono.frames.space import Cache
from unisono.params import load_params

SONGS, FRAMES = 4000, 1876
LIMITS = {"mels": 0.9, "audio": 1 / 1.25}


def seconds(work: Callable[[], object]) -> float:
    os.sync()
    started = time.perf_counter()
    work()
    os.sync()
    return time.perf_counter() - started


def n_cores() -> int:
    return len(os.sched_getaffinity(0))


def packing(catalogue: Catalogue, work: Path) -> dict[str, Any]:
    """Pack into `work` by the params of the sample."""
    params = load_params(Path("params.yaml"))
    work.mkdir()
    inventory = work / "inventory.csv"
    write_inventory(take_inventory(catalogue.root), inventory)
    settings = params.pack.model_copy(update={"max_reject_share": 1.0})
    return pack(
        catalogue,
        "benchmark",
        work / "out",
        params.mel,
        settings,
        n_cores(),
        inventory,
        work / "checkpoints",
        Cache(work),
    )


def measure(bench: str, root: Path, format_: str, against: str, other: Callable[[Path], object], rounds: int) -> None:
    """Let packing and the other take turns, and report the median of their ratios.

    Args:
        other: what packing is held against; it may write into the folder that it is given.
    """
    catalogue = read_catalogue(format_, root)
    times: list[tuple[float, float]] = []
    found: dict[str, Any] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
            alone = seconds(lambda to=Path(scratch, "other"): other(to))
            shutil.rmtree(Path(scratch, "other"), ignore_errors=True)
            packed = seconds(lambda to=Path(scratch, "packed"): found.update(packing(catalogue, to)))
            times.append((alone, packed))
    ratios = [alone / packed for alone, packed in times]
    value = statistics.median(packed for _, packed in times)
    ratio = statistics.median(ratios)
    report(
        f"packing {bench}", value, "s", ratio=ratio, against=against, ratios=ratios, limit=LIMITS[bench],
        tracks=found["tracks"], rejected=found["rejected"], hours=found["hours"],
        other_seconds=statistics.median(alone for alone, _ in times), workers=n_cores(),
    )  # fmt: skip


def main(folder: str = "", rounds: str = "3") -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "melon")
        write_melon(root, SONGS, FRAMES)
        measure(
            "mels", root, "melon", "cp of the same files",
            lambda to: subprocess.run(["cp", "-r", root, to], check=True), int(rounds),
        )  # fmt: skip
    if folder:  # torch is loaded for this alone: processes that pack load what this script loads
        from embed import decode

        from unisono.training.devices import in_threads

        files = [Path(folder, source) for source in read_catalogue("folder", Path(folder)).tracks["source"]]
        with tempfile.TemporaryDirectory() as scratch:
            music = Path(scratch, "music")
            music.symlink_to(Path(folder).resolve())
            measure(
                "audio", music, "folder", "decoding alone",
                lambda _: list(in_threads(decode, files, n_cores())), int(rounds),
            )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
