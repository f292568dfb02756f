"""L_ML, L_SSL and their sum against a plain loop over the equations of Akama et al. 2023."""

import math

import pytest
import torch
from torch import Tensor, nn

from unisono.encoders.sample_cnn import SampleCNN
from unisono.metric_learning.objective import MetricLearning
from unisono.training.nt_xent import nt_xent

B, T = 5, 4


class Half(nn.Module):
    """An augmentation that is easy to recognise."""

    def forward(self, wave_BS: Tensor) -> Tensor:
        return wave_BS / 2


def module(metric: float = 1.0, contrastive: float = 0.3, **options: object) -> MetricLearning:
    torch.manual_seed(0)
    settings = {"augment": None, **options}
    return MetricLearning(SampleCNN([4, 4, 4], 6), T, 8, 0.5, metric=metric, contrastive=contrastive, **settings)


def batch(labelled: list[bool] | None = None) -> dict[str, dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    first, second = torch.randn(2, B, 1, 27, generator=generator)
    tags = (torch.rand(B, T, generator=generator) > 0.5).float()
    known = torch.tensor([True] * B if labelled is None else labelled)
    return {"inputs": {"first": first, "second": second, "tags": tags}, "present": {"tags": known}}


def loop_over_the_equations(model: MetricLearning, data: dict[str, dict[str, Tensor]]) -> tuple[float, float]:
    excerpts = [*data["inputs"]["first"], *data["inputs"]["second"]]
    features = [model.encoder.backbone(x.unsqueeze(0))[0] for x in excerpts]
    assert model.tag_head is not None and model.projector is not None
    terms, projected = [], [model.projector(h) for h in features]
    for i, h in enumerate(features):
        if not data["present"]["tags"][i % B]:
            continue
        normal = (h - h.mean()) / torch.sqrt(h.var(unbiased=False) + 1e-5)
        y = torch.sigmoid(model.tag_head.weight @ (normal / normal.norm()))
        truth = data["inputs"]["tags"][i % B]
        terms.append(-sum(math.log(y[t] if truth[t] else 1 - y[t]) for t in range(T)) / T)
    total = 0.0
    for i in range(2 * B):
        similarity = [math.exp(torch.cosine_similarity(projected[i], z, dim=0).item() / 0.5) for z in projected]
        total -= math.log(similarity[(i + B) % (2 * B)] / (sum(similarity) - similarity[i]))
    return sum(terms) / len(terms), total / (2 * B)


@pytest.mark.parametrize("labelled", [[True] * 5, [False, True, False, False, True]])
def test_losses_are_those_of_the_equations(labelled: list[bool]) -> None:
    model, data = module().eval(), batch(labelled)
    with torch.no_grad():
        losses = model(**data)
        metric, contrastive = loop_over_the_equations(model, data)
    assert losses["metric"].item() == pytest.approx(metric, abs=1e-5)
    assert losses["contrastive"].item() == pytest.approx(contrastive, abs=1e-5)
    assert losses["loss"].item() == pytest.approx(metric + 0.3 * contrastive, abs=1e-5)


def test_the_contrastive_loss_is_the_first_system_s() -> None:
    model, data = module().eval(), batch()
    assert model.projector is not None
    first, second = (model.projector(model.encoder.backbone(data["inputs"][name])) for name in ("first", "second"))
    assert torch.allclose(model(**data)["contrastive"], nt_xent(first, second, 0.5))


def test_a_loss_without_weight_is_not_built() -> None:
    assert set(module(contrastive=0)(**batch())) == {"metric", "loss"}
    assert set(module(metric=0)(**batch())) == {"contrastive", "loss"}
    assert module(contrastive=0).projector is None and module(metric=0).tag_head is None
    with pytest.raises(ValueError, match="both weights are 0"):
        module(metric=0, contrastive=0)


def test_neither_head_has_a_bias() -> None:
    model = module()
    assert model.projector is not None and model.tag_head is not None
    assert not any(
        "bias" in name for name, _ in [*model.projector.named_parameters(), *model.tag_head.named_parameters()]
    )


def test_a_batch_without_labels_has_no_metric_loss_and_still_a_gradient() -> None:
    model = module()
    losses = model(**batch([False] * B))
    losses["loss"].backward()
    assert losses["metric"].item() == 0
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.encoder.parameters())


def test_excerpts_are_augmented_while_training_only() -> None:
    plain, augmented = module().eval(), module(augment=Half()).eval()
    halved = batch()
    for name in ("first", "second"):
        halved["inputs"][name] = halved["inputs"][name] / 2
    assert torch.equal(plain(**batch())["loss"], augmented(**batch())["loss"])
    assert torch.allclose(module().train()(**halved)["loss"], module(augment=Half()).train()(**batch())["loss"])


def test_a_frozen_encoder_does_not_move() -> None:
    model = module(contrastive=0, freeze=True)
    before = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(3):
        model.train()(**batch())["loss"].backward()
        optimizer.step()
    assert all(torch.equal(value, before[name]) for name, value in model.encoder.state_dict().items())
