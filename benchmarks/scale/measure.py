"""Time and peak memory of each stage of the first system on a generated catalogue, stage by stage.

    python benchmarks/scale/measure.py SONGS FOLDER

FOLDER holds the catalogue (written there if there is none) and all that stages write; about 40 kB a song. What is
measured goes to benchmarks/scale/results/SONGS.json after each stage, and docs/scale.md is made of all of them. Run it
again after an interruption: stages that are in the file are left out. Each stage runs by its own command of dvc.yaml,
in a process of its own, with nothing beside it. Memory is what the processes of a stage hold for themselves; pages of
mapped files, which the system takes back when it needs them, are not counted.
"""

import contextlib
import json
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import networkx as nx
import psutil
import yaml
from dvc.repo import Repo

HERE = Path(__file__).parent
REPO = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from generate import write_melon  # noqa: E402 (sorted with the next, which the line above finds)
from harness import machine  # noqa: E402 (found by the line above)

RESULTS = HERE / "results"
PAGE = REPO / "docs" / "scale.md"
BEGIN, END = "<!-- figures: made by benchmarks/scale/measure.py -->\n", "<!-- end of figures -->\n"
FRAMES = 128  # of a song
POLL = 0.1  # seconds
IDLE = 50  # times as long as it takes to look, which is long where much memory is mapped
HOUR, MEMORY = 3600, 8e9
NOISE = 0.05  # of a measured power
# Of dvc.yaml, what the size of the catalogue does not reach: it works on audio corpora, or on others' vectors.
ELSEWHERE = (
    "compare", "pack_waves", "pretrain", "balance", "finetune", "export_similarity", "similarity_space",
)  # fmt: skip
Figures = dict[str, dict[str, float]]  # stage -> seconds, bytes


def params() -> dict[str, Any]:
    """Melon's params on one generated catalogue, with the sample's small encoder, and few epochs."""
    melon, sample = (yaml.safe_load((REPO / name).read_text()) for name in ("params/melon.yaml", "params.yaml"))
    tags = melon["evaluation"]["tags"]
    return melon | {
        "systems": {"alignment": ["catalogue"], "metric_learning": [], "embed": ["catalogue"]},
        "threads": 2,
        "precision": "fp32",
        "machine": {**melon["machine"], "workers": 2, "loaders": 0, "export_batch": 128},
        "corpora": {"catalogue": {"format": "melon", "root": "data/raw/melon"}},
        "cf": melon["cf"] | {"epochs": 2},
        "encoder": sample["encoder"],
        "train": melon["train"] | {"crop_frames": FRAMES, "epochs": 1},
        "evaluation": {
            "playlists": melon["evaluation"]["playlists"],
            "tags": tags | {"repeats": 2, "probe": tags["probe"] | {"epochs": 5}},
            "crossmodal": sample["evaluation"]["crossmodal"],
        },
    }


def prepare(folder: Path, n_songs: int) -> None:
    """A project without results in `folder`, and the catalogue in it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPO / "dvc.yaml", folder)
    (folder / "params.yaml").write_text(yaml.safe_dump(params()))
    if not (folder / "stages").exists():
        (folder / "stages").symlink_to(REPO / "stages")
    if not (folder / ".dvc").exists():
        subprocess.run(["dvc", "init", "--no-scm", "--quiet"], cwd=folder, check=True)
    raw = folder / "data/raw/melon"
    if not raw.exists():
        part = raw.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        write_melon(part, n_songs, FRAMES)
        part.rename(raw)


def stages(folder: Path) -> list[Any]:
    """The stages of the project in `folder`, in an order in which each finds what it needs."""
    with Repo(str(folder)) as repo:
        graph = nx.DiGraph(repo.index.graph).reverse()  # DVC's arrows lead from a stage to what it needs
        return list(nx.lexicographical_topological_sort(graph, key=lambda stage: stage.name))


def held(process: psutil.Process) -> int:
    """Bytes that a process and those below it hold for themselves, in memory or swapped."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            rollup = Path(f"/proc/{one.pid}/smaps_rollup").read_text()
        except OSError:  # it has ended
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(("Anonymous:", "Swap:")))
    return total * 1024


