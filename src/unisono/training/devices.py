"""Which device and which precision a run uses."""

from contextlib import AbstractContextManager, nullcontext

import torch

from unisono.errors import UserError


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


def mixed_precision(name: str, device: torch.device) -> AbstractContextManager:
    """Autocast for `auto | fp32 | bf16`: auto is bf16 on CUDA and fp32 on a CPU."""
    if name == "bf16" or (name == "auto" and device.type == "cuda"):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()
