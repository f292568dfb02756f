"""The nearest vectors by cosine, exactly or with Annoy."""

from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

if TYPE_CHECKING:
    from torch import Tensor, device

GROUP = 8  # items that are first compared by the nearest of them, where there are many
BLOCK_ELEMENTS = 8_000_000  # similarities in memory at once: 32 MB of float32, which many a cache holds
BLOCK_ON_GPU = 16  # times as many there, where starting each block takes its time
TIE_STEPS = 2**32  # similarities that round to the same step of 1 / 2**32 are equal to `nearest_others`


def normalised(vectors_ND: np.ndarray) -> np.ndarray:
    """Return the vectors (n, d) at length one; a zero vector stays zero."""
    length_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    return (vectors_ND / np.where(length_N1 > 0, length_N1, 1)).astype(np.float32)


def nearest_exact(
    queries_QD: np.ndarray, items_ND: np.ndarray, k: int, where: "device | str" = "cpu"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers (q, k) int32 and similarities (q, k) float32 of each query's k nearest items, nearest first.

    Both sides are at length one. The similarities are a matrix product on the device `where`, in blocks of queries, so
    that memory stays bounded. With fewer than k items, all are returned. k nearest of equal similarity are an arbitrary
    but repeatable choice.
    """
    import torch  # here: who only needs vectors at length one is spared the seconds that loading it takes

    k = min(k, len(items_ND))
    numbers_QK = np.empty((len(queries_QD), k), dtype=np.int32)
    similarities_QK = np.empty((len(queries_QD), k), dtype=np.float32)
    items_DN = torch.from_numpy(items_ND).to(where).T
    elements = BLOCK_ELEMENTS * (1 if items_DN.device.type == "cpu" else BLOCK_ON_GPU)
    block = max(1, elements // len(items_ND))
    for start in tqdm(range(0, len(queries_QD), block), desc="nearest", unit="block", disable=None):
        chosen = slice(start, start + block)
        similarities, numbers = _largest(torch.from_numpy(queries_QD[chosen]).to(where) @ items_DN, k)
        similarities_QK[chosen], numbers_QK[chosen] = similarities.cpu().numpy(), numbers.cpu().numpy()
    return numbers_QK, similarities_QK


def _largest(values_BN: "Tensor", k: int) -> "tuple[Tensor, Tensor]":
    """The k largest of each row (b, k), largest first, and where they stand.

    In long rows the k largest lie in those k groups of values whose largest are largest, which are found in the same
    way: that reads each value once, and leaves few to sort, which is what takes the time. A group's values stand as far
    apart as there are groups, so that the largest of all groups are found side by side.
    """
    import torch

    n = values_BN.shape[1]
    n_groups = n // GROUP
    if n_groups < 2 * k:
        largest = torch.topk(values_BN, k, dim=1)
        return largest.values, largest.indices
    grouped = n_groups * GROUP
    groups_BG = values_BN[:, :grouped].unflatten(1, (GROUP, n_groups)).amax(dim=1)
    _, chosen_BK = _largest(groups_BG, k)
    member_G = torch.arange(GROUP, device=values_BN.device)
    places_BP = (chosen_BK.unsqueeze(1) + n_groups * member_G[:, None]).flatten(1)
    left_over = torch.arange(grouped, n, device=values_BN.device).expand(len(values_BN), -1)
    places_BP = torch.cat([places_BP, left_over], dim=1)
    largest = torch.topk(values_BN.gather(1, places_BP), k, dim=1)
    return largest.values, places_BP.gather(1, largest.indices)


def nearest_others(vectors_ND: np.ndarray, k: int) -> np.ndarray:
    """Return the numbers (n, k) int64 of each vector's k nearest others, nearest first; -1 where there are fewer.

    The vectors are at length one and nearness is their inner product. A vector is never among its own neighbours, even
    if it has duplicates. Of equal similarities the lower number comes first: the products are in float64 and rounded to
    about 2e-10, because the last bits of equal ones depend on where in a block they are computed. Memory is bounded as
    in `nearest_exact`.
    """
    import torch

    n = len(vectors_ND)
    numbers_NK = np.full((n, k), -1, dtype=np.int64)
    found = min(k, n - 1)
    if found < 1:
        return numbers_NK
    vectors = torch.from_numpy(vectors_ND.astype(np.float64))
    places_N = torch.arange(n)
    block = max(1, BLOCK_ELEMENTS // n)
    for start in tqdm(range(0, n, block), desc="nearest", unit="block", disable=None):
        own_B = places_N[start : start + block]
        # One whole number ranks by similarity, then by place.
        keys_BN = (vectors[own_B] @ vectors.T).mul_(TIE_STEPS).round_().to(torch.int64).mul_(n).sub_(places_N)
        keys_BN[own_B - start, own_B] = torch.iinfo(torch.int64).min
        numbers_NK[start : start + block, :found] = torch.topk(keys_BN, found, dim=1).indices.numpy()
    return numbers_NK


def nearest_annoy(
    queries_QD: np.ndarray, items_ND: np.ndarray, k: int, trees: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same as `nearest_exact`, approximately: Annoy's angular index, built on one thread to be repeatable.

    Annoy may find fewer than k items: the number is then -1, the similarity 0.
    """
    from annoy import AnnoyIndex

    k = min(k, len(items_ND))
    index = AnnoyIndex(items_ND.shape[1], "angular")
    index.set_seed(seed)
    for number, item_D in enumerate(items_ND):
        index.add_item(number, item_D)
    index.build(trees, n_jobs=1)
    numbers_QK = np.full((len(queries_QD), k), -1, dtype=np.int32)
    similarities_QK = np.zeros((len(queries_QD), k), dtype=np.float32)
    for q, query_D in enumerate(tqdm(queries_QD, desc="nearest", unit="query", disable=None)):
        found = index.get_nns_by_vector(query_D, k)
        numbers_QK[q, : len(found)] = found
        similarities_QK[q, : len(found)] = items_ND[found] @ query_D
    return numbers_QK, similarities_QK
