"""The batched probe against plain torch modules, and its early stopping."""

import numpy as np
import torch
from torch import nn

from unisono.evaluation.measures.probe import Instances, Repeats, fit_probe
from unisono.params.evaluation import Probe


def settings(**changes: object) -> Probe:
    values = {"hidden": [16], "epochs": 30, "patience": 30, "batch_size": 32, "learning_rate": 0.01, "dropout": 0.0}
    return Probe.model_validate(values | changes)


def two_blobs(n: int, rng: np.random.Generator) -> Instances:
    classes = np.arange(n) % 2
    return Instances((rng.normal(size=(n, 5)) + 2 * classes[:, None]).astype(np.float32), classes.astype(np.int64))


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_each_repeat_is_the_mlp_that_torch_would_build() -> None:
    model = Repeats([5, 16, 8, 3], 0.0, True, generators(3, 4))
    x_BD = torch.randn(20, 5, generator=torch.Generator().manual_seed(0))
    model.train()
    logits_RBC = model(x_BD.expand(2, 20, 5))
    for repeat in range(2):
        plain = nn.Sequential(
            *(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU()),
            nn.Linear(8, 3),
        )
        for layer, linear in enumerate(module for module in plain if isinstance(module, nn.Linear)):
            linear.weight.data = model.weights[layer][repeat].T
            linear.bias.data = model.biases[layer][repeat, 0]
        torch.testing.assert_close(logits_RBC[repeat], plain(x_BD))


def test_a_repeat_depends_on_its_own_seed_only() -> None:
    rng = np.random.default_rng(0)
    train, validation, test = (two_blobs(n, rng) for n in (65, 20, 20))
    chosen = settings(dropout=0.3, patience=3)

    def logits(*seeds: int) -> np.ndarray:
        return fit_probe(train, validation, 2, chosen, seeds, batch_norm=True).logits(test.features_ND)

    together = logits(1, 2, 3)
    np.testing.assert_array_equal(together, logits(1, 2, 3))
    np.testing.assert_allclose(together[1], logits(2)[0], rtol=1e-3, atol=1e-4)
    assert not np.allclose(together[0], together[1])


def test_it_learns_classes_and_tags() -> None:
    rng = np.random.default_rng(0)
    train, validation, test = (two_blobs(n, rng) for n in (200, 50, 50))
    classes = fit_probe(train, validation, 2, settings(), range(3), batch_norm=False).logits(test.features_ND)
    assert ((classes.argmax(axis=2) == test.targets).mean(axis=1) > 0.9).all()

    def as_tags(part: Instances) -> Instances:
        return Instances(part.features_ND, np.stack([part.targets, 1 - part.targets], axis=1).astype(np.uint8))

    tagged = fit_probe(as_tags(train), as_tags(validation), 2, settings(), range(3), batch_norm=True)
    predicted = tagged.logits(test.features_ND) > 0
    assert (predicted == as_tags(test).targets.astype(bool)).mean() > 0.9


def test_early_stopping_goes_back_to_the_best_epoch() -> None:
    """Where validation contradicts training, every epoch is worse than the first."""
    rng = np.random.default_rng(0)
    train = two_blobs(200, rng)
    contrary = Instances(train.features_ND, 1 - train.targets)
    stopped = fit_probe(train, contrary, 2, settings(patience=2), range(2), batch_norm=False)
    after_one = fit_probe(train, contrary, 2, settings(epochs=1, patience=1), range(2), batch_norm=False)
    np.testing.assert_array_equal(stopped.logits(train.features_ND), after_one.logits(train.features_ND))


def test_without_early_stopping_validation_may_be_empty() -> None:
    train = two_blobs(40, np.random.default_rng(0))
    nothing = Instances(train.features_ND[:0], train.targets[:0])
    probe = fit_probe(train, nothing, 2, settings(epochs=2, patience=2), range(2), batch_norm=False)
    assert np.isfinite(probe.logits(train.features_ND)).all()


def test_a_constant_feature_and_a_last_batch_of_one_do_no_harm() -> None:
    train = two_blobs(33, np.random.default_rng(0))
    train.features_ND[:, 0] = 7
    probe = fit_probe(train, train, 2, settings(patience=2), range(2), batch_norm=True)
    assert np.isfinite(probe.logits(train.features_ND)).all()


def test_threads_share_the_repeats_and_are_left_as_they_were() -> None:
    rng = np.random.default_rng(0)
    train, validation = (two_blobs(n, rng) for n in (65, 20))
    before = torch.get_num_threads()
    logits_RNC = {}
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            probe = fit_probe(train, validation, 2, settings(dropout=0.3, patience=3), range(3), batch_norm=True)
            assert torch.get_num_threads() == threads
            logits_RNC[threads] = probe.logits(validation.features_ND)
    finally:
        torch.set_num_threads(before)
    for threads in (2, 5):
        np.testing.assert_allclose(logits_RNC[threads], logits_RNC[1], rtol=1e-3, atol=1e-4)
