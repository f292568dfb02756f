"""What the API is asked with and answers, as /openapi.json describes it."""

from pydantic import BaseModel, Field

SEEDS = 10_000  # tracks of a playlist that is continued or downloaded


class Playlist(BaseModel, extra="forbid"):
    """Tracks by their ids."""

    tracks: list[str] = Field(min_length=1, max_length=SEEDS)


class Track(BaseModel):
    """A track; title and artist are empty where the catalogue has none."""

    id: str
    title: str
    artist: str
    genres: list[str]


class Near(Track):
    """A track with its cosine to what was asked for, from -1 to 1."""

    similarity: float


class Continuing(Near):
    """A track with how many of the playlist's tracks have it among their nearest."""

    votes: int


class Answer(BaseModel):
    """Tracks, best first."""

    tracks: list[Near]


class Continuation(BaseModel):
    """Tracks, best first."""

    tracks: list[Continuing]


class Found(BaseModel):
    """Tracks that are called so, and tracks near to the genres and words that were named; else detail says why not."""

    called: list[Track]
    sounds: list[Near]
    named: list[str]
    detail: str


class Vector(BaseModel):
    """An embedding."""

    vector: list[float]


class Models(BaseModel):
    """The corpus, its models, and whether its tracks can be heard."""

    corpus: str
    models: list[str]
    plays: bool


class Places(BaseModel):
    """Of each track: x and y from -1 to 1, and the number of the genre that colours it."""

    x: list[float]
    y: list[float]
    colour: list[int]
    genres: list[str]


class Columns(BaseModel):
    """The tracks, a list a column, in the order of the map."""

    id: list[str]
    title: list[str]
    artist: list[str]
    genres: list[list[str]]


class Refusal(BaseModel):
    """Why there is no answer, in a sentence."""

    detail: str
