"""The encoder of vectors: its standardisation is that of all training batches, and it survives saving."""

from pathlib import Path

import numpy as np
import torch

from unisono.encoders.saved import load_encoder, save_encoder
from unisono.encoders.vectors import VectorMLP

FRONT_END = {"dim": 5, "licence": ""}


def test_it_standardises_by_the_statistics_of_all_batches() -> None:
    rng = np.random.default_rng(0)
    batches = rng.normal([3, -1, 0, 100, 7], [1, 0.01, 5, 20, 0], size=(6, 40, 5))
    encoder = VectorMLP(5, hidden=4, embedding_dim=3, dropout=0.0)
    for batch in batches:
        encoder(torch.from_numpy(batch).float().unsqueeze(2))
    encoder.eval()
    held = rng.normal(size=(10, 5))
    mean, variance = batches.mean(axis=(0, 1)), batches.var(axis=1, ddof=1).mean(axis=0)
    found = encoder.backbone(torch.from_numpy(held).float().unsqueeze(2)).numpy()
    np.testing.assert_allclose(found[:, :4], ((held - mean) / np.sqrt(variance + 1e-8))[:, :4], rtol=1e-3)
    assert encoder.backbone_dim == 5 and np.isfinite(found).all()


def test_it_survives_saving(tmp_path: Path) -> None:
    encoder = VectorMLP(5, hidden=4, embedding_dim=3, dropout=0.5).eval()
    save_encoder(tmp_path, encoder, FRONT_END)
    loaded, front_end = load_encoder(tmp_path)
    crops = torch.randn(7, 5, 1)
    assert front_end == FRONT_END and loaded.crop_frames == 1
    assert torch.equal(loaded(crops), encoder(crops)) and loaded(crops).shape == (7, 3)
