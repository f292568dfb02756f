"""The measurement at scale runs every stage that there is, but those that it names, on a catalogue like Melon's."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml

from unisono.corpora.melon import read

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.syspath_prepend(BENCHMARKS / "scale")
    import measure

    yield measure
    for name in ("measure", "generate", "harness"):
        sys.modules.pop(name, None)


def test_every_stage_is_measured_or_named(measure: ModuleType, tmp_path: Path) -> None:
    measure.prepare(tmp_path, 50)
    measured = {stage.name.split("@")[0] for stage in measure.stages(tmp_path)}
    assert measured.isdisjoint(measure.ELSEWHERE)
    assert measured | set(measure.ELSEWHERE) == set(yaml.safe_load((measure.REPO / "dvc.yaml").read_text())["stages"])


def test_the_page_has_the_committed_figures(measure: ModuleType) -> None:
    text = measure.PAGE.read_text(encoding="utf-8")
    assert text.split(measure.BEGIN)[1].split(measure.END)[0] == measure.table(measure.read_results())


def test_memory_of_a_process_is_what_it_holds_for_itself(measure: ModuleType, tmp_path: Path) -> None:
    """400 MB of its own, and 400 MB of a mapped file beside, of which every page was read."""
    np.save(tmp_path / "mapped.npy", np.ones(50_000_000))
    script = tmp_path / "hold.py"
    script.write_text(
        "import time, numpy\nown = numpy.ones(50_000_000)\n"
        "numpy.load('mapped.npy', mmap_mode='r').sum()\ntime.sleep(0.5)\n"
    )
    held = measure.measure(f"{sys.executable} {script}", tmp_path)["bytes"]
    assert 400e6 < held < 500e6


def test_a_catalogue_has_melon_s_statistics(measure: ModuleType, tmp_path: Path) -> None:
    measure.write_melon(tmp_path, 30_000, 1)
    catalogue = read(tmp_path)
    assert len(catalogue.tracks) == 30_000 and len(catalogue.rejects) == 0
    assert len(catalogue.playlists) == round(30_000 * 148_826 / 649_091)
    lengths = catalogue.playlists["tracks"].map(len)
    assert 25 <= lengths.median() <= 31 and 35 <= lengths.mean() <= 46  # 30 and 45.9; a small catalogue repeats songs
    counts = Counter(song for songs in catalogue.playlists["tracks"] for song in songs)
    assert 0.4 < sum(count == 1 for count in counts.values()) / len(counts) < 0.6  # 0.486
    assert 0.1 < (catalogue.tracks["genres"].map(len) == 2).mean() < 0.14  # 0.131
    assert len(json.loads((tmp_path / "song_meta.json").read_text())) == 30_000
