"""OpenSubsonic's extension sonicSimilarity over the catalogue, for players and servers that ask it.

Whatever the question was, the answer has status 200 and says in its own terms what is wrong, as Subsonic's clients read
no other. Sources: https://opensubsonic.netlify.app/docs/endpoints/getSonicSimilarTracks, findSonicPath and
https://opensubsonic.netlify.app/docs/responses/error beside it.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query

from unisono.errors import UserError
from unisono.project.catalogue import OpenCatalogue

API = "1.16.1"  # the version of Subsonic's that OpenSubsonic extends
GENERIC, MISSING, NOT_FOUND = 0, 10, 70  # codes of Subsonic's errors
MOST = 500  # songs of an answer: a count is what is wanted at most
Count = Annotated[int, Query(ge=0, description=f"How many songs at most; never more than {MOST}.")]


def subsonic_router(catalogue: OpenCatalogue) -> APIRouter:
    """The routes below /rest, with and without .view, as JSON; who asks is not looked at.

    A match's similarity is from 0 to 1: half of one more than the cosine.
    """
    router = APIRouter(prefix="/rest", tags=["OpenSubsonic"])

    def unknown(*ids: str) -> dict[str, Any] | None:
        missing = [one for one in ids if one not in catalogue.tracks.index]
        return _failed(NOT_FOUND, f"the catalogue has no song {missing[0][:200]!r}") if missing else None

    @router.get("/ping")
    @router.get("/ping.view", include_in_schema=False)
    def ping() -> dict[str, Any]:
        """That the server is there."""
        return _ok()

    @router.get("/getOpenSubsonicExtensions")
    @router.get("/getOpenSubsonicExtensions.view", include_in_schema=False)
    def extensions() -> dict[str, Any]:
        """What of OpenSubsonic is answered here."""
        return _ok(openSubsonicExtensions=[{"name": "sonicSimilarity", "versions": [1]}])

    @router.get("/getSonicSimilarTracks")
    @router.get("/getSonicSimilarTracks.view", include_in_schema=False)
    def similar(id: str, count: Count = 10) -> dict[str, Any]:
        """The songs most like one."""
        return unknown(id) or _ok(sonicMatch=_matches(catalogue.similar(id, MOST)[:count]))

    @router.get("/findSonicPath")
    @router.get("/findSonicPath.view", include_in_schema=False)
    def path(startSongId: str, endSongId: str, count: Count = 25) -> dict[str, Any]:
        """Songs that lead from one to another, these two among them."""
        if failed := unknown(startSongId, endSongId):
            return failed
        try:
            return _ok(sonicMatch=_matches(catalogue.path(startSongId, endSongId, min(max(2, count), MOST))))
        except UserError as error:  # the two are one
            return _failed(GENERIC, str(error))

    return router


def refused(errors: Sequence[dict[str, Any]], wrong: str) -> dict[str, Any]:
    """What to answer to parameters that are missing or wrong: pydantic's errors, and the same in a sentence."""
    return _failed(MISSING if any(one["type"] == "missing" for one in errors) else GENERIC, wrong)


def _ok(**answer: Any) -> dict[str, Any]:
    return _response("ok", **answer)


def _failed(code: int, message: str) -> dict[str, Any]:
    return _response("failed", error={"code": code, "message": message})


def _response(status: str, **answer: Any) -> dict[str, Any]:
    head = {"status": status, "version": API, "type": "unisono", "serverVersion": version("unisono")}
    return {"subsonic-response": head | {"openSubsonic": True} | answer}


def _matches(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"entry": _child(str(track_id), row), "similarity": round((1 + float(row["similarity"])) / 2, 6)}
        for track_id, row in table.iterrows()
    ]


def _child(track_id: str, row: pd.Series) -> dict[str, Any]:
    child = {"id": track_id, "isDir": False, "title": row["title"] or track_id, "type": "music", "isVideo": False}
    if row["artist"]:
        child["artist"] = row["artist"]
    if row["genres"]:
        child |= {"genre": row["genres"][0], "genres": [{"name": name} for name in row["genres"]]}
    return child
