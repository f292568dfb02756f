"""Which rows of a batch a loss takes, known to the host: no device is asked, so that none has to be waited for."""

import numpy as np
import torch
from torch import Tensor


def rows_with(*present_B: Tensor) -> Tensor:
    """The rows (n,) that have all of these, masks (B,) on the CPU."""
    return torch.from_numpy(np.flatnonzero(np.logical_and.reduce([mask_B.numpy() for mask_B in present_B])))


def take(values: Tensor, rows_N: Tensor) -> Tensor:
    """These rows of values (B, ...), which may be on a device; all of them, most often, are the values themselves."""
    if len(rows_N) == len(values):
        return values
    return values[rows_N.to(values.device, non_blocking=True)]
