"""From notes to sound: wavetable notes, drums, echo and noise, in numpy and scipy alone."""

import numpy as np
from scipy.signal import lfilter

from unisono.sample.score import MAX_NOTE_SECONDS, Score, compose
from unisono.sample.vocabulary import GENRES, INSTRUMENTS, MOODS, Instrument
from unisono.sample.world import Track

TABLE = 2048  # samples of a wavetable: one period; a power of two, so that wrapping is a bit mask
MAX_HARMONICS = 40
SAMPLED_EVERY = 3  # semitones that share a wavetable, as in a sampler
RELEASE = 0.03  # seconds
HISS = 16384  # samples of hiss before it repeats
VIBRATO_HERTZ = 5.5
BASS = Instrument("bass", 1.6, 0.8, (), 0.005, 0.8, 0.0, 0.0, 38)


def render(track: Track, seconds: float, sample_rate: int) -> np.ndarray:
    """The track as mono audio (n_samples) float32 within [-1, 1]; the same bytes for the same track."""
    rng = np.random.default_rng(track.seed)
    score = compose(track, rng, seconds)
    audio = np.zeros(round(seconds * sample_rate), dtype=np.float32)
    _play_notes(audio, score, track, rng, sample_rate)
    _play_drums(audio, score, track, rng, sample_rate)
    _echo(audio, MOODS[track.mood].echo, score.tempo, sample_rate)
    return _master(audio, track, rng)


def _brightness(track: Track) -> float:
    genre = GENRES[track.genre]
    typical = genre.production.brightness + genre.details[track.detail].brightness
    return typical + MOODS[track.mood].brightness + 0.3 * float(track.style[0])


def _play_notes(audio: np.ndarray, score: Score, track: Track, rng: np.random.Generator, sample_rate: int) -> None:
    breath = rng.standard_normal(int(MAX_NOTE_SECONDS * sample_rate) + 1, dtype=np.float32)
    brightness = _brightness(track)
    voices: dict[int | None, _Voice] = {}
    rendered: dict[tuple[int | None, int, int], np.ndarray] = {}
    for note in score.notes:
        if note.instrument not in voices:
            instrument = BASS if note.instrument is None else INSTRUMENTS[note.instrument]
            voices[note.instrument] = _Voice(instrument, brightness, breath, sample_rate)
        n = int(note.length * sample_rate)
        key = (note.instrument, note.pitch, n)
        if key not in rendered:
            rendered[key] = voices[note.instrument].note(note.pitch, n)
        _mix(audio, rendered[key], round(note.start * sample_rate), note.level)


class _Voice:
    """An instrument as one track plays it; what its notes have in common is computed once.

    Args:
        brightness: lowers the rolloff; see `vocabulary.Mood`.
        breath: noise (n_samples) as long as the longest note.
        sample_rate: Hz.
    """

    def __init__(self, instrument: Instrument, brightness: float, breath: np.ndarray, sample_rate: int) -> None:
        self.instrument, self.brightness, self.sample_rate = instrument, brightness, sample_rate
        time = np.arange(len(breath), dtype=np.float32) / np.float32(sample_rate)
        self.envelope = np.exp(time * np.float32(-1 / instrument.decay))
        np.minimum(self.envelope, time / np.float32(instrument.attack), out=self.envelope)
        # The table is read faster and slower by the vibrato's depth: this is the warped time at which it is read.
        depth = 2 ** (instrument.vibrato / 12) - 1
        wobble = np.sin(2 * np.pi * VIBRATO_HERTZ * time) / (2 * np.pi * VIBRATO_HERTZ)
        self.time = time + np.float32(depth) * wobble.astype(np.float32)
        self.breath = np.float32(instrument.breath) * breath
        self.tables: dict[int, np.ndarray] = {}

    def note(self, pitch: int, n: int) -> np.ndarray:
        """A note (n) float32 of about unit loudness."""
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        group = pitch // SAMPLED_EVERY
        if group not in self.tables:
            top = 440 * 2 ** (((group + 1) * SAMPLED_EVERY - 70) / 12)
            self.tables[group] = _wavetable(self.instrument, top, self.brightness, self.sample_rate / 2)
        place = (self.time[:n] * np.float32(hertz * TABLE)).astype(np.int32)
        tone = self.tables[group][place & (TABLE - 1)]
        tone += self.breath[:n]
        tone *= self.envelope[:n]
        release = min(n, int(RELEASE * self.sample_rate))
        tone[n - release :] *= np.linspace(1, 0, release, dtype=np.float32)
        return tone


