"""What every stage script shares."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from unisono.stage import write_json, write_metrics


def test_headline_and_details_lie_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_metrics("evaluate/gtzan", {"gtzan": {"accuracy": 0.5}}, {"n": [1, 2]})
    assert json.loads(Path("metrics/evaluate/gtzan.json").read_text()) == {"gtzan": {"accuracy": 0.5}}
    assert json.loads(Path("metrics/details/evaluate/gtzan.json").read_text()) == {"n": [1, 2]}


def test_what_is_no_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_json(tmp_path / "m.json", {"loss": math.nan})
    assert not (tmp_path / "m.json").exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "passive"}, "None")],
    ids=["default", "own count", "own policy"],
)
def test_threads_do_not_spin_for_long_unless_the_user_says_so(given: dict[str, str], expected: str) -> None:
    env = {key: value for key, value in os.environ.items() if key not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    script = "import unisono, os; print(os.environ.get('GOMP_SPINCOUNT'))"
    found = subprocess.run([sys.executable, "-c", script], env=env | given, text=True, capture_output=True, check=True)
    assert found.stdout.strip() == expected
