"""Which precision `auto` means to train in, and what is said when a GPU's memory does not suffice."""

import pytest
import torch

from unisono.errors import UserError
from unisono.training.devices import enough_memory, mixed_precision, training_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "instructions, precision, expected",
    [
        ({"avx512_bf16": True, "amx_bf16": False}, "auto", torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, "auto", torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": False}, "auto", torch.float32),
        ({"neon": True}, "auto", torch.float32),  # another architecture has other names
        ({"avx512_bf16": True, "amx_bf16": True}, "fp32", torch.float32),
        ({}, "bf16", torch.bfloat16),
    ],
)
def test_auto_trains_in_bf16_where_the_cpu_computes_it(
    monkeypatch: pytest.MonkeyPatch, instructions: dict[str, bool], precision: str, expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    with mixed_precision(training_precision(precision, CPU), CPU):
        assert torch.nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == expected


def test_vectors_are_exact_on_a_cpu_whatever_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    with mixed_precision("auto", CPU):
        assert torch.nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == torch.float32


def test_a_gpus_lack_of_memory_names_the_param_to_lower() -> None:
    said = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 16.00 GiB"
    with (
        pytest.raises(UserError, match=r"Tried to allocate 20.00 GiB.*lower params.yaml: train.batch_size \(128\)"),
        enough_memory("params.yaml: train.batch_size (128)"),
    ):
        raise torch.cuda.OutOfMemoryError(said)


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), enough_memory("params.yaml: train.batch_size (128)"):
        raise RuntimeError("shapes")
