"""Encoders of waveforms: shapes, sizes, what their embedding is, and a round trip to disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.inception import MelInception
from unisono.encoders.sample_cnn import SampleCNN, excerpt_embedding
from unisono.encoders.saved import load_encoder, load_pretrained, save_encoder, save_projector
from unisono.errors import UserError

PAPER = [128, 128, 128, 256, 256, 256, 256, 256, 256, 512]


def inception() -> MelInception:
    torch.manual_seed(0)
    return MelInception(sample_rate=7350, n_fft=512, hop_length=170, n_mels=64, channels=16, embedding_dim=24)


def sample_cnn() -> SampleCNN:
    torch.manual_seed(0)
    return SampleCNN([4, 4, 8, 8], 12)


def test_the_paper_s_encoder_hears_59049_samples_and_ends_in_512_features() -> None:
    encoder = SampleCNN(PAPER, 512)
    assert encoder.crop_frames == 59049
    shapes = []
    for layer in encoder.layers:
        if isinstance(layer, nn.Sequential | nn.Conv1d):
            layer.register_forward_hook(lambda module, args, out: shapes.append(tuple(out.shape[1:])))
    assert encoder.eval()(torch.zeros(1, 1, 59049)).shape == (1, 512)
    lengths = [3**power for power in range(9, -1, -1)]
    assert shapes == [*zip(PAPER, lengths, strict=True), (512, 1)]


def test_the_paper_s_encoder_has_the_parameters_of_its_layers() -> None:
    """Each convolution has 3 weights an input and output channel and a bias, each batch norm a scale and a shift."""
    convolutions = list(zip([1, *PAPER], [*PAPER, 512], strict=True))
    expected = sum(3 * i * o + o + 2 * o for i, o in convolutions)
    assert sum(p.numel() for p in SampleCNN(PAPER, 512).parameters()) == expected


@pytest.mark.parametrize("make", [sample_cnn, inception])
def test_the_embedding_is_the_normalised_layer_norm_of_the_features(make: type[AudioEncoder]) -> None:
    encoder = make().eval()
    wave_B1S = 0.1 * torch.randn(3, 1, encoder.crop_frames)
    with torch.no_grad():
        h_BD, z_BD = encoder.backbone(wave_B1S).numpy(), encoder(wave_B1S).numpy()
    assert h_BD.shape == z_BD.shape == (3, encoder.embedding_dim)
    normal = (h_BD - h_BD.mean(1, keepdims=True)) / np.sqrt(h_BD.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(z_BD, normal / np.linalg.norm(normal, axis=1, keepdims=True), atol=1e-5)


def test_constant_features_give_a_finite_embedding() -> None:
    assert torch.isfinite(excerpt_embedding(torch.ones(2, 5))).all()


def test_inception_makes_129_frames_of_an_excerpt_and_halves_them_in_each_block() -> None:
    encoder = inception().eval()
    wave_B1S = torch.randn(2, 1, encoder.crop_frames)
    assert encoder.mel(wave_B1S).shape == (2, 1, 64, 129)
    picture = encoder.stem(encoder.mel(wave_B1S))
    for frames in (64, 32, 16, 8, 4, 2):
        assert picture.shape[-1] == frames
        picture = encoder.blocks[(64, 32, 16, 8, 4, 2).index(frames)](picture)
    assert picture.shape == (2, 16, 1, 1)
    with pytest.raises(ValueError, match="channels is 10, expected a multiple of 4"):
        MelInception(7350, 512, 170, 64, 10, 8)


@pytest.mark.parametrize("make", [sample_cnn, inception])
def test_an_encoder_comes_back_from_disk(make: type[AudioEncoder], tmp_path: Path) -> None:
    encoder = make().eval()
    projector = nn.Linear(encoder.backbone_dim, 3)
    save_encoder(tmp_path, encoder, {"sample_rate": 7350})
    save_projector(tmp_path, projector)
    loaded, front_end = load_encoder(tmp_path)
    wave_B1S = torch.randn(2, 1, encoder.crop_frames)
    assert type(loaded) is type(encoder) and front_end == {"sample_rate": 7350}
    assert torch.equal(loaded(wave_B1S), encoder(wave_B1S))

    other, other_projector = make(), nn.Linear(encoder.backbone_dim, 3)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    load_pretrained(tmp_path, other, other_projector)
    assert torch.equal(other.eval()(wave_B1S), encoder(wave_B1S))
    assert torch.equal(other_projector.weight, projector.weight)
    with pytest.raises(UserError, match=r"holds another encoder than params\.similarity describes"):
        load_pretrained(tmp_path, SampleCNN([2, 2], 2), None)
