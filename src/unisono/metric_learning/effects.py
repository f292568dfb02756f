"""Audio effects on a batch of waveforms, each example with a strength of its own, on the device the batch is on.

B batch, S samples, T frames, N samples of a frame, F frequencies, M samples after resampling, L samples of a room's
response. No effect clips: a delay or a room may lift a waveform above 1. torchaudio's pitch shift takes one strength
for a whole batch, and its filters run sample after sample, which leaves a GPU idle; here both are FFTs.
"""

import math

import torch
from scipy.fft import next_fast_len
from torch import Tensor

RING_SECONDS = 0.1  # a Butterworth filter at 20 Hz has faded by 75 dB
FRAME_SECONDS = 0.07  # of the phase vocoder: resolves bass notes, and still follows the beat
OVERLAP = 4
OVERSAMPLING = 4  # before linear interpolation, whose images then stay 34 dB below the signal, and 47 in its lower half
ROLL_OFF = 0.05  # of the band, before the cutoff against aliases
LONGEST_RT60 = 1.5  # seconds
SHORTEST_RT60 = 0.1
CROSSOVER_HZ = 1000.0  # damping is felt above


def fast_length(minimum: int) -> int:
    """A length of at least `minimum` samples whose FFT is fast: a multiple of 256 with no prime factor above 5."""
    return 256 * int(next_fast_len(math.ceil(minimum / 256), real=True))


