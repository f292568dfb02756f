"""What a factorisation is, whoever fitted it."""

from dataclasses import dataclass, field

import numpy as np

# LightFM's bound on a pair's weight in WARP.
MAX_WEIGHT = 10.0


@dataclass(frozen=True)
class Factors:
    """A factorisation: score(user, item) = users_UD[user] @ items_ID[item] + biases_I[item].

    `losses` is the mean loss of each epoch, empty where the model reports none.
    """

    users_UD: np.ndarray
    items_ID: np.ndarray
    biases_I: np.ndarray
    losses: list[float] = field(default_factory=list)
