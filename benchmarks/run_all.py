"""Run the benchmarks, one after the other, and keep what they print.

    python benchmarks/run_all.py [NAME ...]        (make bench)

Those named, such as warp, or all. Results go to benchmarks/results/MACHINE.json, beside what others printed there
before, and from there into README's table. A benchmark that fails leaves its earlier results, and is named at the end.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import machine

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE.parent / "README.md"
BEGIN, END = "<!-- benchmarks: made by make bench -->\n", "<!-- end of benchmarks -->\n"
NO_BENCHMARKS = ("harness", "run_all")
Row = dict[str, Any]


def names() -> list[str]:
    """The benchmarks, each a script of that name."""
    return sorted(file.stem for file in HERE.glob("*.py") if file.stem not in NO_BENCHMARKS)


def file_of(machine_name: str) -> Path:
    return RESULTS / f"{re.sub(r'[^a-z0-9]+', '-', machine_name.lower()).strip('-')}.json"


def table(results: list[Row]) -> str:
    """README's table of one machine's results."""
    lines = [f"On {results[0]['machine']}:\n", "| benchmark | Unisono | ratio | against |", "|---|---|---|---|"]
    for row in results:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        lines.append(f"| {row['bench']} | {_short(row['value'])} {row['unit']} | {ratio} | {row['against'] or ''} |")
    return "\n".join(lines) + "\n"


def tables() -> str:
    """README's tables, one for each machine that there are results of."""
    return "\n".join(table(json.loads(file.read_text())) for file in sorted(RESULTS.glob("*.json")))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write_readme() -> None:
    text = README.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    README.write_text(f"{before}{BEGIN}{tables()}{END}{after}", encoding="utf-8")


def main(*chosen: str) -> None:
    if unknown := sorted(set(chosen) - set(names())):
        raise SystemExit(f"there is no benchmark {', '.join(unknown)}; expected some of {', '.join(names())}")
    file = file_of(machine())
    kept: dict[str, Row] = {}
    if file.exists():
        kept = {row["bench"]: row for row in json.loads(file.read_text(encoding="utf-8"))}
    failed = []
    for name in chosen or names():
        print(f"{name} ...", file=sys.stderr, flush=True)
        done = subprocess.run([sys.executable, HERE / f"{name}.py"], stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="", flush=True)
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        kept |= {row["bench"]: row for row in rows}
        if done.returncode or not rows:
            failed.append(name)
        if kept:  # after each: an interrupted run keeps what it measured
            RESULTS.mkdir(exist_ok=True)
            content = json.dumps(sorted(kept.values(), key=lambda row: row["bench"]), indent=2) + "\n"
            file.write_text(content, encoding="utf-8")
            write_readme()
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
