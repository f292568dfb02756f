"""Audio in blocks of any length is resampled as torchaudio resamples it at once."""

import pytest
import torch
from torchaudio.transforms import Resample

from unisono.audio.resample import resample

RATES = [
    (4000, 22050), (8000, 16000), (11025, 16000), (22050, 16000), (44100, 16000), (48000, 16000), (96000, 16000),
    (384_000, 16000), (44100, 7350), (48000, 7350), (48000, 22050), (12345, 7350), (16000, 192_000),
]  # fmt: skip


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
@pytest.mark.parametrize("n_samples", [1, 7, 1000, 50_001])
def test_equals_torchaudio(from_rate: int, to_rate: int, n_samples: int) -> None:
    audio_S = torch.rand(n_samples, generator=torch.Generator().manual_seed(0)) * 2 - 1
    expected_S = Resample(from_rate, to_rate)(audio_S)
    for block in (n_samples, 20_000, 333):
        found_S = torch.cat(list(resample(audio_S.split(block), from_rate, to_rate)))
        torch.testing.assert_close(found_S, expected_S, atol=1e-6, rtol=0)


def test_blocks_shorter_than_the_kernel_and_empty_ones() -> None:
    audio_S = torch.rand(3000, generator=torch.Generator().manual_seed(0)) * 2 - 1
    blocks = [torch.zeros(0), *audio_S[:200].split(1), torch.zeros(0), *audio_S[200:].split(701)]
    found_S = torch.cat(list(resample(blocks, 44100, 16000)))
    torch.testing.assert_close(found_S, Resample(44100, 16000)(audio_S), atol=1e-6, rtol=0)


def test_one_rate_is_left_as_it_is() -> None:
    blocks = [torch.rand(5), torch.rand(3)]
    assert [block.data_ptr() for block in resample(blocks, 16000, 16000)] == [block.data_ptr() for block in blocks]