def butterworth(wave_BS: Tensor, cutoff_B: Tensor, high_pass_B: Tensor, sample_rate: int) -> Tensor:
    """High- or low-pass of second order, 3 dB down at the cutoff: the biquad with Q = 1 / sqrt(2).

    Equals `scipy.signal.butter` of order 2 to 2e-6 of full scale for cutoffs from 20 Hz, and torchaudio's biquads to
    1e-4, as their Q is 0.707.

    Args:
        wave_BS: (B, S).
        cutoff_B: (B,) Hz, between 0 and half the sample rate.
        high_pass_B: (B,) bool, high-pass where true and low-pass elsewhere.
    """
    n_samples = wave_BS.shape[1]
    n_fft = fast_length(n_samples + round(RING_SECONDS * sample_rate))
    # The bilinear transform bends the frequency axis by a tangent; at the cutoff the ratio is 1.
    angle_F = torch.arange(n_fft // 2 + 1, device=wave_BS.device) * (math.pi / n_fft)
    ratio_BF = angle_F.tan() / (math.pi / sample_rate * cutoff_B).tan()[:, None]
    square_BF = ratio_BF.square()
    numerator_BF = torch.where(high_pass_B[:, None], -square_BF, 1.0)
    response_BF = numerator_BF / torch.complex(1 - square_BF, math.sqrt(2) * ratio_BF)
    spectrum_BF = torch.fft.rfft(wave_BS, n=n_fft)
    return torch.fft.irfft(spectrum_BF.mul_(response_BF), n=n_fft)[:, :n_samples]


def delay(wave_BS: Tensor, lag_B: Tensor, volume: float) -> Tensor:
    """The waveform (B, S) plus a copy of it, `lag_B` (B,) whole samples later and `volume` as loud."""
    n_samples = wave_BS.shape[1]
    source_BS = torch.arange(n_samples, device=wave_BS.device) - lag_B[:, None]
    copy_BS = wave_BS.gather(1, source_BS.clamp(min=0))
    return wave_BS + volume * copy_BS.masked_fill_(source_BS < 0, 0.0)


def pitch_shift(wave_BS: Tensor, semitones_B: Tensor, sample_rate: int) -> Tensor:
    """Pitch moved by `semitones_B` (B,), on the CPU for they decide sizes; up where positive, length and tempo kept.

    Resampled, which moves the pitch and the tempo, then brought back to tempo by a phase vocoder. Its phases have to
    advance by what they advance over one hop of the resampled waveform; as in Puckette, Phase-locked vocoder, WASPAA
    1995, that is measured on a second frame one hop behind, so nothing is unwrapped. Hence each frame is turned
    against the one before by the phase between that one and the frame behind this one, and each frequency takes the
    loudest turn among its neighbours: turned alone, the frequencies of one partial drift apart, and chords of
    synthetic notes lost 2 to 3 dB. 0 semitones return all but the top 5% of frequencies.
    """
    n_samples = wave_BS.shape[1]
    ratio_B = 2 ** (semitones_B.double() / 12)
    length = 2 ** round(math.log2(FRAME_SECONDS * sample_rate))
    hop = length // OVERLAP
    n_read = math.ceil(n_samples / float(ratio_B.min()))
    ratio_B = ratio_B.to(wave_BS.device, non_blocking=True)
    resampled_BM = _resample(wave_BS, ratio_B, n_read, before=length // 2 + hop, after=length // 2 + 1)

    n_frames = 1 + math.ceil(n_samples / hop)
    start_BT = (torch.arange(n_frames, device=wave_BS.device) * hop / ratio_B[:, None]).round().long()
    frames_BMN = resampled_BM.unfold(1, length, 1)  # a view
    rows_B1 = torch.arange(len(wave_BS), device=wave_BS.device)[:, None]
    start_BT = start_BT.clamp(max=frames_BMN.shape[1] - 1 - hop)
    window_N = torch.hann_window(length, device=wave_BS.device)
    behind_BTF = torch.fft.rfft(frames_BMN[rows_B1, start_BT].mul_(window_N))
    current_BTF = torch.fft.rfft(frames_BMN[rows_B1, start_BT + hop].mul_(window_N))

    turn_BTF = behind_BTF[:, 1:].conj_physical_().mul_(current_BTF[:, :-1])
    turned_BTF = _to_unit_length(turn_BTF).cumprod(1)
    later_BTF = current_BTF[:, 1:]
    later_BTF.mul_(_to_unit_length(_with_neighbours(turned_BTF.mul_(_squared(later_BTF)))))
    return _overlap_add(torch.fft.irfft(current_BTF, n=length), window_N, hop)[:, length // 2 :][:, :n_samples]


def _overlap_add(frames_BTN: Tensor, window_N: Tensor, hop: int) -> Tensor:
    """The waveform (B, N + hop * (T - 1)) whose frames these are, windowed once more.

    As `torch.istft` to the last bit, which reads the smallest sum of windows back, so that a GPU would have to wait.
    """
    _, n_frames, length = frames_BTN.shape
    n_samples = length + hop * (n_frames - 1)

    def add(frames: Tensor) -> Tensor:
        return torch.ops.aten.unfold_backward(frames, [len(frames), n_samples], 1, length, hop)

    weight_1TN = window_N.square().expand(1, n_frames, length).contiguous()
    return add(frames_BTN * window_N) / add(weight_1TN).clamp_min_(1e-11)  # nothing but the ends, which are cut, is 0


def _with_neighbours(number_BTF: Tensor) -> Tensor:
    """Each frequency's number plus those of the frequencies beside it."""
    total_BTF = number_BTF.clone()
    total_BTF[..., 1:].add_(number_BTF[..., :-1])
    total_BTF[..., :-1].add_(number_BTF[..., 1:])
    return total_BTF


def _to_unit_length(number: Tensor) -> Tensor:
    """Complex numbers divided by their magnitude, in place; silence, which has no phase, becomes 1.

    `sgn` does the same three times as slowly, and makes silence 0.
    """
    number.real.add_(1e-18)
    return number.mul_(_squared(number).clamp_(min=1e-37).rsqrt_())


def _squared(number: Tensor) -> Tensor:
    """The squared magnitude of complex numbers."""
    return number.real.square().addcmul_(number.imag, number.imag)


def _resample(wave_BS: Tensor, ratio_B: Tensor, n_read: int, before: int, after: int) -> Tensor:
    """The waveform read `ratio_B` times as fast (B, M), between `before` and `after` zeros, without aliases.

    `n_read` samples hold the slowest of the batch; the others end in zeros.
    """
    n_samples = wave_BS.shape[1]
    n_fft = fast_length(n_samples + 1)
    spectrum_BF = torch.fft.rfft(wave_BS, n=n_fft)
    share_F = torch.linspace(0, 1, n_fft // 2 + 1, device=wave_BS.device)
    spectrum_BF *= ((1 / ratio_B[:, None].float() - share_F) / ROLL_OFF).clamp(0, 1)
    fine_BS = torch.fft.irfft(spectrum_BF, n=OVERSAMPLING * n_fft).mul_(OVERSAMPLING)
    fine_BS[:, OVERSAMPLING * n_samples :] = 0

    position_BM = torch.arange(n_read, device=wave_BS.device, dtype=torch.float64) * (OVERSAMPLING * ratio_B[:, None])
    left_BM = position_BM.long().clamp_(max=fine_BS.shape[1] - 2)
    weight_BM = position_BM.sub_(left_BM).float().clamp_(max=1)
    read_BM = torch.lerp(fine_BS.gather(1, left_BM), fine_BS.gather(1, left_BM + 1), weight_BM)
    return torch.nn.functional.pad(read_BM, (before, after))


def response_length(sample_rate: int) -> int:
    """How many samples `room_response` lasts, L."""
    return fast_length(math.ceil(LONGEST_RT60 * sample_rate))


def room_response(
    noise_BL: Tensor, room_B: Tensor, reverberance_B: Tensor, damping_B: Tensor, sample_rate: int
) -> Tensor:
    """A room's impulse response (B, L): the direct sound, then noise that fades by 60 dB in RT60.

    RT60 goes from 0.1 to 1.5 s with the mean of room size and reverberance, the tail's energy from none to the direct
    sound's with reverberance, and damping shortens RT60 above 1 kHz, to a tenth at most. The three are named as in
    SoX's `reverb`, but its combs and all-passes (Freeverb) are not reproduced: its decay outlasts a short excerpt.

    Args:
        noise_BL: standard normal (B, L), L = `response_length(sample_rate)`.
        room_B, reverberance_B, damping_B: (B,) from 0 to 1.
    """
    n_samples = noise_BL.shape[1]
    rt60_B1 = SHORTEST_RT60 + (LONGEST_RT60 - SHORTEST_RT60) * (room_B + reverberance_B)[:, None] / 2
    fade_BL = torch.arange(n_samples, device=noise_BL.device) * (-math.log(1000) / sample_rate) / rt60_B1
    hertz_F = torch.linspace(0, sample_rate / 2, n_samples // 2 + 1, device=noise_BL.device)
    low_pass_F = 1 / (1 + (hertz_F / CROSSOVER_HZ) ** 4)
    low_BL = torch.fft.irfft(torch.fft.rfft(noise_BL).mul_(low_pass_F), n=n_samples)
    high_BL = noise_BL - low_BL
    envelope_BL = fade_BL.exp()
    loudness_B1 = (reverberance_B[:, None] / envelope_BL.square().sum(1, keepdim=True)).sqrt()
    high_BL.mul_(fade_BL.div_(1 - 0.9 * damping_B[:, None]).exp_())
    response_BL = low_BL.mul_(envelope_BL).add_(high_BL).mul_(loudness_B1)
    response_BL[:, 0] = 1
    return response_BL


def convolve(wave_BS: Tensor, response_BL: Tensor) -> Tensor:
    """Each waveform through its own response, cut to the waveform's length (B, S)."""
    n_samples = wave_BS.shape[1]
    n_fft = fast_length(n_samples + response_BL.shape[1] - 1)
    spectrum_BF = torch.fft.rfft(wave_BS, n=n_fft).mul_(torch.fft.rfft(response_BL, n=n_fft))
    return torch.fft.irfft(spectrum_BF, n=n_fft)[:, :n_samples]
