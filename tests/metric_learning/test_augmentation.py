"""Each effect is known by what it does to a signal; the chain draws for each example, and repeats with the seed."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, lfilter
from torch import Tensor

from unisono import params
from unisono.metric_learning import effects
from unisono.metric_learning.augmentation import AugmentationChain

RATE, SAMPLES = 7350, 19683
EFFECTS = ("polarity", "noise", "gain", "filter", "delay", "pitch", "reverb")
PAPER = {
    "polarity": 0.8,
    "noise": 0.01,
    "noise_snr": {"low": 40, "high": 80},
    "gain": 0.3,
    "gain_range": {"low": -6, "high": 0},
    "filter": 0.8,
    "high_pass": {"low": 200, "high": 1200},
    "low_pass": {"low": 2200, "high": 3600},
    "delay": 0.3,
    "delay_range": {"low": 200, "high": 500},
    "delay_step": 50,
    "delay_volume": 0.5,
    "pitch": 0.6,
    "pitch_range": {"low": -7, "high": 7},
    "reverb": 0.6,
    "reverb_range": {"low": 0, "high": 100},
}
NEVER = PAPER | dict.fromkeys(EFFECTS, 0.0)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def chain(rate: int = RATE, **changes: Any) -> AugmentationChain:
    """No effect is ever drawn but those in `changes`, the paper's ranges."""
    return AugmentationChain(params.Augmentation.model_validate(NEVER | changes), rate)


def paper_chain() -> AugmentationChain:
    return AugmentationChain(params.Augmentation.model_validate(PAPER), RATE)


def band(low: float, high: float) -> dict[str, float]:
    return {"low": low, "high": high}


def noise(batch: int, n_samples: int = SAMPLES, seed: int = 0) -> Tensor:
    return torch.randn(batch, n_samples, generator=torch.Generator().manual_seed(seed)) / 4


def sines(hertz: list[float], rate: int = RATE, n_samples: int = SAMPLES) -> Tensor:
    time_S = torch.arange(n_samples, dtype=torch.float64) / rate
    return torch.sin(2 * math.pi * torch.tensor(hertz, dtype=torch.float64)[:, None] * time_S).float()


def peak_hertz(wave_S: Tensor, rate: int = RATE) -> float:
    """The loudest frequency, to a hundredth of a FFT bin, from the parabola through the log magnitudes at the peak."""
    magnitude = np.abs(np.fft.rfft(wave_S.double().numpy() * np.hanning(len(wave_S))))
    k = int(magnitude.argmax())
    left, top, right = np.log(magnitude[k - 1 : k + 2])
    return float((k + (left - right) / (left - 2 * top + right) / 2) * rate / len(wave_S))


def level(wave_BS: Tensor) -> Tensor:
    """RMS in dB."""
    return 10 * wave_BS.double().square().mean(-1).log10()


# Pitch