def measure(command: str, folder: Path) -> dict[str, float]:
    """Seconds and peak bytes of a stage's command."""
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(command.split(), cwd=folder) as running:
        while running.poll() is None:
            looked = time.perf_counter()
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                peak = max(peak, held(psutil.Process(running.pid)))
            time.sleep(max(POLL, IDLE * (time.perf_counter() - looked)))
    if running.returncode:
        raise SystemExit(f"`{command}` failed in {folder}; see its output above")
    return {"seconds": time.perf_counter() - started, "bytes": peak}


def read_results() -> dict[int, dict[str, Any]]:
    """What was measured, by number of songs."""
    files = RESULTS.glob("*.json")
    return dict(sorted((int(file.stem), json.loads(file.read_text(encoding="utf-8"))) for file in files))


def table(results: dict[int, dict[str, Any]]) -> str:
    """Seconds and memory of each stage at each size, and the power of the number of songs by which its time grows."""
    sizes = list(results)
    head = [f"{n:,} songs" for n in sizes]
    lines = [f"| stage | {' | '.join(head)} | growth | |", "|---" * (len(sizes) + 3) + "|"]
    for stage in dict.fromkeys(stage for n in sizes for stage in results[n]["stages"]):
        figures = {n: results[n]["stages"][stage] for n in sizes if stage in results[n]["stages"]}
        at = {n: figures[n]["seconds"] for n in list(figures)[-2:]}
        cells = [_cell(figures.get(n)) for n in sizes]
        lines.append(f"| `{stage}` | {' | '.join(cells)} | {_growth(at)} | {_flags(figures[max(figures)], at)} |")
    where = "; ".join(sorted({result["machine"] for result in results.values()}))
    return "\n".join([f"On {where}:\n", *lines]) + "\n"


def _cell(figures: dict[str, float] | None) -> str:
    return "" if figures is None else f"{figures['seconds']:,.0f} s, {figures['bytes'] / 1e9:.2f} GB"


def _power(seconds: dict[int, float]) -> float | None:
    """By which power of the size time grew between two sizes; a stage of a few seconds only starts up, and has none."""
    if len(seconds) < 2 or max(seconds.values()) < 10:
        return None
    (few, before), (many, after) = seconds.items()
    return math.log(after / before) / math.log(many / few)


def _growth(seconds: dict[int, float]) -> str:
    return "" if (power := _power(seconds)) is None else f"n^{power:.2f}"


def _flags(figures: dict[str, float], seconds: dict[int, float]) -> str:
    power, n = _power(seconds) or 0.0, list(seconds)
    n_log_n = 1 + math.log(math.log(n[-1]) / math.log(n[0])) / math.log(n[-1] / n[0]) if len(n) > 1 else math.inf
    raised = {
        "over an hour": figures["seconds"] > HOUR,
        "over 8 GB": figures["bytes"] > MEMORY,
        "more than n log n": power > n_log_n + NOISE,
    }
    return ", ".join(flag for flag, is_so in raised.items() if is_so)


def write_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}{table(read_results())}{END}{after}", encoding="utf-8")


def main(songs: str, folder: str) -> None:
    n_songs, place = int(songs), Path(folder).resolve()
    prepare(place, n_songs)
    file = RESULTS / f"{n_songs}.json"
    RESULTS.mkdir(exist_ok=True)
    done: Figures = json.loads(file.read_text(encoding="utf-8"))["stages"] if file.exists() else {}
    for stage in stages(place):
        for out in stage.outs:
            Path(out.fs_path).parent.mkdir(parents=True, exist_ok=True)
        if stage.name in done and all(Path(out.fs_path).exists() for out in stage.outs):
            continue
        print(stage.name, file=sys.stderr, flush=True)
        done[stage.name] = measure(stage.cmd, place)
        content = {"machine": machine(), "frames": FRAMES, "stages": done}
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        write_page()


if __name__ == "__main__":
    main(*sys.argv[1:])
