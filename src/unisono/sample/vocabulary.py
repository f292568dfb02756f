"""What the simulated world can sound like: genres, moods and instruments, each with its audible traits.

The traits overlap on purpose. A genre is a tendency (tempo, beat, harmony, usual instruments), not a fingerprint: a
dark ballad and a sad classical piece share much, as they do in real catalogues, so that no simple statistic of the
spectrum separates the genres perfectly.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """The timbre of a note.

    Attributes:
        rolloff: harmonic k has amplitude k ** -rolloff.
        even: amplitude of the even harmonics relative to the odd ones (a clarinet-like tone has few).
        formants: (centre in Hz, gain) of fixed resonances, as in voices and wind instruments.
        attack: seconds to full level.
        decay: seconds until the level has fallen to 1/e.
        vibrato: depth in semitones.
        breath: level of noise blown along with the tone.
        register: MIDI pitch around which it plays.
    """

    name: str
    rolloff: float
    even: float
    formants: tuple[tuple[float, float], ...]
    attack: float
    decay: float
    vibrato: float
    breath: float
    register: int


INSTRUMENTS = (
    Instrument("piano", 1.7, 1.0, (), 0.004, 0.7, 0.0, 0.0, 64),
    Instrument("acousticguitar", 1.25, 0.7, ((300, 1.5),), 0.002, 0.3, 0.0, 0.02, 60),
    Instrument("electricguitar", 0.65, 0.8, ((1200, 1.0),), 0.004, 2.0, 0.05, 0.0, 57),
    Instrument("synthesizer", 0.9, 0.15, (), 0.01, 5.0, 0.0, 0.0, 66),
    Instrument("strings", 1.1, 1.0, ((450, 1.0),), 0.12, 6.0, 0.15, 0.01, 67),
    Instrument("flute", 2.8, 0.8, (), 0.05, 5.0, 0.2, 0.08, 76),
    Instrument("saxophone", 1.0, 0.9, ((900, 2.0),), 0.03, 3.0, 0.12, 0.05, 62),
    Instrument("voice", 1.5, 1.0, ((650, 4.0), (1150, 3.0), (2700, 2.0)), 0.06, 4.0, 0.3, 0.03, 65),
)
PIANO, ACOUSTIC, ELECTRIC, SYNTH, STRINGS, FLUTE, SAXOPHONE, VOICE = range(len(INSTRUMENTS))


@dataclass(frozen=True)
class Mood:
    """What a mood does to a piece, whatever its genre.

    Attributes:
        tempo: factor on the genre's tempo.
        minor: probability of a minor mode.
        density: share of the melody's steps that are played.
        brightness: lowers every instrument's rolloff; about -1 to 1.
        sustain: factor on note lengths.
        register: semitones up or down.
        echo: level of the echo.
        drums: factor on the probability that there are drums.
        word: what playlist titles and tags call it.
    """

    name: str
    tempo: float
    minor: float
    density: float
    brightness: float
    sustain: float
    register: int
    echo: float
    drums: float
    word: str


MOODS = (
    Mood("happy", 1.08, 0.05, 0.65, 0.3, 0.7, 3, 0.1, 1.0, "sunshine"),
    Mood("energetic", 1.28, 0.4, 0.85, 0.6, 0.6, 0, 0.05, 1.2, "workout"),
    Mood("relaxing", 0.8, 0.15, 0.35, -0.5, 1.2, 0, 0.2, 0.6, "cafe"),
    Mood("sad", 0.7, 0.95, 0.35, -0.3, 1.4, -2, 0.25, 0.5, "rainy day"),
    Mood("dark", 0.95, 0.98, 0.5, -0.6, 1.0, -8, 0.3, 0.9, "midnight"),
    Mood("dream", 0.85, 0.2, 0.45, 0.1, 1.7, 6, 0.5, 0.4, "dreaming"),
)


@dataclass(frozen=True)
class Detail:
    """A detail genre: its major genre with a faster or slower pulse, a brighter or darker sound and a typical lead."""

    name: str
    tempo: float
    brightness: float
    lead: int


@dataclass(frozen=True)
class Production:
    """How a genre is recorded and mixed.

    Attributes:
        brightness: lowers every instrument's rolloff.
        bass, drums: level of the bass and of the drums relative to the other parts.
        drive: saturation of the mix; 0 is clean.
        hiss: log10 of the background noise relative to the music's RMS.
        warmth: pole of the recording's one-pole filter: dark above 0, thin below.
    """

    brightness: float
    bass: float
    drums: float
    drive: float
    hiss: float
    warmth: float


@dataclass(frozen=True)
class Genre:
    """A major genre.

    Attributes:
        weight: share of the catalogue, unnormalised: few large genres and a long tail.
        tempo: beats per minute.
        swing: delay of the off-beats as a share of a step.
        minor: how far the genre leans to minor modes, added to the mood's probability.
        drums: probabilities of (no drums, drum kit, drum machine).
        kick, snare, hat, bass, backing: sixteen steps a bar, "x" is a stroke.
        instruments: unnormalised weights of INSTRUMENTS.
        progressions: scale degrees of the chords, one a bar.
        production: how it is recorded.
        details: detail genres, the most common first.
    """

    name: str
    weight: float
    tempo: float
    swing: float
    minor: float
    drums: tuple[float, float, float]
    kick: str
    snare: str
    hat: str
    bass: str
    backing: str
    instruments: tuple[float, ...]
    progressions: tuple[tuple[int, ...], ...]
    production: Production
    details: tuple[Detail, ...]


# fmt: off
GENRES = (
    Genre("blues", 3, 92, 0.6, 0.1, (0.35, 0.6, 0.05),
          "x.......x.......", "....x.......x...", "x.x.x.x.x.x.x.x.", "x...x...x...x...", "x...x...x...x...",
          (3, 4, 4, 0, 0, 0, 2, 3), ((0, 0, 3, 0), (0, 3, 0, 4)),
          Production(-0.2, 0.9, 0.7, 1.3, -2.0, 0.2),
          (Detail("Chicago Blues", 1.0, 0.2, ELECTRIC), Detail("Delta Blues", 0.85, -0.2, ACOUSTIC),
           Detail("Jump Blues", 1.25, 0.1, SAXOPHONE))),
    Genre("classical", 5, 84, 0.0, 0.0, (0.96, 0.04, 0.0),
          "x...............", "................", "................", "x...............", "x.x.x.x.x.x.x.x.",
          (5, 1, 0, 0, 6, 3, 0, 1), ((0, 3, 4, 0), (0, 5, 1, 4)),
          Production(-0.4, 0.6, 0.5, 0.0, -3.2, 0.1),
          (Detail("Orchestral", 1.0, 0.1, STRINGS), Detail("Piano Solo", 0.9, -0.2, PIANO),
           Detail("Choral", 0.8, 0.0, VOICE))),
    Genre("country", 3, 112, 0.1, -0.2, (0.2, 0.75, 0.05),
          "x.......x.......", "....x.......x...", "..x...x...x...x.", "x.......x.......", "....x.......x...",
          (2, 6, 2, 0, 1, 0, 0, 4), ((0, 3, 4, 0), (0, 4, 3, 0)),
          Production(0.5, 0.7, 0.6, 0.4, -2.8, -0.6),
          (Detail("Traditional Country", 0.95, 0.0, VOICE), Detail("Country Rock", 1.1, 0.3, ELECTRIC),
           Detail("Bluegrass", 1.3, 0.1, ACOUSTIC))),
    Genre("disco", 4, 120, 0.0, 0.1, (0.02, 0.58, 0.4),
          "x...x...x...x...", "....x.......x...", "..x...x...x...x.", "x.x.x.x.x.x.x.x.", "..x...x...x...x.",
          (2, 0, 3, 5, 4, 0, 1, 4), ((0, 5, 3, 4), (0, 0, 5, 5)),
          Production(0.3, 1.2, 1.1, 0.4, -2.6, -0.35),
          (Detail("Classic Disco", 1.0, 0.0, STRINGS), Detail("Euro Disco", 1.1, 0.2, SYNTH),
           Detail("Funk", 0.9, 0.1, ELECTRIC))),
    Genre("hiphop", 13, 90, 0.25, 0.4, (0.03, 0.17, 0.8),
          "x......x..x.....", "....x.......x...", "xxx.x.xxx.x.x.x.", "x......x..x.....", "x...............",
          (3, 0, 1, 5, 1, 1, 1, 5), ((0, 5, 0, 5), (0, 3, 0, 4)),
          Production(-0.5, 1.9, 1.4, 0.6, -2.3, 0.55),
          (Detail("Boom Bap", 1.0, -0.1, PIANO), Detail("Trap", 0.8, 0.2, SYNTH),
           Detail("Jazz Rap", 1.0, -0.2, SAXOPHONE))),
    Genre("jazz", 6, 128, 0.65, 0.1, (0.3, 0.7, 0.0),
          "x.........x.....", "......x.......x.", "x...x.x.x...x.x.", "x...x...x...x...", "......x.........",
          (5, 1, 2, 0, 0, 2, 6, 2), ((1, 4, 0, 5), (0, 5, 1, 4)),
          Production(-0.5, 1.1, 0.6, 0.0, -2.3, 0.4),
          (Detail("Swing", 1.0, 0.0, SAXOPHONE), Detail("Cool Jazz", 0.8, -0.3, PIANO),
           Detail("Bebop", 1.4, 0.2, SAXOPHONE))),
    Genre("metal", 4, 142, 0.0, 0.5, (0.03, 0.94, 0.03),
          "x.xxx.xxx.xxx.xx", "....x.......x...", "x...x...x...x...", "x.xxx.xxx.xxx.xx", "x.xxx.xxx.xxx.xx",
          (0, 0, 9, 1, 1, 0, 0, 3), ((0, 5, 6, 0), (0, 1, 0, 6)),
          Production(0.9, 0.8, 1.2, 4.0, -2.4, -0.4),
          (Detail("Heavy Metal", 1.0, 0.2, ELECTRIC), Detail("Thrash", 1.25, 0.4, ELECTRIC),
           Detail("Symphonic Metal", 0.9, 0.0, STRINGS))),
    Genre("pop", 24, 112, 0.0, -0.1, (0.12, 0.4, 0.48),
          "x.....x.x.......", "....x.......x...", "x.x.x.x.x.x.x.x.", "x...x.x.x...x.x.", "x.....x...x.....",
          (4, 3, 2, 4, 2, 0, 0, 5), ((0, 4, 5, 3), (5, 3, 0, 4)),
          Production(0.3, 0.9, 1.0, 0.6, -3.2, -0.1),
          (Detail("Ballad", 0.75, -0.3, PIANO), Detail("Dance Pop", 1.1, 0.3, SYNTH),
           Detail("Indie Pop", 1.0, 0.0, ACOUSTIC))),
    Genre("reggae", 2, 78, 0.2, 0.1, (0.03, 0.9, 0.07),
          "........x.......", "........x.......", "..x...x...x...x.", "x.....x.x..x....", "....x.......x...",
          (3, 2, 4, 2, 0, 0, 2, 4), ((0, 3, 0, 3), (0, 4, 3, 4)),
          Production(-0.6, 1.8, 0.8, 0.4, -2.5, 0.7),
          (Detail("Roots Reggae", 1.0, -0.1, VOICE), Detail("Ska", 1.5, 0.2, SAXOPHONE),
           Detail("Dub", 0.9, -0.4, SYNTH))),
    Genre("rock", 14, 124, 0.0, 0.1, (0.06, 0.9, 0.04),
          "x.......x.x.....", "....x.......x...", "x.x.x.x.x.x.x.x.", "x.x.x.x.x.x.x.x.", "x.x.x.x.x.x.x.x.",
          (2, 2, 7, 1, 0, 0, 0, 4), ((0, 3, 4, 3), (0, 5, 3, 4)),
          Production(0.4, 0.9, 1.1, 2.0, -2.7, 0.0),
          (Detail("Classic Rock", 1.0, 0.0, ELECTRIC), Detail("Soft Rock", 0.8, -0.3, ACOUSTIC),
           Detail("Punk", 1.35, 0.4, ELECTRIC))),
)
# fmt: on
DETAIL_WEIGHTS = (0.6, 0.28, 0.12)  # of a major genre's detail genres, so that the tags have a long tail
