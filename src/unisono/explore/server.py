"""The page and its HTTP API, over one catalogue; /openapi.json describes the API, and /docs shows it."""

import os
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar

import anyio
import pandas as pd
import soundfile
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.requests import ClientDisconnect

import unisono
from unisono.errors import UserError
from unisono.explore.answers import (
    Answer,
    Columns,
    Continuation,
    Found,
    Models,
    Places,
    Playlist,
    Refusal,
    Vector,
)
from unisono.explore.guard import Guard
from unisono.explore.music import Music
from unisono.explore.subsonic import refused, subsonic_router
from unisono.explore.upload import decode_upload
from unisono.project.catalogue import OpenCatalogue
from unisono.project.m3u import m3u_of

PAGE = Path(__file__).parent / "page"
MEDIA = {"WAV": "audio/wav", "WAVEX": "audio/wav", "FLAC": "audio/flac", "OGG": "audio/ogg", "MP3": "audio/mpeg"}
TEXT = 200  # characters of a search

K = Annotated[int, Query(ge=1, le=200, description="How many tracks.")]
Together = Annotated[float, Query(ge=0, le=1, description="From 0, sounds alike, to 1, appears together.")]
Model = Annotated[str, Query(max_length=TEXT, description="Whose vectors: one of /api/models.")]
TrackIds = Annotated[list[str], Query(min_length=1, max_length=100, description="Ids of tracks; may be repeated.")]
OtherIds = Annotated[list[str] | None, Query(max_length=100, description="Ids of tracks to stay away from.")]
Words = Annotated[str, Query(max_length=TEXT, description="A part of a name; or genres, and words of playlists.")]
TRAINED = "trained"
UPLOAD = {  # a body that FastAPI does not read
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Made = TypeVar("Made")


class M3u(PlainTextResponse):
    """A playlist for a player."""

    media_type = "audio/x-mpegurl"


class Png(Response):
    """A picture."""

    media_type = "image/png"


def create_app(music: Music) -> FastAPI:
    """The page and its API; tracks are named by their ids alone, so that no request names a file of this machine."""
    app = FastAPI(
        title="Unisono",
        summary="What a model takes for similar.",
        version=version("unisono"),
        docs_url=None,  # FastAPI's own pages load from elsewhere
        redoc_url=None,
        responses={"4XX": {"model": Refusal, "description": "Refused"}},
    )
    app.add_middleware(Guard, uploads=("/api/similar", "/api/embed"))
    one_upload = anyio.Semaphore(1)  # decoding takes a core and memory

    @app.exception_handler(UserError)
    def say(request: Request, error: UserError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=400)

    @app.exception_handler(RequestValidationError)
    def say_what_is_wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        """What was wrong where, without what was sent: that may be anything, such as a number that no JSON can tell."""
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        if request.url.path.startswith("/rest/"):
            return JSONResponse(refused(error.errors(), wrong))
        return JSONResponse({"detail": wrong}, status_code=422)

    @app.exception_handler(ClientDisconnect)
    def left(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody reads it

    def opened(model: Model = TRAINED) -> OpenCatalogue:
        if model not in music.models:
            raise HTTPException(404, f"there is no model {model!r}; there are {', '.join(music.models)}")
        return music.catalogue(model)

    Catalogue = Annotated[OpenCatalogue, Depends(opened)]

    async def of_upload(request: Request, catalogue: OpenCatalogue, work: Callable[[Path], Made]) -> Made:
        """What `work` makes of the audio file that is the body; it is kept only so long."""

        def decode_and_work(upload: Path, decoded: Path) -> Made:
            decode_upload(upload, decoded, unisono.load(catalogue.encoder).front_end.sample_rate)
            return work(decoded)

        async with one_upload:
            with tempfile.TemporaryDirectory(prefix="unisono-") as folder:
                upload, decoded = Path(folder, "upload"), Path(folder, "decoded.wav")
                with upload.open("wb") as file:
                    async for part in request.stream():
                        file.write(part)
                try:
                    return await anyio.to_thread.run_sync(decode_and_work, upload, decoded)
                except UserError as error:
                    said = str(error).replace(str(upload), "the file").replace(str(decoded), "the file")
                    raise UserError(said) from None

    @app.get("/api/models", response_model=Models)
    def models() -> dict[str, Any]:
        """The corpus, its models, and whether its tracks can be heard."""
        return {"corpus": music.corpus, "models": music.models, "plays": music.plays}

    @app.get("/api/map", response_model=Places)
    def map_(catalogue: Catalogue) -> Response:
        """The tracks' places from -1 to 1, and which of the genres colours each."""
        return Response(music.map(catalogue.model), media_type="application/json")

    @app.get("/api/tracks", response_model=Columns)
    def tracks(catalogue: Catalogue) -> Response:
        """The tracks' ids, titles, artists and genres, in the order of the map."""
        return Response(music.tracks(catalogue.model), media_type="application/json")

    @app.get("/api/similar", response_model=Answer)
    def similar(
        catalogue: Catalogue, track: TrackIds, unlike: OtherIds = None, k: K = 20, together: Together = 1.0
    ) -> dict[str, Any]:
        """The tracks nearest to one track, or to the mean of several."""
        return _answer(
            catalogue.similar(_known(catalogue, track), k, unlike=_known(catalogue, unlike or []), together=together)
        )

    @app.post("/api/similar", response_model=Answer, openapi_extra=UPLOAD)
    async def similar_to_file(
        request: Request, catalogue: Catalogue, k: K = 20, together: Together = 1.0
    ) -> dict[str, Any]:
        """The tracks nearest to an audio file, which is the request's body."""
        return _answer(await of_upload(request, catalogue, partial(catalogue.similar, k=k, together=together)))

    @app.post("/api/embed", response_model=Vector, openapi_extra=UPLOAD)
    async def embed(request: Request, catalogue: Catalogue) -> dict[str, list[float]]:
        """The vector of an audio file, which is the request's body."""

        def vector(file: Path) -> list[float]:
            [vector_D] = unisono.load(catalogue.encoder).embed(file)
            return vector_D.tolist()

        return {"vector": await of_upload(request, catalogue, vector)}

    @app.post("/api/continue", response_model=Continuation)
    def continue_(catalogue: Catalogue, playlist: Playlist, k: K = 20, together: Together = 1.0) -> dict[str, Any]:
        """The tracks that best continue a playlist."""
        return _answer(catalogue.continue_playlist(_known(catalogue, playlist.tracks), k, together=together))

    @app.get("/api/path", response_model=Answer)
    def path(
        catalogue: Catalogue,
        start: Annotated[str, Query(alias="from", description="The id of the first track.")],
        end: Annotated[str, Query(alias="to", description="The id of the last.")],
        k: Annotated[int, Query(ge=2, le=200, description="How many tracks, these two among them.")] = 10,
    ) -> dict[str, Any]:
        """Tracks that lead from one to another."""
        _known(catalogue, [start, end])
        return _answer(catalogue.path(start, end, k))

    @app.get("/api/search", response_model=Found)
    def search(catalogue: Catalogue, q: Words, k: K = 20) -> dict[str, Any]:
        """Tracks that are called so, and tracks that sound like the genres and words that the text names."""
        called = _answer(music.named(catalogue.model, q, k))["tracks"]
        try:
            found = catalogue.search(q, k)
        except UserError as error:
            return {"called": called, "sounds": [], "named": [], "detail": str(error)}
        named = [name for names in found.attrs.values() for name in names]
        return {"called": called, "sounds": _answer(found)["tracks"], "named": named, "detail": ""}

    @app.post("/api/m3u", response_class=M3u)
    def m3u(catalogue: Catalogue, playlist: Playlist) -> M3u:
        """A playlist as an M3U8 file, for a player of this machine."""
        return M3u(m3u_of(catalogue.playlist_of(_known(catalogue, playlist.tracks))))

    @app.get("/audio/{track:path}", response_class=FileResponse)
    def audio(catalogue: Catalogue, track: str) -> FileResponse:
        """A track's audio file."""
        file = catalogue.file_of(_known(catalogue, [track])[0])
        try:
            kind = soundfile.info(os.fsencode(file)).format
        except soundfile.LibsndfileError:
            kind = ""
        if kind not in MEDIA:  # what lies there now is not what was packed
            raise HTTPException(415, f"{track}: its file is no audio that a browser plays")
        return FileResponse(file, media_type=MEDIA[kind])

    @app.get("/mel/{track:path}", response_class=Png)
    def mel(catalogue: Catalogue, track: str) -> Png:
        """A picture of what the encoder is given of a track."""
        return Png(music.mel_picture(catalogue.model, _known(catalogue, [track])[0]))

    app.include_router(subsonic_router(music.catalogue(music.models[0])))
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    return app


def _known(catalogue: OpenCatalogue, track_ids: list[str]) -> list[str]:
    """The ids as they are; a title or a file, which a catalogue would take as well, is no id.

    Raises:
        HTTPException: 404, one is not of the catalogue.
    """
    rows = catalogue.tracks.index.get_indexer(pd.Index(track_ids, dtype=object))
    if (rows < 0).any():
        unknown = track_ids[int((rows < 0).argmax())]
        raise HTTPException(404, f"the catalogue has no track {unknown[:TEXT]!r}")
    return track_ids


def _answer(table: pd.DataFrame) -> dict[str, Any]:
    """An answer of the catalogue as JSON, best first."""
    columns = [name for name in ("title", "artist", "genres", "similarity", "votes") if name in table]
    if "similarity" in table:
        table = table.assign(similarity=table["similarity"].astype(float).round(6))
    return {"tracks": table[columns].rename_axis("id").reset_index().to_dict("records")}
