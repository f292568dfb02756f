"""The simplest alignment: ridge regression of plain statistics of the input onto what contrast aligns audio with.

Where a small catalogue is all there is, it can be as good as any encoder; a contrastive model that does not beat it is
worth no training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from unisono.artifacts.read import reading
from unisono.embeddings.neighbours import normalised

WEIGHTS = "weights."
BLOCK_ROWS = 1 << 16
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
        embedded_NO = np.empty(
            (len(statistics_NI), sum(weights_IO.shape[1] for weights_IO in self.weights.values())), dtype=np.float32
        )
        for start in range(0, len(statistics_NI), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)  # of a large catalogue's windows, whole copies would be too many
            standardised_BI = (statistics_NI[rows] - self.mean_I) / self.scale_I
            parts = [normalised(standardised_BI @ weights_IO) for weights_IO in self.weights.values()]
            np.concatenate(parts, axis=1, out=embedded_NO[rows])
        return embedded_NO

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
class Part:
    """Some tracks: their statistics, and what each modality says of them.

    Attributes:
        inputs_NI: the statistics.
        targets: {modality: (N, O)}.
        present: {modality: which of the tracks have it, (N,) bool}.
    """

    inputs_NI: np.ndarray
    targets: Mapping[str, np.ndarray]
    present: Mapping[str, np.ndarray]


def fit_ridge(train: Part, validation: Part) -> tuple[LinearAlignment, dict[str, float]]:
    """Regress statistics onto each modality; the strength is the one of `STRENGTHS` with the least validation error.

    Where no validation track has a modality, its strength is the middle one. A modality that no training track has is
    left out.

    Returns:
        the map, and the strength that each modality has got.
    """
    # Imported here: to load them takes a second, of which what only applies a map is spared.
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train.inputs_NI)
    train_NI, validation_NI = scaler.transform(train.inputs_NI), scaler.transform(validation.inputs_NI)
    weights: dict[str, np.ndarray] = {}
    strengths: dict[str, float] = {}
    for name, targets_NO in train.targets.items():
        has, held = train.present[name], validation.present[name]
        if not has.any():
            continue
        has_NI, has_NO = train_NI[has], targets_NO[has]
        fits = [Ridge(strength).fit(has_NI, has_NO) for strength in STRENGTHS]
        best = len(STRENGTHS) // 2
        if held.any():
            held_NI, held_NO = validation_NI[held], validation.targets[name][held]
            best = int(np.argmin([np.square(fit.predict(held_NI) - held_NO).mean() for fit in fits]))
        weights[name], strengths[name] = fits[best].coef_.T.astype(np.float32), STRENGTHS[best]
    return LinearAlignment(scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32), weights), strengths
