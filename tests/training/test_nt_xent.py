"""NT-Xent against a loop over eq. 9, and against pytorch-metric-learning."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.losses import NTXentLoss

from unisono.training.nt_xent import nt_xent


def pair(batch: int, dim: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, dim, generator=generator), torch.randn(batch, dim, generator=generator)


def equation_9(a: torch.Tensor, b: torch.Tensor, tau: float) -> float:
    """Eq. 9-12 word by word, in both directions, divided by the number of items."""
    batch = len(a)

    def sim(x: torch.Tensor, y: torch.Tensor) -> float:
        return float(x.double() @ y.double() / (x.double().norm() * y.double().norm()))

    total = 0.0
    for first, second in ((a, b), (b, a)):
        zeta = [*first, *second]
        for i in range(batch):
            denominator = sum(math.exp(sim(first[i], zeta[k]) / tau) for k in range(2 * batch) if k != i)
            total -= math.log(math.exp(sim(first[i], second[i]) / tau) / denominator)
    return total / (2 * batch)


@settings(max_examples=25)
@given(st.integers(2, 9), st.integers(1, 6), st.sampled_from([0.05, 0.1, 0.5, 1.0]), st.integers(0, 1000))
def test_equals_the_paper_s_equation(batch: int, dim: int, tau: float, seed: int) -> None:
    a, b = pair(batch, dim, seed)
    assert nt_xent(a, b, tau).item() == pytest.approx(equation_9(a, b, tau), abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("tau", [0.1, 0.5])
def test_equals_pytorch_metric_learning(tau: float) -> None:
    a, b = pair(32, 16, 0)
    labels = torch.arange(32)
    expected = NTXentLoss(temperature=tau)(torch.cat([a, b]), torch.cat([labels, labels]))
    assert nt_xent(a, b, tau).item() == pytest.approx(expected.item(), abs=1e-5)


def test_gradient_equals_pytorch_metric_learning_s() -> None:
    a, b = (x.requires_grad_() for x in pair(16, 8, 1))
    labels = torch.arange(16)
    expected = torch.autograd.grad(NTXentLoss(temperature=0.1)(torch.cat([a, b]), torch.cat([labels, labels])), (a, b))
    for mine, theirs in zip(torch.autograd.grad(nt_xent(a, b, 0.1), (a, b)), expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_is_finite_at_a_low_temperature(dtype: torch.dtype, scale: float) -> None:
    a, b = pair(64, 32, 2)
    a = (scale * a).to(dtype).requires_grad_()
    for other in (b.to(dtype), a.detach(), -a.detach()):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nt_xent(a, other, 0.01)
        (gradient,) = torch.autograd.grad(loss, a)
        assert loss.dtype == torch.float32 and loss.isfinite() and gradient.isfinite().all()


def test_perfect_alignment_of_orthogonal_items_has_a_closed_form() -> None:
    items, tau = torch.eye(5), 0.2
    assert nt_xent(items, items, tau).item() == pytest.approx(math.log(1 + 8 * math.exp(-1 / tau)), rel=1e-4)


@pytest.mark.parametrize(
    ("a", "b", "tau", "message"),
    [
        (torch.ones(3, 2), torch.ones(4, 2), 0.1, r"found \(3, 2\) and \(4, 2\)"),
        (torch.ones(3), torch.ones(3), 0.1, "expected two"),
        (torch.ones(3, 2), torch.ones(3, 2), 0.0, "temperature is 0.0"),
    ],
)
def test_refuses(a: torch.Tensor, b: torch.Tensor, tau: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nt_xent(a, b, tau)
