"""What keeps the page to the one who started it: no other site, no other name of this machine, no endless request."""

import asyncio
import re
from http import HTTPStatus

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?")
MAX_BODY, MAX_UPLOAD = 1 << 20, 64 << 20  # bytes: a playlist of 10,000 tracks; an audio file
BODY_SECONDS = 60.0  # by when a body has arrived
HEADERS = {
    # regl compiles its draw calls, hence unsafe-eval; nothing of a catalogue is ever put into code or markup
    "content-security-policy": "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self';"
    " img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """Middleware that refuses requests of other sites, and bodies that are too large or too slow.

    A site that a browser has open elsewhere can send requests here, or have its own name resolved to this machine (DNS
    rebinding): the first show in Origin and Sec-Fetch-Site, the second in Host. Programs send neither of the first two.

    Args:
        app: what is guarded.
        uploads: paths whose body may be as large as an audio file.
    """

    def __init__(self, app: ASGIApp, uploads: tuple[str, ...]) -> None:
        self.app = app
        self.uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers, limit = Headers(scope=scope), MAX_UPLOAD if scope["path"] in self.uploads else MAX_BODY
        refusal, status = _foreign(headers), HTTPStatus.FORBIDDEN
        if refusal is None and _declares_more(headers, limit):
            refusal, status = _too_large(limit), HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if refusal is not None:
            await JSONResponse({"detail": refusal}, status)(scope, receive, send_with_headers)
            return
        await self.app(scope, bounded(receive, limit), send_with_headers)


def bounded(receive: Receive, limit: int, seconds: float = BODY_SECONDS) -> Receive:
    """A body of at most `limit` bytes that arrives within `seconds` of the first look at it.

    Raises:
        HTTPException: on receiving; 413 or 408.
    """
    received, deadline, ended = 0, 0.0, False

    async def receive_some() -> Message:
        nonlocal received, deadline, ended
        if ended:  # only the client's leaving can come now, whenever that is
            return await receive()
        deadline = deadline or asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, f"the body took longer than {seconds:g} s") from None
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(limit))
        ended = not message.get("more_body", False)
        return message

    return receive_some


def _declares_more(headers: Headers, limit: int) -> bool:
    """Whether a request says that its body is larger, so that nobody has to wait for it."""
    declared = headers.get("content-length", "")
    return declared.isdecimal() and (len(declared) > len(str(limit)) or int(declared) > limit)


def _too_large(limit: int) -> str:
    return f"the body is over {limit:,} bytes"


def _foreign(headers: Headers) -> str | None:
    """Why a request is refused as another site's; None if it is not one."""
    host = headers.get("host", "")
    if not HOST.fullmatch(host):
        return "this page is for 127.0.0.1 alone"
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return "another site may not use this page"
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return "another site may not use this page"
    return None
