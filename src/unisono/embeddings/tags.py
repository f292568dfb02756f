"""A track's tags by a model's tag head."""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit

TAG_HEAD = "tag_head"  # the folder of its vectors, beside the encoder's files


def tag_probabilities(excerpts_ED: np.ndarray, n_excerpts_B: np.ndarray, head_TD: np.ndarray) -> np.ndarray:
    """F_tag of B tracks, (b, t) float64: the mean of their excerpts' sigmoid(W z_exc), which has no bias.

    Source: Akama et al. 2023, eq. 5 and 17.

    Args:
        excerpts_ED: z_exc, track after track.
        n_excerpts_B: how many each track has.
        head_TD: W, a row a tag.
    """
    bounds = np.concatenate([[0], np.cumsum(n_excerpts_B)])
    weights_E = np.repeat(1 / n_excerpts_B, n_excerpts_B)
    mean_BE = csr_matrix((weights_E, np.arange(len(excerpts_ED)), bounds))
    return mean_BE @ expit(excerpts_ED @ head_TD.T)
