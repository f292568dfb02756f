"""Tracks of the similarity space as points of a plane (Akama et al. 2023, figures 8 and 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from unisono.corpora.labels import multi_hot
from unisono.embeddings.neighbours import normalised
from unisono.embeddings.read import load_embeddings
from unisono.errors import UserError
from unisono.params.holdings import refuse_unknown_tags

FIRST, SECOND, BOTH, NEITHER = "#1f5f8b", "#e07b00", "#111111", "#c9c9c9"
UNTAGGED = "no track has a tag, so none is coloured"
LEAST_TRACKS = 4  # fewer have no neighbourhood to keep


@dataclass(frozen=True)
class Panel:
    """One map.

    Attributes:
        title: what it shows.
        points_N2: the tracks' places.
        has_a_N, has_b_N: whether each has the first and the second tag.
        tagged: whether any track has a tag at all.
    """

    title: str
    points_N2: np.ndarray
    has_a_N: np.ndarray
    has_b_N: np.ndarray
    tagged: bool = True


def project(vectors_ND: np.ndarray, seed: int) -> np.ndarray:
    """Return the tracks' places (n, 2) float32 in a plane that keeps neighbours near, by t-SNE.

    It starts from the principal components and looks at min(30, (n - 1) / 3) neighbours (the perplexity). On one
    thread, so that the same vectors and seed give the same places. Vectors that are all equal are all at the origin.

    Raises:
        UserError: fewer than 4 tracks.
    """
    n = len(vectors_ND)
    if n < LEAST_TRACKS:
        raise UserError(f"similarity space: {n} tracks; a map needs at least {LEAST_TRACKS}; give the corpus more")
    if (vectors_ND == vectors_ND[0]).all():
        return np.zeros((n, 2), dtype=np.float32)
    with threadpool_limits(1):
        return TSNE(2, init="pca", perplexity=min(30, (n - 1) / 3), random_state=seed).fit_transform(vectors_ND)


def similarity_map(embeddings: Path, labels: pd.DataFrame, tag_pair: list[str], title: str, where: str) -> Panel:
    """Map the tagged test tracks by their embeddings, coloured by two tags.

    Where no track has a tag, all test tracks are mapped, without colours.

    Args:
        embeddings: the folder of the embeddings.
        labels: columns `track_id`, `tags` and `split`.
        where: what to call the labels in an error.

    Raises:
        UserError: no track has a tag of the pair, or there are too few tracks.
    """
    tagged_N = labels["tags"].map(len) > 0
    if tagged_N.any():
        refuse_unknown_tags(tag_pair, labels["tags"].explode().value_counts().index.tolist(), where)
        labels = labels[tagged_N]
    test = labels[labels["split"] == "test"]
    space = load_embeddings(embeddings)
    rows = space.track_ids.get_indexer(pd.Index(test["track_id"]))
    points_N2 = project(normalised(space.tracks_ND[rows[rows >= 0]]), seed=0)
    has_a_N, has_b_N = multi_hot(test["tags"][rows >= 0], tag_pair).astype(bool).T
    return Panel(title, points_N2, has_a_N, has_b_N, tagged=bool(tagged_N.any()))


def draw_panels(panels: Sequence[Panel], names: tuple[str, str], path: Path) -> None:
    """Draw maps side by side to a PNG, such as those of models that saw 100% and 1% of the labels."""
    figure = Figure(figsize=(0.5 + 4.5 * len(panels), 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, panel in zip(all_axes, panels, strict=True):
        _draw_panel(axes, panel, names)
    if any(panel.tagged for panel in panels):
        handles, texts = all_axes[0].get_legend_handles_labels()
        columns = 2 * len(panels)  # long names of tags fit
        figure.legend(
            handles, texts, loc="outside lower center", ncols=columns, frameon=False, fontsize="small", markerscale=2
        )
    else:
        figure.supxlabel(UNTAGGED, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def _draw_panel(axes: Axes, panel: Panel, names: tuple[str, str]) -> None:
    has_a_N, has_b_N = panel.has_a_N.astype(bool), panel.has_b_N.astype(bool)
    groups = [  # the tracks that matter are drawn last, over the others
        (~has_a_N & ~has_b_N, NEITHER, "neither"),
        (has_a_N & ~has_b_N, FIRST, f"only {names[0]}"),
        (~has_a_N & has_b_N, SECOND, f"only {names[1]}"),
        (has_a_N & has_b_N, BOTH, "both"),
    ]
    size = float(np.clip(6000 / len(panel.points_N2), 3, 20))
    for chosen_N, colour, text in groups:
        points_N2 = panel.points_N2[chosen_N]
        axes.scatter(points_N2[:, 0], points_N2[:, 1], s=size, color=colour, linewidths=0, label=text)
    axes.set_title(panel.title)
    axes.set(xticks=[], yticks=[])
    axes.set_box_aspect(1)
