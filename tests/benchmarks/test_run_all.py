"""README's table of benchmarks is what the committed results say, and README's list names every script."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def run_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import run_all

    yield run_all
    for name in ("run_all", "harness"):
        sys.modules.pop(name)


def test_readme_has_the_committed_results(run_all: ModuleType) -> None:
    text = run_all.README.read_text(encoding="utf-8")
    assert text.split(run_all.BEGIN)[1].split(run_all.END)[0] == run_all.tables()


def test_results_lie_in_the_file_of_their_machine(run_all: ModuleType) -> None:
    files = list(run_all.RESULTS.glob("*.json"))
    assert files
    for file in files:
        assert {run_all.file_of(row["machine"]) for row in json.loads(file.read_text())} == {file}


def test_each_script_is_listed(run_all: ModuleType) -> None:
    listed = re.findall(r"^\| `(\w+)\.py\b", (BENCHMARKS / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == run_all.names()


def test_a_result_is_one_line_of_json(run_all: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    from harness import machine, report

    report("split", 0.5, "s", ratio=16.0, against="plain", seconds=8.0)
    printed = json.loads(capsys.readouterr().out)
    assert printed == {
        "bench": "split", "value": 0.5, "unit": "s", "ratio": 16.0, "against": "plain", "machine": machine(),
        "seconds": 8.0,
    }  # fmt: skip
    assert run_all.table([printed]).splitlines()[-1] == "| split | 0.5 s | 16.00 | plain |"
