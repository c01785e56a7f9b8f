"""The service as an ASGI application: Starlette with a bundle in memory."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from sketchfit.allocator import return_large_blocks
from sketchfit.serving.bodies import drain
from sketchfit.serving.guard import CLIENT_GONE, Guard, refusal
from sketchfit.serving.refused import Refused
from sketchfit.serving.routes import routes
from sketchfit.serving.service import Service
from sketchfit.serving.settings import TOKEN, ServiceSettings


def create_app(settings: ServiceSettings, token: str | None = None) -> Starlette:
    """Open a bundle and return its service.

    Args:
        settings: of the service.
        token: bearer token that clients must send; None: none is needed.

    Raises:
        UserError: the bundle cannot be opened.
    """
    service = Service.open(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = Starlette(
        routes=routes(),
        lifespan=lifespan,
        middleware=[
            *_cors(settings),  # first: a browser's preflight has no token, and pages may read why they are refused
            Middleware(Guard, token=token, count=service.count_request, shared=bool(settings.origins)),
        ],
        exception_handlers={
            Refused: _refused,
            HTTPException: _not_found,
            ClientDisconnect: _client_gone,
            Exception: _failed,
        },
    )
    app.router.redirect_slashes = False  # a redirect would repeat what the client claims the host to be
    app.state.service = service
    return app


@dataclass(frozen=True)
class AppFactory:
    """Makes the application in each worker process; pickled on the way there.

    Attributes:
        settings: of the service.
    """

    settings: ServiceSettings

    def __call__(self) -> Starlette:
        """Return the application; the token is that of the environment. Logs are printed to standard error."""
        logging.basicConfig(format="%(levelname)s: %(message)s")
        return_large_blocks()
        return create_app(self.settings, os.environ.get(TOKEN) or None)


def _cors(settings: ServiceSettings) -> list[Middleware]:
    """Return what lets pages of other origins read answers; nothing by default."""
    if not settings.origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            max_age=600,
        )
    ]


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal(error)


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    await drain(request)
    refused = Refused(error.status_code, error.detail, close=request.method not in ("GET", "HEAD"))
    return JSONResponse({"error": refused.reason}, refused.status, {**(error.headers or {}), **refused.headers})


async def _client_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _failed(_request: Request, _error: Exception) -> Response:
    """Answer without the reason, which may hold paths; the server logs it."""
    return JSONResponse({"error": "the service failed; the reason is in its log"}, 500)
