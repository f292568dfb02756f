"""The six models of the paper, as the params that make them."""

from collections.abc import Iterable, Mapping

from unisono.params import Loss

_WEIGHTS = ("lambda_a2g", "lambda_a2p", "lambda_g2p", "lambda_a2a")


def _model(objective: str, *weights: float) -> dict[str, str | float]:
    lambdas = {f"loss.{name}": weight for name, weight in zip(_WEIGHTS, (*weights, 0.0), strict=True)}
    return {"train.objective": objective, **lambdas}


SIX_MODELS: dict[str, dict[str, str | float]] = {
    "bline_g": _model("prediction", 1.0, 0.0, 0.0),
    "bline_cf": _model("prediction", 0.0, 1.0, 0.0),
    "bline_cf_g": _model("prediction", 1.0, 1.0, 0.0),
    "contr_g": _model("contrastive", 1.0, 0.0, 0.0),
    "contr_cf": _model("contrastive", 0.0, 1.0, 0.0),
    "contr_cf_g": _model("contrastive", 1.0, 1.0, 1.0),
}

TITLES = {
    "random": "random",
    "untrained": "untrained",
    "statistics": "mel statistics",
    "ridge": "ridge",
    "bline_g": "B-line G",
    "bline_cf": "B-line CF",
    "bline_cf_g": "B-line CF-G",
    "contr_g": "Contr G",
    "contr_cf": "Contr CF",
    "contr_cf_g": "Contr CF-G",
    "custom": "custom weights",
}

VECTORS = "the vectors as they came"  # what the statistics of vectors are
SECOND_SYSTEM = "metric learning"


def row_titles(kind: str, rows: Iterable[str], without_vector: Mapping[str, int]) -> dict[str, str]:
    """Return what tables call rows.

    Args:
        kind: of the first system's encoder.
        without_vector: of how many tracks some of the others have no vector.
    """
    titles = {**TITLES, "statistics": VECTORS if kind == "vectors" else TITLES["statistics"]}
    lacking = {row: f" ({n} tracks without a vector)" for row, n in without_vector.items() if n}
    return {row: titles.get(row, row) + lacking.get(row, "") for row in rows}


def model_name(loss: Loss, objective: str) -> str:
    """Return which of the six models the params make, or `custom` for other weights.

    The prediction objective knows no alignment of genres and playlists, so `lambda_g2p` does not matter to it.
    """
    for name, params in SIX_MODELS.items():
        relevant = _WEIGHTS[:2] if objective == "prediction" else _WEIGHTS
        if params["train.objective"] == objective and all(getattr(loss, w) == params[f"loss.{w}"] for w in relevant):
            return name
    return "custom"
