"""The lambdas of params.yaml as rows: which modalities are aligned, and what is refused."""

import pytest

from unisono.alignment.alignments import Alignment, aligned, all_alignments, lambdas, weighted_alignments
from unisono.errors import UserError
from unisono.modalities.registry import MODALITIES
from unisono.params import Loss


def loss(a2g: float, a2p: float, g2p: float, a2a: float = 0) -> Loss:
    return Loss(temperature=0.1, lambda_a2g=a2g, lambda_a2p=a2p, lambda_g2p=g2p, lambda_a2a=a2a)


def test_a_lambda_is_a_row_in_the_order_of_the_params() -> None:
    assert all_alignments(loss(1, 0, 3, 4), MODALITIES) == [
        Alignment("a2g", "audio", "genre", 1),
        Alignment("a2p", "audio", "playlist", 0),
        Alignment("g2p", "genre", "playlist", 3),
        Alignment("a2a", "audio", "crop", 4),
        Alignment("a2t", "audio", "word", 0),
        Alignment("g2t", "genre", "word", 0),
        Alignment("p2t", "playlist", "word", 0),
        Alignment("a2r", "audio", "artist", 0),
    ]


def test_a_letter_of_no_modality_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lambda_a2p names a modality that is none of .+genre"):
        all_alignments(loss(1, 1, 1), MODALITIES[:1])


@pytest.mark.parametrize(
    ("weights", "objective", "names"),
    [
        ((1, 1, 1, 1), "contrastive", ["a2g", "a2p", "g2p", "a2a"]),
        ((1, 0, 1, 0), "contrastive", ["a2g", "g2p"]),
        ((0, 0, 1, 0.5), "contrastive", ["g2p", "a2a"]),
        ((1, 1, 1, 1), "prediction", ["a2g", "a2p"]),
        ((1, 0, 1, 1), "prediction", ["a2g"]),
        ((0, 1, 0, 0), "prediction", ["a2p"]),
    ],
)
def test_what_counts_has_a_weight_and_is_known_to_the_objective(
    weights: tuple[float, ...], objective: str, names: list[str]
) -> None:
    assert [row.name for row in weighted_alignments(loss(*weights), objective, MODALITIES)] == names


@pytest.mark.parametrize("g2p", [0, 1])
@pytest.mark.parametrize(
    ("objective", "a2a", "problem"),
    [
        ("contrastive", 0, r"loss\.lambda_a2g, .*loss\.lambda_a2a, loss\.lambda_a2t and loss\.lambda_a2r are all 0"),
        ("prediction", 1, r"loss\.lambda_a2g, loss\.lambda_a2p, loss\.lambda_a2t and loss\.lambda_a2r are all 0"),
    ],
)
def test_weights_that_teach_the_audio_nothing_are_refused(g2p: float, objective: str, a2a: float, problem: str) -> None:
    with pytest.raises(UserError, match=rf"^params\.yaml: {problem}, so the audio encoder would learn nothing"):
        weighted_alignments(loss(0, 0, g2p, a2a), objective, MODALITIES)


def test_rows_name_modalities_and_lambdas() -> None:
    rows = all_alignments(loss(1, 1, 1, 1), MODALITIES)
    assert aligned(rows[:4]) == {"audio", "genre", "playlist", "crop"} and aligned(rows[2:3]) == {"genre", "playlist"}
    assert lambdas(rows[:1]) == "loss.lambda_a2g"
    assert lambdas(rows[:3]) == "loss.lambda_a2g, loss.lambda_a2p and loss.lambda_g2p"
