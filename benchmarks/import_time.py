"""How long `import unisono` takes beside an interpreter that imports nothing.

python benchmarks/import_time.py [RUNS]
"""

import statistics
import subprocess
import sys
import time

from harness import report

LIMIT = 0.3  # seconds


def seconds(statement: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - started


def main(runs: int = 10) -> None:
    pairs = [(seconds("import unisono"), seconds("pass")) for _ in range(runs)]
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    report(
        "import unisono",
        ours - bare,
        "s",
        ratio=bare / ours,
        against="an interpreter that imports nothing",
        limit=LIMIT,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
