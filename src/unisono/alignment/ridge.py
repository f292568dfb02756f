"""The simplest alignment: ridge regression of plain statistics of the input onto what contrast aligns audio with.

Where a small catalogue is all there is, it can be as good as any encoder; a contrastive model that does not beat it is
worth no training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from unisono.artifacts.read import reading
from unisono.embeddings.neighbours import normalised

WEIGHTS = "weights."
STRENGTHS = tuple(10.0**power for power in range(-1, 7))


@dataclass(frozen=True)
class LinearAlignment:
    """A linear map from I statistics to each modality, side by side.

    Attributes:
        mean_I, scale_I: by which the statistics are standardised.
        weights: {modality: (I, O)}.
    """

    mean_I: np.ndarray
    scale_I: np.ndarray
    weights: Mapping[str, np.ndarray]

    def embed(self, statistics_NI: np.ndarray) -> np.ndarray:
        """What is predicted of each modality, less its mean, at length one, side by side: (N, sum of O), float32.

        A cosine of two embeddings is the mean of the modalities' cosines.
        """
        standardised_NI = (statistics_NI - self.mean_I) / self.scale_I
        return np.hstack([normalised(standardised_NI @ weights_IO) for weights_IO in self.weights.values()])

    def save(self, path: Path) -> None:
        tensors = {f"{WEIGHTS}{name}": np.ascontiguousarray(weights_IO) for name, weights_IO in self.weights.items()}
        save_file({"mean": self.mean_I, "scale": self.scale_I, **tensors}, path)

    @classmethod
    def load(cls, path: Path) -> "LinearAlignment":
        """Read what `save` wrote.

        Raises:
            UserError: it is missing or damaged.
        """
        with reading(path):
            tensors = load_file(path)
            weights = {name.removeprefix(WEIGHTS): tensors[name] for name in tensors if name.startswith(WEIGHTS)}
            return cls(tensors["mean"], tensors["scale"], weights)


@dataclass(frozen=True)
class Targets:
    """What a modality says of some tracks: (N, O), and which of them have it: (N,) bool."""

    values_NO: np.ndarray
    present_N: np.ndarray


def fit_ridge(
    train_NI: np.ndarray, validation_NI: np.ndarray, targets: Mapping[str, Sequence[Targets]]
) -> tuple[LinearAlignment, dict[str, float]]:
    """Regress statistics onto each modality; the strength is the one of `STRENGTHS` with the least validation error.

    Args:
        train_NI, validation_NI: the tracks' statistics.
        targets: of each modality, those of the training and of the validation tracks. Where no validation track has
            it, the middle strength is taken.

    Returns:
        the map, and the strength that each modality has got.
    """
    scaler = StandardScaler().fit(train_NI)
    inputs = scaler.transform(train_NI), scaler.transform(validation_NI)
    weights, strengths = {}, {}
    for name, (train, validation) in targets.items():
        x_NI, y_NO = inputs[0][train.present_N], train.values_NO[train.present_N]
        held_NI, held_NO = inputs[1][validation.present_N], validation.values_NO[validation.present_N]
        fits = [Ridge(strength).fit(x_NI, y_NO) for strength in STRENGTHS]
        errors = [np.square(fit.predict(held_NI) - held_NO).mean() if len(held_NI) else 0 for fit in fits]
        best = int(np.argmin(errors)) if len(held_NI) else len(STRENGTHS) // 2
        weights[name], strengths[name] = fits[best].coef_.T.astype(np.float32), STRENGTHS[best]
    return LinearAlignment(scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32), weights), strengths
