"""A step on a CUDA device that need not be there: torch's fake tensors say which they are on, and hold no values.

An operation on two devices raises, and so does whatever reads a value or makes a shape depend on one: on a GPU, the CPU
would wait there for all that is queued. It has no backward pass, no optimizer, and no autocast, which wants a device.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode, unset_fake_temporarily
from torch.func import functional_call

from unisono.alignment import objective, prediction
from unisono.alignment.alignments import weighted_alignments
from unisono.alignment.build import build_objective
from unisono.alignment.encoder import build_audio_encoder
from unisono.embeddings.neighbours import _largest
from unisono.encoders.sample_cnn import SampleCNN
from unisono.evaluation.measures.probe import Repeats, _loss_per_repeat, _rows
from unisono.metric_learning import objective as metric_learning
from unisono.metric_learning.augmentation import AugmentationChain
from unisono.metric_learning.effects import pitch_shift
from unisono.metric_learning.objective import MetricLearning
from unisono.modalities.artists import Artists
from unisono.modalities.genres import Genres
from unisono.modalities.playlists import Playlists
from unisono.modalities.registry import MODALITIES
from unisono.params import Encoder, Loss, Mel, Train, load_params
from unisono.training.devices import to_device
from unisono.training.rows import rows_with

B, RATE = 6, 7350
CUDA = torch.device("cuda")
PRESENT = {
    "all": torch.ones(B, dtype=torch.bool),
    "some": torch.arange(B) % 2 == 0,
    "none": torch.zeros(B, dtype=torch.bool),
}
VECTORS_NW = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
ENCODER = Encoder(channels=[2, 2, 2, 2, 2, 2, 4], hidden=8, embedding_dim=6, dropout=0.5, genre_heads=2)
TRAIN = Train(
    objective="contrastive", crop_frames=128, mask_frames=20, mask_bands=4, genres_per_track=3, batch_size=B, epochs=1,
    patience=1, learning_rate=1e-3, weight_decay=0, seed=0,
)  # fmt: skip


@pytest.fixture
def _fake() -> Iterator[None]:
    with fake_tensors():
        yield


def fake_tensors() -> FakeTensorMode:
    return FakeTensorMode(allow_non_fake_inputs=True)  # what is present is real: the CPU knows it


def losses_on_cuda(module: nn.Module, inputs: dict[str, Tensor], present: dict[str, Tensor]) -> set[str]:
    """Call a module with weights and buffers that lie on CUDA; the kinds of devices on which its losses lie.

    Rows are found outside of the mode: what is present lies on the CPU with its values, which nobody waits for.
    """
    there = _states_on_cuda(module)
    with pytest.MonkeyPatch.context() as patch:
        for file in (objective, prediction, metric_learning):
            patch.setattr(file, "rows_with", _rows_with)
        losses = functional_call(module, there, (inputs, present))
    return {loss.device.type for loss in losses.values()}


def _states_on_cuda(module: nn.Module) -> dict[str, Tensor]:
    states = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: torch.empty_like(state, device=CUDA) for name, state in states.items()}


def _rows_with(*present_B: Tensor) -> Tensor:
    with unset_fake_temporarily():
        return rows_with(*present_B)


def first_system(kind: str) -> nn.Module:
    a2a = float(kind == "contrastive")
    weights = Loss(temperature=0.1, lambda_a2g=1, lambda_a2p=1, lambda_g2p=1, lambda_a2a=a2a, lambda_a2r=1)
    train = TRAIN.model_copy(update={"objective": kind})
    names = pd.Index(list("abcde"))
    modalities = [modality(names, VECTORS_NW) for modality in (Genres, Playlists, Artists)]
    audio = build_audio_encoder(ENCODER, train, Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48))
    rows = weighted_alignments(weights, kind, MODALITIES)
    return build_objective(audio, modalities, rows, ENCODER, weights, train)


def names_BL() -> Tensor:
    return torch.randint(0, 6, (B, 3), device=CUDA)


@pytest.mark.parametrize("present", PRESENT)
@pytest.mark.parametrize("kind", ["contrastive", "prediction"])
def test_the_first_system_reads_nothing_back(kind: str, present: str) -> None:
    module = first_system(kind).train()
    with fake_tensors():
        crops_BFT = to_device(torch.zeros(B, 128, 48, dtype=torch.float16).transpose(1, 2), CUDA)
        assert crops_BFT.dtype == torch.float32 and crops_BFT.is_contiguous()
        inputs = {"audio": crops_BFT, "crop": crops_BFT, "playlist": torch.randn(B, 4, device=CUDA)}
        inputs |= {name: torch.randint(0, 6, (B, 3), device=CUDA) for name in ("genre", "artist")}
        masks = {name: PRESENT["all" if name in ("audio", "crop") else present] for name in inputs}
        assert losses_on_cuda(module, inputs, masks) == {"cuda"}


@pytest.mark.parametrize("present", PRESENT)
def test_the_second_system_reads_nothing_back(present: str) -> None:
    encoder = SampleCNN([4, 4, 4], 6)
    module = MetricLearning(encoder, 4, 8, 0.5, metric=1, contrastive=0.3, augment=None).train()
    with fake_tensors():
        inputs = {name: torch.randn(B, 1, 27, device=CUDA) for name in ("first", "second")}
        inputs["tags"] = torch.ones(B, 4, device=CUDA)
        assert losses_on_cuda(module, inputs, {"tags": PRESENT[present]}) == {"cuda"}


@pytest.mark.usefixtures("_fake")
@pytest.mark.parametrize("effect", ["_noise", "_gain", "_filter", "_delay", "_reverb"])
def test_an_effect_reads_nothing_back(effect: str) -> None:
    params = load_params(Path(__file__).parents[2] / "params.yaml")
    chain = AugmentationChain(params.augmentation, RATE)
    wave_BS = torch.randn(B, RATE, device=CUDA)
    assert getattr(chain, effect)(wave_BS).shape == wave_BS.shape


@pytest.mark.usefixtures("_fake")
def test_a_pitch_shift_reads_nothing_back_but_semitones_of_the_cpu() -> None:
    wave_BS = torch.randn(1, RATE, device=CUDA)  # one: of a single number, made here, a fake tensor knows the value
    assert pitch_shift(wave_BS, torch.tensor([5.0]), RATE).shape == wave_BS.shape


@pytest.mark.parametrize("classes", [True, False])
def test_a_probe_reads_nothing_back(classes: bool) -> None:
    probe = Repeats([4, 6, 5, 3], 0.5, True, [torch.Generator().manual_seed(seed) for seed in range(2)]).train()
    with fake_tensors():
        features_ND = torch.randn(20, 4, device=CUDA)
        targets = torch.zeros(20, dtype=torch.int64, device=CUDA) if classes else torch.ones(20, 3, device=CUDA)
        chosen_RB = torch.zeros(2, 8, dtype=torch.int64, device=CUDA)
        logits_RBC = functional_call(probe, _states_on_cuda(probe), (_rows(features_ND, chosen_RB),))
        assert logits_RBC.shape == (2, 8, 3)
        assert _loss_per_repeat(logits_RBC, _rows(targets, chosen_RB)).device.type == "cuda"


@pytest.mark.usefixtures("_fake")
@pytest.mark.parametrize("n_items", [6, 1003])  # the latter in groups
def test_the_nearest_are_found_without_reading_anything_back(n_items: int) -> None:
    similarities, places = _largest(torch.randn(B, n_items, device=CUDA), 5)
    assert similarities.device.type == places.device.type == "cuda" and places.shape == (B, 5)


@pytest.mark.usefixtures("_fake")
def test_what_reads_a_value_back_is_found() -> None:
    with pytest.raises(DataDependentOutputException):
        float(torch.ones(B, device=CUDA).sum())
