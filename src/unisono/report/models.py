"""The six models of the paper, as the params that make them."""

from collections.abc import Iterable, Mapping

from unisono.params import Loss

_WEIGHTS = tuple(name for name in Loss.model_fields if name.startswith("lambda_"))
_OF_PREDICTION = tuple(name for name in _WEIGHTS if name.startswith("lambda_a2") and name != "lambda_a2a")


def _model(objective: str, a2g: float, a2p: float, g2p: float) -> dict[str, str | float]:
    weights = dict.fromkeys(_WEIGHTS, 0.0) | {"lambda_a2g": a2g, "lambda_a2p": a2p, "lambda_g2p": g2p}
    return {"train.objective": objective, **{f"loss.{name}": weight for name, weight in weights.items()}}


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

    The prediction objective knows no alignment of others than audio, so `lambda_g2p` does not matter to it.
    """
    for name, params in SIX_MODELS.items():
        relevant = _OF_PREDICTION if objective == "prediction" else _WEIGHTS
        if params["train.objective"] == objective and all(getattr(loss, w) == params[f"loss.{w}"] for w in relevant):
            return name
    return "custom"
