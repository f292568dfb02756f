"""From a track's latents to its notes: tempo, mode, harmony, rhythm and parts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unisono.sample.vocabulary import GENRES, INSTRUMENTS, MOODS, Genre, Mood
from unisono.sample.world import Track

STEPS = 16  # a bar
MAJOR, MIXOLYDIAN, LYDIAN = (0, 2, 4, 5, 7, 9, 11), (0, 2, 4, 5, 7, 9, 10), (0, 2, 4, 6, 7, 9, 11)
MINOR, DORIAN, PHRYGIAN = (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 1, 3, 5, 7, 8, 10)
LEAD_LEVEL, BACKING_LEVEL, BASS_LEVEL = 0.5, 0.3, 0.5
MAX_NOTE_SECONDS = 2.0


@dataclass(frozen=True)
class Note:
    """One note of a part: start and length in seconds, MIDI pitch, level, and the instrument (None is the bass)."""

    start: float
    length: float
    pitch: int
    level: float
    instrument: int | None


@dataclass(frozen=True)
class Stroke:
    """One drum stroke: start in seconds, drum ("kick", "snare" or "hat"), level."""

    start: float
    drum: str
    level: float


@dataclass(frozen=True)
class Score:
    """What is to be played."""

    tempo: float  # beats per minute
    notes: list[Note]
    strokes: list[Stroke]


def compose(track: Track, rng: np.random.Generator, seconds: float) -> Score:
    """Write the piece, `seconds` long: a four-chord loop with a varied melody, as much popular music has it."""
    genre, mood = GENRES[track.genre], MOODS[track.mood]
    tempo = _tempo(track, rng)
    clock = _Clock(60 / tempo / 4, genre.swing)
    bars = int(np.ceil(seconds / (STEPS * clock.step)))
    scale = _scale(genre, mood, rng)
    harmony = genre.progressions[rng.integers(len(genre.progressions))]
    key = int(rng.integers(-5, 7)) + mood.register + round(2 * float(track.style[1]))
    levels = np.exp(rng.normal(0, 0.15, 4))  # the mix differs from track to track
    notes: list[Note] = []
    strokes: list[Stroke] = []
    melody_grid = rng.random(STEPS) < mood.density * 0.6
    melody_grid[0] = True
    position = 0
    for bar in range(bars):
        degree = harmony[bar % len(harmony)]
        notes += _backing(track, clock, bar, degree, scale, key, BACKING_LEVEL * levels[0])
        if track.bass:
            notes += _bass(genre, clock, bar, degree, scale, key, BASS_LEVEL * genre.production.bass * levels[1])
        melody, position = _melody(track, clock, bar, melody_grid, position, scale, key, LEAD_LEVEL * levels[2], rng)
        notes += melody
        if track.drums:
            strokes += _drums(genre, clock, bar, genre.production.drums * float(levels[3]))
    return Score(tempo, [n for n in notes if n.start < seconds], [s for s in strokes if s.start < seconds])


@dataclass(frozen=True)
class _Clock:
    step: float  # seconds a sixteenth
    swing: float

    def at(self, bar: int, step: int) -> float:
        """Seconds at which a step starts; off-beat eighths come late when the genre swings."""
        late = self.swing * self.step if step % 4 == 2 else 0.0
        return (bar * STEPS + step) * self.step + late


def _tempo(track: Track, rng: np.random.Generator) -> float:
    genre, mood = GENRES[track.genre], MOODS[track.mood]
    factor = genre.details[track.detail].tempo * mood.tempo
    spread = float(np.exp(0.08 * track.style[2] + rng.normal(0, 0.06)))
    return float(np.clip(genre.tempo * factor * spread, 50, 210))


def _scale(genre: Genre, mood: Mood, rng: np.random.Generator) -> tuple[int, ...]:
    if rng.random() < np.clip(mood.minor + genre.minor, 0.02, 0.98):
        return {"dark": PHRYGIAN, "happy": DORIAN, "energetic": DORIAN}.get(mood.name, MINOR)
    if mood.name == "dream":
        return LYDIAN
    return MIXOLYDIAN if genre.name in ("blues", "reggae") else MAJOR


def _pitch(degree: int, scale: tuple[int, ...]) -> int:
    """Semitones above the key note of a scale degree, which may lie in any octave."""
    return scale[degree % 7] + 12 * (degree // 7)


def _struck(pattern: str) -> Iterator[tuple[int, int]]:
    """(step, steps until the next stroke) for every stroke of a pattern."""
    steps = [i for i, mark in enumerate(pattern) if mark == "x"]
    return zip(steps, np.diff([*steps, STEPS]).tolist(), strict=True)


def _length(steps: float, clock: _Clock, sustain: float) -> float:
    return min(steps * clock.step * sustain, MAX_NOTE_SECONDS)


def _backing(
    track: Track, clock: _Clock, bar: int, degree: int, scale: tuple[int, ...], key: int, level: float
) -> Iterator[Note]:
    genre, mood = GENRES[track.genre], MOODS[track.mood]
    centre = INSTRUMENTS[track.backing].register - 5
    slow = mood.tempo < 0.9  # calm pieces strike every other time and hold
    for i, (step, gap) in enumerate(_struck(genre.backing)):
        if slow and i % 2:
            continue
        length = _length(gap * (2 if slow else 1), clock, mood.sustain)
        for third in (0, 2, 4):
            pitch = _near(key + _pitch(degree + third, scale), centre)
            yield Note(clock.at(bar, step), length, pitch, level * 0.6, track.backing)


def _bass(
    genre: Genre, clock: _Clock, bar: int, degree: int, scale: tuple[int, ...], key: int, level: float
) -> Iterator[Note]:
    for i, (step, gap) in enumerate(_struck(genre.bass)):
        fifth = 4 if i % 4 == 3 else 0
        pitch = _near(key + _pitch(degree + fifth, scale), 38)
        yield Note(clock.at(bar, step), _length(gap, clock, 0.9), pitch, level, None)


def _melody(
    track: Track,
    clock: _Clock,
    bar: int,
    grid: np.ndarray,
    position: int,
    scale: tuple[int, ...],
    key: int,
    level: float,
    rng: np.random.Generator,
) -> tuple[list[Note], int]:
    """A random walk over the scale on a fixed rhythm; returns the notes and where the walk has come to."""
    mood = MOODS[track.mood]
    centre = INSTRUMENTS[track.lead].register + round(3 * float(track.style[1])) + mood.register
    notes = []
    for step, gap in _struck("".join("x" if hit else "." for hit in grid)):
        position = int(np.clip(position + rng.integers(-2, 3), -5, 6))
        pitch = _near(key, centre) + _pitch(position, scale)
        notes.append(Note(clock.at(bar, step), _length(gap, clock, mood.sustain), pitch, level, track.lead))
    return notes, position


def _drums(genre: Genre, clock: _Clock, bar: int, level: float) -> Iterator[Stroke]:
    for drum, pattern in (("kick", genre.kick), ("snare", genre.snare), ("hat", genre.hat)):
        for step, _ in _struck(pattern):
            yield Stroke(clock.at(bar, step), drum, level * (1.0 if step % 4 == 0 else 0.75))


def _near(pitch: int, centre: int) -> int:
    """The octave of `pitch` that is nearest to `centre`."""
    return pitch + 12 * round((centre - pitch) / 12)
