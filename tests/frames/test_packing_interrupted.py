"""A pack that is killed, or robbed of its files or its disk, says so, and goes on to the same bytes."""

import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from killing import left_by_kills

from unisono.corpora import folder
from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.inventory import take_inventory, write_inventory
from unisono.errors import UserError
from unisono.frames.packing import pack
from unisono.frames.sources import FrameReader, Reading
from unisono.frames.space import Cache
from unisono.frames.units import Unit, cut_into_units, pack_unit, read_json, write_json
from unisono.frames.workers import pack_units
from unisono.params import Mel, Pack

MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
N_TRACKS = 17  # two units
WRITERS = ("pack_unit", "write_json", "__exit__", "_copy_to_shard", "pack", "write_tables", "_move_shards")


class Hostile(FrameReader):
    """Reads tracks as a broken decoder would: the name of a file says what happens to the process."""

    def _read(self, path: Path) -> Reading:
        if path.stem == "sleep":
            (self.root / f"{os.getpid()}.pid").touch()
            time.sleep(600)
        if path.stem.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, path.stem))
        return Reading(np.ones((3, 48), dtype=np.float16))


def write_mels(root: Path) -> Catalogue:
    (root / "mels").mkdir(parents=True)
    for number in range(N_TRACKS):
        np.save(root / "mels" / f"{number}.npy", np.random.default_rng(number).normal(size=(48, 4)).astype(np.float32))
    np.save(root / "mels" / "3.npy", np.zeros((48, 4), np.float32))
    rows = "".join(f"{number},mels/{number}.npy,rock\n" for number in range(N_TRACKS))
    (root / "tracks.csv").write_text(f"track_id,path,genres\n{rows}")
    return folder.read(root)


def run_pack(catalogue: Catalogue, where: Path, name: str = "out", max_reject_share: float = 0.5) -> dict[str, Any]:
    inventory = where / "inventory.csv"
    if not inventory.exists():
        write_inventory(take_inventory(catalogue.root), inventory)
    params = Pack(max_frames=None, max_reject_share=max_reject_share)
    return pack(catalogue, "mine", where / name, MEL, params, 1, inventory, where / "checkpoints", Cache(where))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pack_unit_into(work: Path, unit: Unit, reader: FrameReader) -> None:
    pack_unit(unit, reader, work)


def pack_into(where: Path, catalogue: Catalogue) -> None:
    run_pack(catalogue, where)


def test_a_unit_killed_at_any_point_is_packed_again(tmp_path: Path) -> None:
    unit = cut_into_units({f"{number}": f"mels/{number}.npy" for number in (0, 3)})[0]
    reader = FrameReader(write_mels(tmp_path / "root").root, MEL, None)
    whole, work = tmp_path / "whole", tmp_path / "work"
    whole.mkdir()
    pack_unit(unit, reader, whole)
    work.mkdir()
    write_json(unit.part(work), {"tracks": [("3", 0, 1)], "rejects": [], "warnings": [], "lasts": True})
    # as after a kill while shards moved, and other raw data since
    states = 0
    for left in left_by_kills(pack_unit_into, work, tmp_path / "states", unit, reader, lines_of=WRITERS):
        states += 1
        if not unit.is_done(left):
            pack_unit(unit, reader, left)
        assert unit.shard(left).read_bytes() == unit.shard(whole).read_bytes()
        assert unit.part(left).read_bytes() == unit.part(whole).read_bytes()
    assert states > 5


def test_a_pack_killed_at_any_point_of_its_end_gives_the_same_bytes(tmp_path: Path) -> None:
    catalogue = write_mels(tmp_path / "root")
    where = tmp_path / "where"
    where.mkdir()
    run_pack(catalogue, where, "whole")
    whole = contents(where / "whole")
    shutil.rmtree(where / "whole")
    run_pack(catalogue, where)  # what a new pack removes
    with pytest.raises(UserError):
        run_pack(catalogue, where, max_reject_share=0)  # leaves all units done
    states = 0
    for left in left_by_kills(pack_into, where, tmp_path / "states", catalogue, lines_of=WRITERS):
        states += 1
        run_pack(catalogue, left)
        assert contents(left / "out") == whole
        assert list((left / "checkpoints").iterdir()) == []
    assert states > 15


