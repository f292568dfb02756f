"""The encoder of sets of names, and as it lies beside the audio encoder that it was aligned with: names find audio."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from unisono.artifacts.read import reading

SETS_PER_BLOCK = 4096  # embedded at once


class BagAttention(nn.Module):
    """A track's set of names to an embedding, Ferraro et al. 2021, eq. 5-7, where the names are genres.

    The word vectors stay as they are ("pre-optimised"); only what follows is learned. The attention's
    output projection carries F_w dimensions to D, since eq. 6 adds vectors of one size.

    Args:
        vectors_GW: the word vectors of all names (G, F_w).
        heads: attention heads; F_w must be a multiple.
        embedding_dim: D.
        dropout: probability after the feed-forward layer.
        in_parts: whether training embeds a random part of each set, so that one name alone is a set like any other.

    Raises:
        ValueError: F_w is no multiple of `heads`.
    """

    def __init__(
        self, vectors_GW: Tensor, heads: int, embedding_dim: int, dropout: float, in_parts: bool = False
    ) -> None:
        super().__init__()
        dim = vectors_GW.shape[1]
        if dim % heads:
            raise ValueError(f"vectors of {dim} dimensions cannot be split over {heads} heads")
        self.heads, self.in_parts = heads, in_parts
        # Row 0 is the padding of shorter sets; it is masked everywhere.
        self.register_buffer("vectors", torch.cat([torch.zeros(1, dim), vectors_GW.float()]))
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.attended = nn.Linear(dim, embedding_dim)
        self.feed_forward = nn.Sequential(nn.Linear(embedding_dim, embedding_dim), nn.Dropout(dropout))
        self.norm = nn.LayerNorm(embedding_dim, eps=1e-6)

    def forward(self, names_BL: Tensor) -> Tensor:
        """Embed sets of names.

        Args:
            names_BL: (B, L) int64, the name's row + 1, 0 for padding; every row has at least one name.

        Returns:
            phi_w, (B, D).
        """
        assert isinstance(self.vectors, Tensor)
        present_BL = names_BL > 0
        if self.training and self.in_parts:
            present_BL = random_part(present_BL)
        words_BLW = self.vectors[names_BL]
        batch, length, dim = words_BLW.shape
        qkv = self.query_key_value(words_BLW).view(batch, length, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=present_BL[:, None, None, :])
        context_BLD = self.attended(context.transpose(1, 2).reshape(batch, length, dim))
        words_BLD = context_BLD + self.feed_forward(context_BLD)
        return self.norm((words_BLD * present_BL.unsqueeze(-1)).sum(dim=1))


def random_part(present_BL: Tensor) -> Tensor:
    """Some of the names that are present in each row, at least one: any number of them, small ones as likely as large.

    With n names it is n ** u, rounded down, with u uniform from 0 to 1.
    """
    counts_B1 = present_BL.sum(dim=1, keepdim=True)
    sizes_B1 = counts_B1 ** torch.rand(counts_B1.shape, device=present_BL.device)
    order_BL = torch.rand(present_BL.shape, device=present_BL.device).masked_fill(~present_BL, 2.0).argsort(dim=1)
    return present_BL & (order_BL.argsort(dim=1) < sizes_B1.floor())


def padded(sets: Sequence[Sequence[int]]) -> np.ndarray:
    """Sets of rows as `BagAttention` takes them: (n, longest) int64, each row + 1, and 0 for padding."""
    padded_NL = np.zeros((len(sets), max([1, *map(len, sets)])), dtype=np.int64)
    for padded_L, rows in zip(padded_NL, sets, strict=True):
        padded_L[: len(rows)] = [row + 1 for row in rows]
    return padded_NL


def files_of(folder: Path, modality: str) -> tuple[Path, Path]:
    """Where a modality's encoder lies: its weights, and the config that names what it knows."""
    return folder / f"{modality}_encoder.safetensors", folder / f"{modality}_encoder.json"


class BagEncoder:
    """Sets of names as points of the space that audio was aligned with.

    Attributes:
        names: those that it knows.
    """

    def __init__(self, folder: Path, modality: str) -> None:
        """Read what `unisono.modalities.bag.save_bag_encoder` wrote.

        Raises:
            UserError: a file is missing or damaged, or they do not fit each other.
        """
        weights_file, config_file = files_of(folder, modality)
        with reading(config_file):
            config = json.loads(config_file.read_text(encoding="utf-8"))
            self.names: list[str] = config[f"{modality}s"]
            heads, embedding_dim = config["heads"], config["embedding_dim"]
        with reading(weights_file):
            weights = load_file(weights_file)
            vectors_GW = weights["vectors"][1:]
            if len(vectors_GW) != len(self.names):
                raise ValueError(
                    f"vectors of {len(vectors_GW)} {modality}s, but {config_file.name} names {len(self.names)}"
                )
            self._encoder = BagAttention(vectors_GW, heads, embedding_dim, dropout=0.0).eval()
            self._encoder.load_state_dict(weights)
        self._row_of = {name: row for row, name in enumerate(self.names)}

    def embed(self, names: Iterable[str]) -> np.ndarray:
        """One set of names, at least one and all known: (d,) float32."""
        return self.embed_all([names])[0]

    def embed_all(self, sets: Sequence[Iterable[str]]) -> np.ndarray:
        """Some sets of names, each with at least one and all known: (n, d) float32."""
        rows = [[self._row_of[name] for name in names] for names in sets]
        blocks = [rows[start : start + SETS_PER_BLOCK] for start in range(0, len(rows), SETS_PER_BLOCK)]
        with torch.inference_mode():
            return np.concatenate([self._encoder(torch.from_numpy(padded(block))).numpy() for block in blocks])
