"""Which device, which precision and how many threads a run uses."""

import ctypes
import os
import platform
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from unisono.errors import UserError

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 8  # items a thread that `in_threads` works on before they are asked for: some take longer than others
NATIVE_BF16 = ("amx_bf16", "avx512_bf16")
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


def describe_machine(device: torch.device, precision: str) -> dict[str, str | int]:
    """What the last digits of a result depend on, beside params, data and code; the same at each run on one machine."""
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "precision": training_precision(precision, device),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # of Linux, where Python does not know the name
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Values on the device. What is stored in float16 crosses as it lies, in half the bytes, and is float32 there."""
    moved = values.to(device, non_blocking=True)
    return moved.float().contiguous() if moved.is_floating_point() else moved


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
    """Autocast for `auto | fp32 | bf16`: auto is bf16 on CUDA and fp32 on a CPU; see `training_precision` as well."""
    if name == "bf16" or (name == "auto" and device.type == "cuda"):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def training_precision(name: str, device: torch.device) -> str:
    """What `auto | fp32 | bf16` means for training, fp32 or bf16: auto is bf16 wherever it is computed natively.

    On a CPU it is faster to train in, by 2 to 3 times where layers are wide, but not to embed in: there, auto stays
    fp32, and a vector exact.
    """
    if name != "auto":
        return name
    return "bf16" if device.type == "cuda" or computes_bf16() else "fp32"


def computes_bf16() -> bool:
    """Whether this machine's CPU has instructions for bf16; without them it is emulated, and slow."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in NATIVE_BF16)


@contextmanager
def enough_memory(setting: str) -> Iterator[None]:
    """Turn CUDA's running out of memory into a hint at what to lower.

    Args:
        setting: what the memory grows with, its value behind it, such as `params.yaml: train.batch_size (128)`.

    Raises:
        UserError: a CUDA device ran out of memory.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        found = ". ".join(str(error).split(". ")[:2])  # what was asked for; the rest is about torch's own settings
        raise UserError(f"{found}; lower {setting}, or set machine.device to cpu") from None


@contextmanager
def one_thread() -> Iterator[None]:
    """For layers too small to share out: threads would mostly wait for each other, and most on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def n_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(function: Callable[[T], R], items: Iterable[T], n_threads: int) -> Generator[tuple[T, R], None, None]:
    """Each item and what `function` makes of it, in their order.

    A few items are worked on ahead of the one that is asked for, so that any number of them takes little memory. In
    each of the threads torch computes with one thread; in the caller's it goes on as it did.
    """
    pool = _single_threaded(n_threads)
    waiting: list[tuple[T, Future[R]]] = []
    items = iter(items)
    try:
        while True:
            ready = islice(items, AHEAD * n_threads - len(waiting))
            waiting += [(item, pool.submit(function, item)) for item in ready]
            if not waiting:
                return
            item, result = waiting.pop(0)
            yield item, result.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _single_threaded(n_threads: int) -> ThreadPoolExecutor:
    """A pool of threads that have begun.

    torch gives every new thread the number that was set last in any: the caller's is set again once all have theirs.
    """
    callers = torch.get_num_threads()
    begun = threading.Barrier(n_threads + 1)

    def begin() -> None:
        torch.get_num_threads()  # takes that number over, which a thread does once, and would do later
        torch.set_num_threads(1)
        begun.wait()

    pool = ThreadPoolExecutor(n_threads, "unisono", begin)
    for _ in range(n_threads):
        pool.submit(int)  # starts a thread, as all before it still wait
    begun.wait()
    torch.set_num_threads(callers)
    return pool