def _wavetable(instrument: Instrument, hertz: float, brightness: float, nyquist: float) -> np.ndarray:
    """One period (TABLE) float32 of unit RMS, without harmonics above `nyquist`."""
    count = max(1, min(MAX_HARMONICS, int(nyquist / hertz)))
    harmonic = np.arange(1, count + 1)
    amplitude = harmonic ** -(instrument.rolloff - 0.3 * brightness)
    amplitude = np.where(harmonic % 2 == 0, instrument.even * amplitude, amplitude)
    for centre, gain in instrument.formants:
        amplitude = amplitude * (1 + gain * np.exp(-(((harmonic * hertz - centre) / (0.25 * centre)) ** 2)))
    spectrum = np.zeros(TABLE // 2 + 1, dtype=complex)
    # Quadratic phases keep the peaks low, so that dull and bright tones can be mixed at equal loudness.
    spectrum[1 : count + 1] = amplitude * np.exp(-1j * np.pi * harmonic**2 / count)
    table = np.fft.irfft(spectrum)
    return (table / np.sqrt(np.mean(table**2))).astype(np.float32)


def _play_drums(audio: np.ndarray, score: Score, track: Track, rng: np.random.Generator, sample_rate: int) -> None:
    if not score.strokes:
        return
    kit = _drum_kit(track.drums == 2, _brightness(track), rng, sample_rate)
    for stroke in score.strokes:
        _mix(audio, kit[stroke.drum], round(stroke.start * sample_rate), stroke.level)


def _drum_kit(machine: bool, brightness: float, rng: np.random.Generator, sample_rate: int) -> dict[str, np.ndarray]:
    """Kick (a falling sine), snare (a tone and noise) and hat (noise without lows); machines boom and sizzle more."""
    time = np.arange(int(0.35 * sample_rate), dtype=np.float32) / np.float32(sample_rate)
    noise = rng.standard_normal(len(time), dtype=np.float32)
    boom = 0.14 if machine else 0.07
    kick = 1.6 * np.sin(2 * np.pi * (48 * time + 3.5 * (1 - np.exp(-time / 0.025)))) * np.exp(-time / boom)
    tone = 0.5 * np.sin(2 * np.pi * (330 if machine else 190) * time)
    snare = (tone + 0.5 * noise) * np.exp(-time / (0.05 if machine else 0.09))
    hiss = np.diff(noise, prepend=np.float32(0))
    hat = 0.22 * 10 ** (0.2 * brightness) * hiss * np.exp(-time / (0.02 if machine else 0.04))
    return {name: drum.astype(np.float32) for name, drum in (("kick", kick), ("snare", snare), ("hat", hat))}


def _mix(audio: np.ndarray, sound: np.ndarray, start: int, level: float) -> None:
    """Add `sound` to `audio` in place from sample `start`, cut at the end."""
    n = min(len(sound), len(audio) - start)
    if n > 0:
        audio[start : start + n] += np.float32(level) * sound[:n]


def _echo(audio: np.ndarray, level: float, tempo: float, sample_rate: int) -> None:
    """Repeat the sound half a beat later, block by block so that echoes echo."""
    delay = int(30 / tempo * sample_rate)
    for start in range(delay, len(audio), delay):
        block = audio[start : start + delay]
        block += np.float32(level) * audio[start - delay : start - delay + len(block)]


def _master(audio: np.ndarray, track: Track, rng: np.random.Generator) -> np.ndarray:
    """Saturation, a recording's tone and hiss, and a level that tells nothing about the music."""
    audio /= np.float32(max(float(np.sqrt(np.mean(audio**2))), 1e-6))
    production = GENRES[track.genre].production
    if production.drive:
        audio = np.tanh(np.float32(0.5 * production.drive) * audio)
    pole = production.warmth + float(rng.uniform(-0.05, 0.05))
    audio = lfilter(np.array([1 - abs(pole)], np.float32), np.array([1, -pole], np.float32), audio)
    hiss = np.float32(10 ** (production.hiss + rng.normal(0, 0.3))) * rng.standard_normal(HISS, dtype=np.float32)
    audio = audio + np.resize(hiss, len(audio))
    peak = max(float(np.abs(audio).max()), 1e-6)
    return (audio * np.float32(10 ** rng.uniform(-0.3, -0.02) / peak)).astype(np.float32, copy=False)
