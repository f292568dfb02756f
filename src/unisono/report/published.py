"""The rows of Tables 1 to 3 as published (Ferraro et al. 2021, section 4); accuracies as shares."""

from unisono.report.scores import Score

_JAMENDO = ("jamendo.genre.roc_auc", "jamendo.mood.roc_auc", "jamendo.instrument.roc_auc")
_PLAYLISTS = ("playlists.ndcg@100", "playlists.map@100")


def _row(accuracy: tuple[float, float], jamendo: tuple[float, ...], playlists: tuple[float, ...]) -> dict[str, Score]:
    means = {**dict(zip(_JAMENDO, jamendo, strict=True)), **dict(zip(_PLAYLISTS, playlists, strict=True))}
    return {"gtzan.accuracy": Score(*accuracy), **{key: Score(mean) for key, mean in means.items()}}


PUBLISHED: dict[str, dict[str, Score]] = {
    "random": {key: Score(mean) for key, mean in zip(_PLAYLISTS, (0.0005, 0.0001), strict=True)},
    "bline_g": _row((0.6328, 0.0119), (0.840, 0.722, 0.781), (0.0044, 0.0007)),
    "bline_cf": _row((0.5712, 0.0182), (0.836, 0.722, 0.770), (0.0035, 0.0007)),
    "bline_cf_g": _row((0.6435, 0.0110), (0.845, 0.727, 0.785), (0.0042, 0.0008)),
    "contr_g": _row((0.7678, 0.0122), (0.847, 0.732, 0.797), (0.0074, 0.0016)),
    "contr_cf": _row((0.6712, 0.0094), (0.845, 0.732, 0.793), (0.0076, 0.0017)),
    "contr_cf_g": _row((0.7529, 0.0132), (0.843, 0.733, 0.791), (0.0085, 0.0020)),
    "VGGish": {"gtzan.accuracy": Score(0.7758)},
    "OpenL3": {"gtzan.accuracy": Score(0.7465)},
    "musicnn": {"gtzan.accuracy": Score(0.7724)},
}
