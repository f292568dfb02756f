"""What every benchmark prints: one JSON line a result."""

import json
import os
import platform
import re
from pathlib import Path

NATIVE_BF16 = ("amx_bf16", "avx512_bf16")


def report(
    bench: str, value: float, unit: str, ratio: float | None = None, against: str | None = None, **more: object
) -> None:
    """Print a result as one JSON line.

    Args:
        bench: its name.
        value: Unisono's own figure.
        unit: of the value.
        ratio: how many times as fast Unisono is (more than 1: faster), both sides measured in the same run.
        against: what the ratio is held against; none, as the ratio, where there is nothing to hold a figure against.
        more: what else was measured.
    """
    row = {"bench": bench, "value": value, "unit": unit, "ratio": ratio, "against": against, "machine": machine()}
    print(json.dumps(row | more), flush=True)


def machine() -> str:
    """This machine in a few words: its processor, how many cores this process may use, whether they compute in bf16."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    name = re.sub(r"\((R|TM)\)|\bCPU\b|@.*", "", model[1] if model else platform.processor() or platform.machine())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    native = next((f", {flag}" for flag in NATIVE_BF16 if re.search(rf"\b{flag}\b", info)), "")
    return f"{' '.join(name.split())}, {cores} cores{native}"
