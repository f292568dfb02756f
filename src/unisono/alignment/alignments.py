"""Which modalities are aligned, and how much: the weights in the params as rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from unisono.errors import UserError
from unisono.modalities.modality import Modality
from unisono.params import Loss

AUDIO, CROP = "audio", "crop"  # another crop of the same track is a modality of its own


@dataclass(frozen=True)
class Alignment:
    """One pull: the modalities `a` and `b` of the same track, with a weight (a lambda of eq. 13)."""

    name: str
    a: str
    b: str
    weight: float


def all_alignments(loss: Loss, modalities: Iterable[type[Modality]]) -> list[Alignment]:
    """A row a lambda of `loss`, in its order, whatever the weight: lambda_a2g pulls audio and genre.

    Raises:
        ValueError: a lambda has a letter of no modality.
    """
    names = {"a": AUDIO, **{modality.letter: modality.name for modality in modalities}}
    weights = {key.removeprefix("lambda_"): weight for key, weight in loss if key.startswith("lambda_")}
    rows = []
    for name, weight in weights.items():
        a, b = name.split("2")
        if not {a, b} <= set(names):
            raise ValueError(f"lambda_{name} names a modality that is none of {names}")
        rows.append(Alignment(name, names[a], CROP if a == b == "a" else names[b], weight))
    return rows


def weighted_alignments(loss: Loss, objective: str, modalities: Iterable[type[Modality]]) -> list[Alignment]:
    """The rows that `objective` (contrastive | prediction) learns from: of those it knows, the ones with a weight.

    Prediction is from audio, so what counts there are the rows of audio and a modality.

    Raises:
        UserError: the audio encoder would learn nothing.
        ValueError: see `all_alignments`.
    """
    rows = all_alignments(loss, modalities)
    if objective == "prediction":
        rows = [row for row in rows if row.a == AUDIO and row.b != CROP]
    of_audio = [row for row in rows if row.a == AUDIO]
    if not any(row.weight > 0 for row in of_audio):
        raise UserError(
            f"params.yaml: {lambdas(of_audio)} are {'both' if len(of_audio) == 2 else 'all'} 0, so the audio encoder"
            " would learn nothing; give one of them a weight"
        )
    return [row for row in rows if row.weight > 0]


def aligned(alignments: Iterable[Alignment]) -> set[str]:
    """The modalities that the rows name."""
    return {modality for row in alignments for modality in (row.a, row.b)}


def lambdas(alignments: Iterable[Alignment]) -> str:
    """Where the rows' weights stand in params.yaml, as a sentence lists them."""
    *most, last = [f"loss.lambda_{row.name}" for row in alignments]
    return " and ".join([", ".join(most), last] if most else [last])
