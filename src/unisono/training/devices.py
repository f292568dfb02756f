"""Which device and which precision a run uses."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import torch

from unisono.errors import UserError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def pick_device(name: str) -> torch.device:
    """The device that `auto | cpu | cuda` means on this machine.

    Raises:
        UserError: CUDA is asked for and there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device is 'cuda', but torch finds no CUDA device; use device: auto or cpu")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def describe_machine(device: torch.device) -> dict[str, str | int]:
    """What the last digits of a result depend on, beside params, data and code; the same at each run on one machine."""
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # of Linux, where Python does not know the name
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def keep_freed_memory() -> None:
    """Let the C library keep large freed blocks instead of giving them back to the system.

    A step on a CPU frees the very blocks that the next one asks for, and getting their pages anew takes about a third
    of its time on two threads. For glibc; other C libraries have no such setting and are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


def mixed_precision(name: str, device: torch.device) -> AbstractContextManager:
    """Autocast for `auto | fp32 | bf16`: auto is bf16 on CUDA and fp32 on a CPU."""
    if name == "bf16" or (name == "auto" and device.type == "cuda"):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@contextmanager
def one_thread() -> Iterator[None]:
    """For layers too small to share out: threads would mostly wait for each other, and most on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
