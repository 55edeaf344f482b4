"""Around every request: its id, one line in the log, the size of its body, and the headers that keep browsers safe."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 1_000_000
LARGE = {"/api/plans/import": 100_000_000}
"""Paths that take whole files, and how many bytes."""
ID_HEADER = "X-Request-ID"
log = logging.getLogger("fengqiao.access")


def request_id(request: Request) -> str:
    """The id under which the log knows this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


class Requests:
    """ASGI middleware: gives each request an id, logs it without its query, and answers what nobody has caught."""

    def __init__(self, app: ASGIApp, unexpected: Callable[[Request, Exception], Response]) -> None:
        self.app, self.unexpected = app, unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(ID_HEADER, "")
        identity = given if re.fullmatch(r"[\w.-]{8,64}", given, re.ASCII) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = identity
        status, begun = 0, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[ID_HEADER] = identity
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:  # noqa: BLE001 the last line of defence
            response = self.unexpected(Request(scope), error)
            if status == 0:
                await response(scope, receive, send_with_id)
        finally:
            milliseconds = (time.perf_counter() - begun) * 1000
            principal = scope["state"].get("principal")
            name = principal.name if principal is not None else "-"
            path = scope["path"].encode("unicode_escape").decode("ascii")
            log.info("%s %s %d %.0f ms %r %s", scope["method"], path, status, milliseconds, name, identity)


class BodyLimit:
    """ASGI middleware: refuses bodies of more than a million bytes, or of what `LARGE` allows, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        most = LARGE.get(scope["path"], MAX_BODY)
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most or not announced.isdecimal() or int(announced) > most:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)


class SafeHeaders:
    """ASGI middleware: tells browsers to load nothing from outside, to guess no types and to keep no data."""

    def __init__(self, app: ASGIApp, *, tile_origin: str | None, secure: bool) -> None:
        images = " ".join(["'self'", "data:", *([tile_origin] if tile_origin else [])])
        policy = {
            "default-src": "'self'",
            "img-src": images,
            "style-src": "'self'",
            "script-src": "'self'",
            "object-src": "'none'",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": "'none'",
        }
        self.app = app
        self.headers = {
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            # Without the origin, tile services that check it refuse; the path is nobody's business.
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }
        if secure:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                headers.setdefault("Cache-Control", _cache(scope["path"]))
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _cache(path: str) -> str:
    if path.startswith("/vendor/"):
        return "public, max-age=31536000, immutable"  # the version stands in the address
    return "no-cache" if path.startswith("/static/") else "private, no-store"