@pytest.mark.parametrize(("rate", "n_samples"), [(7350, 19683), (22050, 59049)])
def test_pitch_moves_a_sine_by_each_examples_semitones_and_keeps_its_length(rate: int, n_samples: int) -> None:
    semitones = torch.tensor([-7.0, -3.3, -0.5, 0.0, 1.0, 4.21, 7.0])
    wave_BS = 0.5 * sines([440.0] * len(semitones), rate, n_samples)
    shifted_BS = effects.pitch_shift(wave_BS, semitones, rate)
    assert shifted_BS.shape == wave_BS.shape
    middle = slice(n_samples // 8, -n_samples // 8)
    found = [12 * math.log2(peak_hertz(row[middle], rate) / 440) for row in shifted_BS]
    assert found == pytest.approx(semitones.tolist(), abs=0.05)
    assert level(shifted_BS[:, middle]).tolist() == pytest.approx(level(wave_BS[:, middle]).tolist(), abs=0.5)


def test_pitch_moves_every_partial_and_keeps_their_levels() -> None:
    wave_BS = sines([200.0]) + 0.5 * sines([600.0]) + 0.25 * sines([1400.0])
    (shifted_S,) = effects.pitch_shift(wave_BS, torch.tensor([5.0]), RATE)
    spectrum = np.abs(np.fft.rfft(shifted_S[2000:-2000].numpy() * np.hanning(SAMPLES - 4000)))
    peaks = []
    for hertz in (200, 600, 1400):
        k = round(hertz * 2 ** (5 / 12) * (SAMPLES - 4000) / RATE)
        peaks.append(spectrum[k - 3 : k + 4].max())
    assert np.array(peaks) / peaks[0] == pytest.approx([1, 0.5, 0.25], rel=0.12)


def test_pitch_by_nothing_returns_the_waveform_below_its_highest_frequencies() -> None:
    wave_BS = effects.butterworth(noise(2), torch.full((2,), 300.0), torch.tensor([False, False]), RATE)
    shifted_BS = effects.pitch_shift(wave_BS, torch.zeros(2), RATE)
    assert level(shifted_BS - wave_BS).max() < level(wave_BS).min() - 35


def test_pitch_keeps_the_tempo() -> None:
    clicks_S = torch.zeros(SAMPLES)
    clicks_S[3000::4000] = 1
    shifted_BS = effects.pitch_shift(clicks_S.repeat(2, 1), torch.tensor([-7.0, 7.0]), RATE)
    for energy_S in shifted_BS.square():
        for start in range(1000, SAMPLES - 4000, 4000):
            window_S = energy_S[start : start + 4000]
            centre = float((window_S * torch.arange(4000)).sum() / window_S.sum())
            assert centre == pytest.approx(2000, abs=200)  # a frame is 512 samples


def test_pitch_upwards_leaves_no_alias_of_what_exceeds_the_band() -> None:
    wave_BS = sines([3300.0])
    shifted_BS = effects.pitch_shift(wave_BS, torch.tensor([7.0]), RATE)
    assert level(shifted_BS[:, 1000:-1000]) < level(wave_BS) - 40


def test_pitch_survives_a_silent_passage() -> None:
    wave_BS = sines([440.0])
    wave_BS[:, 4000:12000] = 0
    shifted_BS = effects.pitch_shift(wave_BS, torch.tensor([3.0]), RATE)
    assert level(shifted_BS[:, 13000:19000]) == pytest.approx(level(wave_BS[:, 13000:19000]).item(), abs=0.5)
    assert peak_hertz(shifted_BS[0, 13000:19000]) == pytest.approx(440 * 2 ** (3 / 12), rel=0.003)


@pytest.mark.parametrize(("length", "hop", "n_frames"), [(1024, 256, 60), (512, 128, 7)])
def test_frames_are_added_as_istft_adds_them(length: int, hop: int, n_frames: int) -> None:
    spectrum_BTF = torch.randn(3, n_frames, length // 2 + 1, dtype=torch.complex64)
    window_N, n_samples = torch.hann_window(length), hop * (n_frames - 1) - 17
    added_BS = effects._overlap_add(torch.fft.irfft(spectrum_BTF, n=length), window_N, hop)
    expected_BS = torch.istft(spectrum_BTF.mT, length, hop, window=window_N, length=n_samples)
    assert torch.equal(added_BS[:, length // 2 :][:, :n_samples], expected_BS)


# Filters


@pytest.mark.parametrize("rate", [7350, 22050])
@pytest.mark.parametrize("cutoff", [20.0, 200.0, 1200.0, 2200.0, 3600.0])
@pytest.mark.parametrize("kind", ["high", "low"])
def test_filter_equals_scipys_butterworth(kind: str, cutoff: float, rate: int) -> None:
    wave_BS = noise(1, 4000)
    found_BS = effects.butterworth(wave_BS, torch.tensor([cutoff]), torch.tensor([kind == "high"]), rate)
    oracle_BS = lfilter(*butter(2, cutoff, kind, fs=rate), wave_BS.double().numpy())
    assert np.abs(found_BS.numpy() - oracle_BS).max() < 2e-6


def test_filters_attenuate_by_the_butterworth_response() -> None:
    hertz = [100.0, 500.0, 1000.0, 3000.0]
    wave_BS = sines(hertz)
    for high_pass in (True, False):
        filtered_BS = effects.butterworth(wave_BS, torch.full((4,), 1000.0), torch.full((4,), high_pass), RATE)
        found = (level(filtered_BS[:, 2000:]) - level(wave_BS[:, 2000:])).numpy()
        bent = np.tan(np.pi * np.array(hertz) / RATE) / np.tan(np.pi * 1000 / RATE)
        expected = -10 * np.log10(1 + bent ** (-4 if high_pass else 4))
        assert found == pytest.approx(expected, abs=0.1)
        assert found[2] == pytest.approx(-3.01, abs=0.1)


def test_the_chain_filters_half_the_examples_high_and_half_low() -> None:
    wave_BS = (sines([60.0], n_samples=2000) + sines([3650.0], n_samples=2000)).repeat(1000, 1)
    filtered_BS = chain(filter=1)(wave_BS)
    spectrum_BF = torch.fft.rfft(filtered_BS * torch.hann_window(2000)).abs()
    low_B = spectrum_BF[:, round(60 * 2000 / RATE)]
    high_B = spectrum_BF[:, round(3650 * 2000 / RATE)]
    assert 420 < int((low_B < high_B).sum()) < 580  # five standard deviations


# Delay, gain, noise, polarity


def test_delay_adds_a_copy_at_one_of_the_steps_and_at_its_volume() -> None:
    wave_BS = noise(60)
    delayed_BS = chain(delay=1)(wave_BS)
    spectrum_BF = torch.fft.rfft(wave_BS, n=2 * SAMPLES)
    copy_BF = torch.fft.rfft(delayed_BS - wave_BS, n=2 * SAMPLES)
    lag_B = torch.fft.irfft(copy_BF * spectrum_BF.conj(), n=2 * SAMPLES).argmax(1)
    steps = {round(milliseconds * RATE / 1000): milliseconds for milliseconds in range(200, 501, 50)}
    assert {steps[int(lag)] for lag in lag_B} == set(steps.values())
    for wave_S, delayed_S, lag in zip(wave_BS, delayed_BS, lag_B, strict=True):
        assert torch.equal(delayed_S[:lag], wave_S[:lag])
        assert torch.allclose(delayed_S[lag:], wave_S[lag:] + 0.5 * wave_S[:-lag])


def test_a_delay_longer_than_the_excerpt_does_not_appear() -> None:
    wave_BS = noise(4, 1000)
    assert torch.equal(chain(delay=1)(wave_BS), wave_BS)


def test_gain_is_uniform_in_decibels() -> None:
    wave_BS = noise(2000, 64)
    decibels_B = level(chain(gain=1)(wave_BS)) - level(wave_BS)
    assert decibels_B.min() >= -6.001 and decibels_B.max() <= 0.001
    quarters = np.histogram(decibels_B.numpy(), bins=4, range=(-6, 0))[0]
    assert np.abs(quarters - 500).max() < 100  # five standard deviations


def test_noise_comes_at_the_drawn_ratio_to_each_examples_own_level() -> None:
    wave_BS = noise(300, 4000) * torch.logspace(-2, 0, 300)[:, None]
    noisy_BS = chain(noise=1, noise_snr=band(10, 30))(wave_BS)
    snr_B = level(wave_BS) - level(noisy_BS - wave_BS)
    assert snr_B.min() > 9.9 and snr_B.max() < 30.1
    assert snr_B.mean() == pytest.approx(20, abs=1.7)
    exact_B = level(wave_BS) - level(chain(noise=1, noise_snr=band(25, 25))(wave_BS) - wave_BS)
    assert exact_B.numpy() == pytest.approx(np.full(300, 25.0), abs=0.01)


def test_polarity_inverts() -> None:
    wave_BS = noise(3, 100)
    assert torch.equal(chain(polarity=1)(wave_BS), -wave_BS)


# Reverb


def responses(room: list[float], reverberance: list[float], damping: list[float]) -> Tensor:
    """Of rooms that share their noise."""
    noise_1L = 4 * noise(1, effects.response_length(RATE))
    strengths = (torch.tensor(values) for values in (room, reverberance, damping))
    return effects.room_response(noise_1L.repeat(len(room), 1), *strengths, RATE)


def decay_seconds(response_L: Tensor) -> float:
    """RT60 from the energy still to come (Schroeder), between 5 and 25 dB down, the direct sound left out."""
    to_come_L = response_L[1:].double().square().flip(0).cumsum(0).flip(0)
    decibels_L = 10 * (to_come_L / to_come_L[0]).log10()
    return 3 * int(((decibels_L < -5) & (decibels_L > -25)).sum()) / RATE


def test_reverb_lasts_longer_in_a_larger_and_a_more_reverberant_room() -> None:
    larger = [decay_seconds(row) for row in responses([0, 0.25, 0.5, 0.75, 1], [0.5] * 5, [0.0] * 5)]
    assert larger == pytest.approx([0.45, 0.625, 0.8, 0.975, 1.15], rel=0.1)
    reverberant = [decay_seconds(row) for row in responses([0.5] * 3, [0.2, 0.6, 1.0], [0.0] * 3)]
    assert reverberant == pytest.approx([0.59, 0.87, 1.15], rel=0.1)


def test_reverbs_tail_has_reverberance_times_the_direct_sounds_energy() -> None:
    response_BL = responses([0.7] * 3, [0.0, 0.3, 1.0], [0.0] * 3)
    assert torch.equal(response_BL[:, 0], torch.ones(3))
    assert response_BL[:, 1:].square().sum(1).tolist() == pytest.approx([0, 0.3, 1.0], rel=0.1)


def test_damping_removes_highs_from_the_tail_and_leaves_the_lows() -> None:
    spectrum_BF = torch.fft.rfft(responses([0.7] * 3, [0.8] * 3, [0.0, 0.5, 1.0])[:, 1:]).abs().square()
    hertz_F = torch.linspace(0, RATE / 2, spectrum_BF.shape[1])
    high_B = spectrum_BF[:, hertz_F > 2000].sum(1)
    low_B = spectrum_BF[:, hertz_F < 400].sum(1)
    assert high_B[0] > 1.5 * high_B[1] > 2 * high_B[2]
    assert (low_B / low_B[0]).tolist() == pytest.approx([1, 1, 1], abs=0.1)


def test_convolution_equals_numpys() -> None:
    wave_BS, response_BL = noise(3, 700), noise(3, 300, seed=1)
    expected = [np.convolve(w, r)[:700] for w, r in zip(wave_BS.numpy(), response_BL.numpy(), strict=True)]
    assert np.abs(effects.convolve(wave_BS, response_BL).numpy() - expected).max() < 1e-5


def test_reverb_without_reverberance_is_dry() -> None:
    wave_BS = noise(2)
    assert torch.allclose(chain(reverb=1, reverb_range=band(0, 0))(wave_BS), wave_BS, atol=1e-5)


# The chain


def test_without_any_effect_the_waveforms_come_back_as_they_were() -> None:
    wave_BS = noise(5, 1000)
    augmented_BS = chain()(wave_BS)
    assert torch.equal(augmented_BS, wave_BS)
    assert augmented_BS.data_ptr() != wave_BS.data_ptr()


@pytest.mark.parametrize("effect", EFFECTS)
def test_each_effect_is_drawn_with_its_probability(effect: str) -> None:
    wave_BS = noise(2000, 2000)
    ranges = {"noise_snr": band(0, 0), "delay_range": band(50, 50)}
    everywhere_B = (chain(**ranges | {effect: 1})(wave_BS) != wave_BS).any(1)
    assert everywhere_B.all()
    drawn = int((chain(**ranges | {effect: 0.3})(wave_BS) != wave_BS).any(1).sum())
    assert abs(drawn - 600) < 5 * math.sqrt(2000 * 0.3 * 0.7)


@pytest.mark.parametrize("effect", ["noise", "gain", "filter", "pitch", "reverb"])
def test_examples_of_one_batch_are_altered_differently(effect: str) -> None:
    augmented_BS = chain(**{effect: 1})(noise(1).repeat(6, 1))
    differs_BB = (augmented_BS[:, None] - augmented_BS).abs().amax(-1) > 0
    assert int(differs_BB.sum()) == 6 * 5


def test_noise_is_added_before_the_filter() -> None:
    wave_BS = noise(1)
    only_high = {"filter": 1, "high_pass": band(3600, 3600), "low_pass": band(1, 1)}  # either leaves next to nothing
    assert level(chain(noise=1, noise_snr=band(0, 0), **only_high)(wave_BS)) < level(wave_BS) - 6


def test_the_filter_comes_before_the_pitch_shift() -> None:
    at_1200 = {"filter": 1, "high_pass": band(1200, 1200), "low_pass": band(1200, 1200)}
    wave_BS = sines([1000.0], n_samples=6000)
    shifted_BS = chain(**at_1200, pitch=1, pitch_range=band(7, 7))(wave_BS)
    found = level(shifted_BS[:, 1000:5000]) - level(wave_BS)
    bent = math.tan(math.pi * 1000 / RATE) / math.tan(math.pi * 1200 / RATE)  # it meets 1000 Hz, not 1498
    assert min(abs(found.item() + 10 * math.log10(1 + bent**power)) for power in (4, -4)) < 0.3


def test_a_seed_repeats_the_draws() -> None:
    wave_BS = noise(12)
    augmented = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        augmented.append(paper_chain()(wave_BS))
    assert torch.equal(augmented[0], augmented[1])
    assert not torch.equal(augmented[0], augmented[2])


def test_what_the_neighbours_sound_like_changes_nothing() -> None:
    wave_BS, other_BS = noise(12), noise(12, seed=1)
    other_BS[5] = wave_BS[5]
    torch.manual_seed(3)
    among_some_S = paper_chain()(wave_BS)[5]
    torch.manual_seed(3)
    among_others_S = paper_chain()(other_BS)[5]
    assert torch.allclose(among_some_S, among_others_S, atol=1e-6)


def test_no_gradient_passes_and_the_input_is_left_alone() -> None:
    wave_BS = noise(8).requires_grad_()
    before_BS = wave_BS.detach().clone()
    assert not paper_chain()(wave_BS).requires_grad
    assert torch.equal(wave_BS.detach(), before_BS)


@settings(max_examples=25)
@given(
    batch=st.integers(1, 5),
    n_samples=st.integers(1, 3000),
    loudness=st.sampled_from([0.0, 1e-30, 1e-12, 1e-6, 1.0]),
    seed=st.integers(0, 2**31),
)
def test_any_waveform_stays_finite_and_keeps_its_shape(batch: int, n_samples: int, loudness: float, seed: int) -> None:
    torch.manual_seed(seed)
    wave_BS = loudness * (2 * torch.rand(batch, n_samples) - 1)
    augmented_BS = chain(**dict.fromkeys(EFFECTS, 1))(wave_BS)
    assert augmented_BS.shape == wave_BS.shape and augmented_BS.dtype == torch.float32
    assert augmented_BS.isfinite().all()
    if loudness == 0:
        assert not augmented_BS.any()


def test_an_empty_batch_stays_empty() -> None:
    assert paper_chain()(torch.zeros(0, 1000)).shape == (0, 1000)


# Settings


def test_a_cutoff_above_the_nyquist_frequency_says_what_to_change() -> None:
    with pytest.raises(ValueError, match=r"low_pass is 2200 to 4000 Hz.*below 3675 Hz.*Nyquist.*change low_pass"):
        chain(filter=0.8, low_pass=band(2200, 4000))
    with pytest.raises(ValueError, match="high_pass is 0 to 100 Hz, expected above 0"):
        chain(filter=0.8, high_pass=band(0, 100))
    chain(22050, filter=0.8, low_pass=band(2200, 4000))
    chain(filter=0, low_pass=band(2200, 4000))


@pytest.mark.parametrize(
    ("effect", "name", "low", "high"),
    [("delay", "delay_range", -1, 5), ("pitch", "pitch_range", -30, 7), ("reverb", "reverb_range", 0, 101)],
)
def test_a_range_that_an_effect_cannot_have_is_named(effect: str, name: str, low: float, high: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {low} to {high}"):
        chain(**{effect: 0.5, name: band(low, high)})