def test_files_that_were_away_for_a_moment_are_used_when_they_are_back(tmp_path: Path) -> None:
    catalogue = write_mels(tmp_path / "root")
    run_pack(catalogue, tmp_path, "whole")
    (tmp_path / "root" / "mels").rename(tmp_path / "away")
    with pytest.raises(UserError, match=r"17 of 18 files that .*inventory.csv lists are no longer in .*'mels/0.npy'"):
        run_pack(catalogue, tmp_path)
    write_inventory(take_inventory(catalogue.root), tmp_path / "inventory.csv")  # without the files
    with pytest.raises(UserError, match=r"17 of 17 tracks cannot be used.*: missing file \(17\)"):
        run_pack(catalogue, tmp_path)
    (tmp_path / "away").rename(tmp_path / "root" / "mels")
    run_pack(catalogue, tmp_path)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_few_missing_files_are_no_result_while_the_inventory_has_them(tmp_path: Path) -> None:
    catalogue = write_mels(tmp_path / "root")
    write_inventory(take_inventory(catalogue.root), tmp_path / "inventory.csv")
    (tmp_path / "root" / "mels" / "7.npy").unlink()
    with pytest.raises(UserError, match=r"1 of 18 files .* 'mels/7.npy'; .*run `make inventory`"):
        run_pack(catalogue, tmp_path)
    write_inventory(take_inventory(catalogue.root), tmp_path / "inventory.csv")
    assert run_pack(catalogue, tmp_path)["rejects"] == {"all zero": 1, "missing file": 1}


def test_an_empty_catalogue_is_named(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path, pd.DataFrame({"genres": [], "source": []}, dtype=object))
    with pytest.raises(UserError, match="mine: its catalogue has no track"):
        run_pack(catalogue, tmp_path)


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGPROF"])  # SIGPROF is how the limit of processor time ends a process
def test_a_file_that_ends_its_worker_is_a_reject(tmp_path: Path, name: str) -> None:
    sources = {str(number): f"{number}.wav" for number in range(20)} | {"bad": f"{name}.wav", "late": "late.wav"}
    for source in sources.values():
        soundfile.write(tmp_path / source, np.zeros(9), 16000)
    units = cut_into_units(sources)
    work = tmp_path / "work"
    work.mkdir()
    pack_units(units, Hostile(tmp_path, MEL, None), work, 2, "mine")
    [[track_id, source, reason]] = [reject for unit in units for reject in read_json(unit.part(work))["rejects"]]
    assert (track_id, source) == ("bad", f"{name}.wav")
    assert (
        reason == {"SIGSEGV": "crashes its decoder (SIGSEGV)", "SIGPROF": "takes more than 20 minutes to decode"}[name]
    )
    packed = [track for unit in units for track, _, _ in read_json(unit.part(work))["tracks"]]
    assert sorted(packed) == sorted(set(sources) - {"bad"})


def test_a_worker_that_somebody_killed_blames_no_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "SIGKILL.wav", np.zeros(9), 16000)
    with pytest.raises(UserError, match="a worker process died"):
        pack_units(cut_into_units({"x": "SIGKILL.wav"}), Hostile(tmp_path, MEL, None), tmp_path, 1, "mine")


def exists(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def sleeping_pack(tmp_path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """A process that packs with two workers, each of them in the middle of a file; and their ids."""
    code = f"""
from pathlib import Path
from test_packing_interrupted import MEL, Hostile, cut_into_units, pack_units
if __name__ == "__main__":
    root = Path({str(tmp_path)!r})
    units = cut_into_units({{str(n): f"{{n}}/sleep.wav" for n in range(20)}})
    pack_units(units, Hostile(root, MEL, None), root, 2, "mine")
"""
    for number in range(20):
        (tmp_path / str(number)).mkdir()
        soundfile.write(tmp_path / str(number) / "sleep.wav", np.zeros(9), 16000)
    (tmp_path / "main.py").write_text(code)
    tests = Path(__file__).parent
    env = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    main = subprocess.Popen(
        [sys.executable, tmp_path / "main.py"], env=env, text=True, stderr=subprocess.PIPE, start_new_session=True
    )
    while len(files := list(tmp_path.glob("*.pid"))) < 2:
        assert main.poll() is None
        time.sleep(0.05)
    return main, [int(file.stem) for file in files]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_no_worker_outlives_the_pack(tmp_path: Path, name: str) -> None:
    main, workers = sleeping_pack(tmp_path)
    if name == "SIGINT":
        os.killpg(main.pid, signal.SIGINT)  # as Ctrl-C does: to all of them
    else:
        main.send_signal(getattr(signal, name))
    _, said = main.communicate()
    assert main.returncode != 0
    while any(map(exists, workers)):
        time.sleep(0.05)
    assert said.count("Traceback") == (name == "SIGINT"), said  # the stage script makes that one a line


def pack_on_a_full_disk(catalogue: Catalogue, where: Path, limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        run_pack(catalogue, where)
    except UserError as error:
        (where / "said").write_bytes(str(error).encode()[:400])


def test_a_disk_that_takes_no_more_is_one_sentence_and_the_pack_goes_on(tmp_path: Path) -> None:
    catalogue = write_mels(tmp_path / "root")
    run_pack(catalogue, tmp_path, "whole")
    process = multiprocessing.get_context("spawn").Process(target=pack_on_a_full_disk, args=(catalogue, tmp_path, 5000))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert "packing mine: " in (tmp_path / "said").read_text() and "run again" in (tmp_path / "said").read_text()
    run_pack(catalogue, tmp_path)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
