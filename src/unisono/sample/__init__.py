"""The embedded sample: a simulated music service with known ground truth, written in the real corpora's formats.

Everything is invented: `vocabulary` says what there is to hear, `world` draws artists and tracks, `score` and `synth`
let them be heard, `tags` and `playlists` are what annotators and listeners make of them, `*_format` write it all as
the real data sets lie on users' disks, a few of their faults included. Pure numpy and scipy; no data is needed.
"""

import multiprocessing
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from unisono.sample.files import Plan, write_json, write_truth
from unisono.sample.gtzan_format import plan_gtzan
from unisono.sample.jamendo_format import plan_jamendo
from unisono.sample.magnatagatune_format import plan_magnatagatune
from unisono.sample.melon_format import plan_melon


def write_sample(
    root: Path,
    corpora: Iterable[str],
    *,
    seed: int,
    songs: int,
    playlists: int,
    gtzan_tracks: int,
    jamendo_tracks: int,
    magnatagatune_clips: int,
    seconds: float,
    processes: int = 2,
) -> dict[str, Any]:
    """Write the listed corpora (melon, gtzan, jamendo, magnatagatune) into folders of these names under `root`, and
    manifest.json.

    The bytes depend on the arguments alone, and not on `processes`. Folders that an earlier call left are removed.

    Returns:
        The manifest: counts and planted faults of each corpus.
    """
    planners: dict[str, Callable[[Path], Plan]] = {
        "melon": lambda folder: plan_melon(folder, seed, songs, playlists, seconds),
        "gtzan": lambda folder: plan_gtzan(folder, seed, gtzan_tracks, seconds),
        "jamendo": lambda folder: plan_jamendo(folder, seed, jamendo_tracks, seconds),
        "magnatagatune": lambda folder: plan_magnatagatune(folder, seed, magnatagatune_clips, seconds),
    }
    for name in (*planners, "truth"):
        shutil.rmtree(root / name, ignore_errors=True)
    plans = {name: planners[name](root / name) for name in sorted(set(corpora))}
    for name, plan in plans.items():
        write_truth(root / "truth" / f"{name}.csv", plan.truth)
    _run([job for plan in plans.values() for job in plan.jobs], processes)
    manifest = {"seed": seed, "seconds": seconds, "corpora": {name: plan.facts for name, plan in plans.items()}}
    write_json(root / "manifest.json", manifest)
    return manifest


def _run(jobs: list[Callable[[], None]], processes: int) -> None:
    if processes == 1 or not jobs:
        for job in jobs:
            job()
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()
