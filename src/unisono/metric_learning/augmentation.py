"""The augmentations of waveforms that the auxiliary contrastive loss compares.

References:
    [1] Akama et al., Auxiliary self-supervision to metric learning for music similarity-based retrieval and
        auto-tagging, PLOS ONE 2023, section 5.2.
    [2] Spijkervet and Burgoyne, Contrastive Learning of Musical Representations, ISMIR 2021, section 3.1.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torchaudio.functional import DB_to_amplitude, add_noise

from unisono import params
from unisono.metric_learning import effects
from unisono.training.rows import rows_with

FURTHEST_SHIFT = 24  # semitones: two octaves


class AugmentationChain(nn.Module):
    """Waveforms (B, S) to differently altered ones of the same shape, each example with draws of its own.

    In the order of [1]: polarity inversion, Gaussian noise, gain, high- or low-pass filter (equally likely), delay,
    pitch shift, reverb; each with its probability in `settings`, only the drawn examples computed. Strengths are
    uniform over their range: the SNR and the gain in dB, the cutoff in Hz, the delay over its steps, the shift over
    real semitones ([1] says "sampled uniformly" and not whether integers), and each of the reverb's three alone.

    Every draw comes from torch's global generator on the CPU, so `torch.manual_seed` repeats it on any device. Nothing
    is clipped, so values may leave -1..1, and no gradient passes.

    Raises:
        ValueError: a range that the effect cannot have at this sample rate, of an effect that may be drawn.
    """

    def __init__(self, settings: params.Augmentation, sample_rate: int) -> None:
        super().__init__()
        self.settings = settings
        self.sample_rate = sample_rate
        self._check_ranges()
        self._chain: list[tuple[float, Callable[[Tensor], Tensor]]] = [
            (settings.polarity, torch.neg),
            (settings.noise, self._noise),
            (settings.gain, self._gain),
            (settings.filter, self._filter),
            (settings.delay, self._delay),
            (settings.pitch, self._pitch),
            (settings.reverb, self._reverb),
        ]

    @torch.no_grad()
    def forward(self, wave_BS: Tensor) -> Tensor:
        """Altered copies of waveforms (B, S), float32 in -1..1, on their device."""
        augmented_BS = wave_BS.clone()
        for probability, effect in self._chain:
            chosen = _there(rows_with(torch.rand(len(wave_BS)) < probability), wave_BS)
            if len(chosen) > 0:
                augmented_BS[chosen] = effect(augmented_BS[chosen])
        return augmented_BS

    def _noise(self, wave_BS: Tensor) -> Tensor:
        return add_noise(wave_BS, _there(torch.randn(wave_BS.shape), wave_BS), _draw(self.settings.noise_snr, wave_BS))

    def _gain(self, wave_BS: Tensor) -> Tensor:
        return wave_BS * DB_to_amplitude(_draw(self.settings.gain_range, wave_BS), 1.0, 0.5)[:, None]

    def _filter(self, wave_BS: Tensor) -> Tensor:
        high_pass_B = _there(torch.rand(len(wave_BS)) < 0.5, wave_BS)
        high_B, low_B = _draw(self.settings.high_pass, wave_BS), _draw(self.settings.low_pass, wave_BS)
        return effects.butterworth(wave_BS, torch.where(high_pass_B, high_B, low_B), high_pass_B, self.sample_rate)

    def _delay(self, wave_BS: Tensor) -> Tensor:
        milliseconds = self.settings.delay_range
        n_steps = int((milliseconds.high - milliseconds.low) / self.settings.delay_step + 1e-9)
        milliseconds_B = milliseconds.low + self.settings.delay_step * torch.randint(n_steps + 1, (len(wave_BS),))
        lag_B = (milliseconds_B * self.sample_rate / 1000).round().long()
        return effects.delay(wave_BS, _there(lag_B, wave_BS), self.settings.delay_volume)

    def _pitch(self, wave_BS: Tensor) -> Tensor:
        return effects.pitch_shift(wave_BS, _uniform(self.settings.pitch_range, len(wave_BS)), self.sample_rate)

    def _reverb(self, wave_BS: Tensor) -> Tensor:
        room_B, reverberance_B, damping_B = (_draw(self.settings.reverb_range, wave_BS) / 100 for _ in range(3))
        noise_BL = _there(torch.randn(len(wave_BS), effects.response_length(self.sample_rate)), wave_BS)
        response_BL = effects.room_response(noise_BL, room_B, reverberance_B, damping_B, self.sample_rate)
        return effects.convolve(wave_BS, response_BL)

    def _check_ranges(self) -> None:
        settings, nyquist = self.settings, self.sample_rate / 2
        if settings.filter > 0:
            why = f"the Nyquist frequency, half of {self.sample_rate} Hz"
            for name in ("high_pass", "low_pass"):
                band = getattr(settings, name)
                if band.low <= 0 or band.high >= nyquist:
                    raise ValueError(
                        f"{name} is {band.low:g} to {band.high:g} Hz, expected above 0 and below {nyquist:g} Hz, {why};"
                        f" change {name}, raise the sample rate, or set filter to 0"
                    )
        if settings.delay > 0:
            _expect("delay_range", settings.delay_range, 0, float("inf"), "ms")
        if settings.pitch > 0:
            _expect("pitch_range", settings.pitch_range, -FURTHEST_SHIFT, FURTHEST_SHIFT, "semitones")
        if settings.reverb > 0:
            _expect("reverb_range", settings.reverb_range, 0, 100, "%")


def _expect(name: str, band: params.Band, low: float, high: float, unit: str) -> None:
    if band.low < low or band.high > high:
        raise ValueError(f"{name} is {band.low:g} to {band.high:g} {unit}, expected within {low:g} to {high:g} {unit}")


def _draw(band: params.Band, wave_BS: Tensor) -> Tensor:
    """One uniform draw (B,) for each waveform, on its device."""
    return _there(_uniform(band, len(wave_BS)), wave_BS)


def _uniform(band: params.Band, count: int) -> Tensor:
    return torch.empty(count).uniform_(band.low, band.high)


def _there(drawn: Tensor, wave_BS: Tensor) -> Tensor:
    """What was drawn on the CPU, on the waveforms' device; the CPU does not wait for it."""
    return drawn.to(wave_BS.device, non_blocking=True)
